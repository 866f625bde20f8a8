-- Who did what of that which a job merges, as rows of a table: step, instance, attempts, US dollars, the last words; these
-- are an agent's, and stand as code: they name nobody, and close no issue.
SELECT printf('| %s | %s | %d | $%.2f | %s |', one.step, one.instance, count(*), total(a.cost_usd), (
  SELECT coalesce('`' || nullif(trim(substr(replace(replace(replace(replace(
    summary, '|', '/'), '`', ''''), char(10), ' '), char(13), ' '), 1, 200)), '') || '`', '')
  FROM attempt WHERE job = one.id ORDER BY number DESC LIMIT 1))
FROM job AS merge
JOIN job AS one ON one.project = merge.project AND one.workflow = merge.workflow AND one.item = merge.item
JOIN attempt AS a ON a.job = one.id
WHERE merge.id = ?
GROUP BY one.id, one.step, one.instance
ORDER BY one.id
