-- Keep the text of a pipeline that a project starts with.
INSERT INTO pipeline (digest, text)
SELECT
  unnest(?::text[]), unnest(?::text[])
ON CONFLICT DO NOTHING
