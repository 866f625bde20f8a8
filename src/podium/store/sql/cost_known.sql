-- Attempts whose cost is known, and what they cost together.
SELECT count(cost_usd), coalesce(sum(cost_usd), 0)
FROM attempt
