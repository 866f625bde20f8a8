-- Add to what an instance or a day has used up; a cost that nobody tells stays unknown.
INSERT INTO spent (kind, name, input_tokens, output_tokens, cost_usd)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (kind, name) DO UPDATE SET
  input_tokens = spent.input_tokens + excluded.input_tokens, output_tokens = spent.output_tokens + excluded.output_tokens,
  cost_usd = CASE WHEN excluded.cost_usd IS NULL THEN spent.cost_usd
    ELSE coalesce(spent.cost_usd, 0.0) + excluded.cost_usd END
