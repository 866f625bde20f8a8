-- The waiting-time sketches of all queues, hour by hour.
SELECT queue, hour, bucket, n FROM wait WHERE hour >= ?
