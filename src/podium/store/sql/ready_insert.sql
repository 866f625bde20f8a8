-- A job that lacks nothing but an instance.
INSERT INTO ready (queue, lane, rank, job) VALUES (?, ?, ?, ?)
