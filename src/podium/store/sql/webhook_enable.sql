-- A webhook is tried again.
DELETE FROM webhook_disabled WHERE webhook = ?
