-- The job whose work is outside: by its number (?2, of a branch's name) in the repository of its project (?1) or in one
-- that it works on (`gh:+`), or by what is known of an issue or a pull request (?3). In the order of the `Job` record.
SELECT id, project, workflow, step, item, queue, lane, state, blockers, attempt, failures, reworks, priority,
  rank, ready_at, leased_at, instance, avoid, routed
FROM job
WHERE id = CASE WHEN ?2 > 0 THEN ?2 ELSE (SELECT CAST(about ->> 'job' AS BIGINT) FROM outside WHERE key = ?3) END
  AND (?2 = 0 OR project = (SELECT project FROM outside WHERE key = ?1) OR ?1 = (
    SELECT 'gh:@' || lower(about ->> 'name') FROM outside WHERE key = 'gh:+' || job.project))
