-- What the merge with such a key is there: its commit's id.
SELECT about ->> 'sha' FROM outside WHERE key LIKE ? AND about ->> 'sha' IS NOT NULL
