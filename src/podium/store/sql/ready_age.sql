-- How long what is ready in a queue has been so, on average; of more than a thousand, a thousand are looked at.
SELECT avg(? - j.ready_at)
FROM (SELECT job FROM ready WHERE queue = ? LIMIT 1000) AS r
JOIN job AS j ON j.id = r.job
