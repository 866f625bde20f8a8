-- Remove some waiting times older than an hour.
DELETE FROM wait WHERE (queue, hour, bucket) IN (SELECT queue, hour, bucket FROM wait WHERE hour < ? LIMIT ?)
