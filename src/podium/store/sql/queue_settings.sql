-- What operators have said of queues.
SELECT queue, drained, strategy
FROM queue_setting
ORDER BY queue
