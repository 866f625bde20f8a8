-- Open projects without their pipeline or document, those that neither wait for room nor have begun, and ended ones that
-- wait for it.
SELECT 'the project ' || p.id || ' has no pipeline ' || p.pipeline
FROM project AS p
WHERE p.state = 'open' AND NOT EXISTS (SELECT 1 FROM pipeline AS l WHERE l.digest = p.pipeline)
UNION ALL
SELECT 'the project ' || p.id || ' has no document'
FROM project AS p
WHERE p.state = 'open' AND NOT EXISTS (SELECT 1 FROM document AS d WHERE d.project = p.id)
UNION ALL
SELECT 'the project ' || p.id || ' has no run of a workflow and waits for no room'
FROM project AS p
WHERE p.state = 'open' AND NOT EXISTS (SELECT 1 FROM workflow AS w WHERE w.project = p.id)
  AND NOT EXISTS (SELECT 1 FROM input AS i WHERE i.project = p.id)
UNION ALL
SELECT 'the project ' || p.id || ' waits for room although it is ' || p.state
FROM project AS p
JOIN input AS i ON i.project = p.id
WHERE p.state <> 'open'
LIMIT ?1
