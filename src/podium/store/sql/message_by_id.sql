-- Whom a message is for, and whether somebody has acknowledged it for everybody.
SELECT address, project, closed_at FROM message WHERE id = ?
