-- The embedded store's tables, parents before children: name, columns, and the columns that its rows are ordered by.
SELECT m.name, string_agg(c.name, ', ' ORDER BY c.cid),
  CASE m.name WHEN 'instance' THEN 'rowid' ELSE string_agg(c.name, ', ' ORDER BY c.pk) FILTER (WHERE c.pk > 0) END
FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
GROUP BY m.name
ORDER BY min(m.rowid)
