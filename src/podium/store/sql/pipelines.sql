-- The pipelines that projects were started with.
SELECT text FROM pipeline
