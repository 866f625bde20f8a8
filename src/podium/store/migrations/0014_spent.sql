-- What attempts have told of what they used up, summed up by instance, project and day, so that nobody has to add up rows.
CREATE TABLE spent (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd REAL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
INSERT INTO spent (kind, name, input_tokens, output_tokens, cost_usd)
SELECT 'instance', instance, sum(input_tokens), sum(output_tokens), sum(cost_usd)
FROM attempt
WHERE input_tokens IS NOT NULL
GROUP BY instance;
INSERT INTO spent (kind, name, input_tokens, output_tokens, cost_usd)
SELECT 'project', j.project, sum(a.input_tokens), sum(a.output_tokens), sum(a.cost_usd)
FROM attempt AS a JOIN job AS j ON j.id = a.job
WHERE a.input_tokens IS NOT NULL
GROUP BY j.project;
