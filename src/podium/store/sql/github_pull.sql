-- What a job merges: its number, its feature's key, and that feature's title, or what is given where there is none.
SELECT coalesce(max(j.id), 0), coalesce(max(j.item), ''), coalesce(max(nullif(a.data ->> 'title', '')), max(a.key), ?2)
FROM job AS j
LEFT JOIN artifact AS a ON a.project = j.project AND a.kind = 'issue' AND a.key = j.item
WHERE j.id = ?1
