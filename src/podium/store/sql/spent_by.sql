-- What each instance, or each day from one on, has used up.
SELECT name, input_tokens, output_tokens, cost_usd
FROM spent
WHERE kind = ? AND name >= ?
ORDER BY name
