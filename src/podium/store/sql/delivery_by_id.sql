-- One delivery as its laws need it.
SELECT webhook, state, attempts FROM delivery WHERE id = ?
