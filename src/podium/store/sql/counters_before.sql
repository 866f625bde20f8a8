-- How many hourly counters and waiting times are older than an hour.
SELECT (SELECT count(*) FROM hourly WHERE hour < ?1), (SELECT count(*) FROM wait WHERE hour < ?1)
