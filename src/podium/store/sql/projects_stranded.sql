-- Open projects, among the first so many, in which no chain stands anywhere from where it could move: a defect.
SELECT id
FROM (
  SELECT p.id, (SELECT sum(CAST(n.value AS BIGINT)) FROM workflow AS w, json_each(w.counts) AS n WHERE w.project = p.id) AS standing
  FROM project AS p
  WHERE p.state = 'open'
  ORDER BY p.id
  LIMIT ?) AS found
WHERE standing = 0
