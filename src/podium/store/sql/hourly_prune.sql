-- Remove some counters older than an hour.
DELETE FROM hourly WHERE (metric, hour) IN (SELECT metric, hour FROM hourly WHERE hour < ? LIMIT ?)
