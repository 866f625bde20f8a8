-- Messages that are too old to be delivered go.
DELETE FROM message WHERE sent_at <= ?
