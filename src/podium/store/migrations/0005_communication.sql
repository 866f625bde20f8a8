-- What leaves a transaction besides its changes: messages to instances, notices for people, deliveries to webhooks.

-- `id` is the number of its event in the log; `project` is empty when it is about none.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  address TEXT NOT NULL,
  project TEXT NOT NULL,
  sender TEXT NOT NULL,
  text TEXT NOT NULL,
  sent_at REAL NOT NULL,
  sent_wall REAL NOT NULL,
  closed_at REAL
);
CREATE INDEX message_box ON message (address, project, id);
CREATE INDEX message_age ON message (sent_at);

-- Who has read what; a message to many has one for each.
CREATE TABLE receipt (
  message INTEGER NOT NULL,
  instance TEXT NOT NULL,
  at_wall REAL NOT NULL,
  PRIMARY KEY (message, instance)
) WITHOUT ROWID;
CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN DELETE FROM receipt WHERE message = OLD.id; END;

CREATE TABLE notice (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  project TEXT NOT NULL,
  job INTEGER NOT NULL,
  needs_you INTEGER NOT NULL,
  text TEXT NOT NULL,
  at_wall REAL NOT NULL,
  settled_wall REAL,
  settled_by TEXT
);
CREATE INDEX notice_open ON notice (id) WHERE settled_wall IS NULL;

-- The outbox. `event` is the event as JSON, so that it can be sent when the log has forgotten it.
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL,
  event TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at REAL NOT NULL,
  made_wall REAL NOT NULL,
  ended_wall REAL,
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX delivery_due ON delivery (webhook, due_at) WHERE state = 'pending';
CREATE INDEX delivery_ended ON delivery (id) WHERE state <> 'pending';

-- Webhooks whose receiver has said that it is gone; a replay takes the mark away.
CREATE TABLE webhook_disabled (webhook TEXT PRIMARY KEY, at_wall REAL NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
