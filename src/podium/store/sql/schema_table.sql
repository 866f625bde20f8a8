-- Which schema this is.
CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)
