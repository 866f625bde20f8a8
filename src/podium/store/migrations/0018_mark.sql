-- What the counters of an hour had come to as each five minutes of it began (`span`: their number since the epoch), so
-- that the last hour is known more finely at no cost to the work; waits stand as `wait.QUEUE` by bucket of the sketch.
-- The row without a name tells that the span was noted. And counters are found by their hour, however many there are.
CREATE TABLE mark (span INTEGER NOT NULL, metric TEXT NOT NULL, bucket INTEGER NOT NULL, n INTEGER NOT NULL, total REAL NOT NULL, PRIMARY KEY (span, metric, bucket)) WITHOUT ROWID;
CREATE INDEX hourly_by_hour ON hourly (hour);
CREATE INDEX wait_by_hour ON wait (hour);
