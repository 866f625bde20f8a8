-- A piece of content on its way to a channel may be a draft, which waits for an approval; the rest is as it was.
CREATE TABLE delivery_next (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL,
  event TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('draft', 'pending', 'done', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at REAL NOT NULL,
  made_wall REAL NOT NULL,
  ended_wall REAL,
  detail TEXT NOT NULL DEFAULT ''
);
INSERT INTO delivery_next SELECT id, key, webhook, event, state, attempts, due_at, made_wall, ended_wall, detail FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_next RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (webhook, due_at) WHERE state = 'pending';
CREATE INDEX delivery_ended ON delivery (id) WHERE state IN ('done', 'dead');
