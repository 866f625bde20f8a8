-- What an operator has said of a queue.
INSERT INTO queue_setting (queue, drained, strategy)
VALUES (?, ?, ?)
ON CONFLICT (queue) DO UPDATE SET drained = excluded.drained, strategy = excluded.strategy
