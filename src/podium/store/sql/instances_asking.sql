-- Instances whose last job waits for a person's answer, with the review.
SELECT j.instance, max(r.id)
FROM review AS r
JOIN job AS j ON j.id = r.job
WHERE r.state = 'open' AND r.kind IN ('question', 'blocked') AND j.state = 'in_review'
GROUP BY j.instance
