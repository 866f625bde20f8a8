-- The newest notices are kept: the one at that offset from the newest goes, and all before it.
DELETE FROM notice WHERE id <= (SELECT id FROM notice ORDER BY id DESC LIMIT 1 OFFSET ?)
