-- The repositories that Podium has to do with, as `owner/name`, the newest first: those of its making, whose keys lie
-- between `gh:@` and `gh:A`, and others (`gh:+`), each with the time since when.
SELECT name, since
FROM (
  SELECT substr(key, 5) AS name, '' AS since, at_wall FROM outside WHERE key > 'gh:@' AND key < 'gh:A'
  UNION ALL
  SELECT lower(about ->> 'name'), min(about ->> 'since'), max(at_wall)
  FROM outside
  WHERE key > 'gh:+' AND key < 'gh:,' AND about ->> 'since' <> ''
  GROUP BY lower(about ->> 'name')) AS found
ORDER BY at_wall DESC
LIMIT ?
