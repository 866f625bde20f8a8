-- A migration was made.
INSERT INTO schema_version (version) VALUES (?)
