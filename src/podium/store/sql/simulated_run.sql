-- What came of a simulation called ?5 that began at ?1 and has gone on until ?2, with pools of ?4 (a JSON object) at first:
-- a JSON document. What half and what 95 % of the projects took at most (so far), of the jobs of each workflow how long they
-- waited, and for each of ?3 equal parts of the time how many jobs waited and how busy the instances were.
WITH RECURSIVE finish (at) AS (
  SELECT max(coalesce(ended_at, ?2)) FROM project
),
part (number, begun, over) AS (
  SELECT 0, ?1, ?1 + (at - ?1) / ?3 FROM finish
  UNION ALL
  SELECT number + 1, over, over + (at - ?1) / ?3 FROM part JOIN finish WHERE number + 1 < ?3
),
leased (queue, seconds, at) AS (
  SELECT j.queue, e.data ->> 'waited', e.at_wall
  FROM event AS e
  JOIN job AS j ON j.id = e.job
  WHERE e.type = 'job.leased'
),
span (queue, begun, over, waits, works, instances) AS (
  SELECT key, ?1, at, 0, 0, value FROM json_each(?4) JOIN finish
  UNION ALL
  SELECT queue, at - seconds, at, 1, 0, 0 FROM leased
  UNION ALL
  SELECT j.queue, a.leased_at, a.ended_at, 0, 1, 0 FROM attempt AS a JOIN job AS j ON j.id = a.job
  UNION ALL
  SELECT queue, leased_at, ?2, 0, 1, 0 FROM job WHERE state = 'running'
  UNION ALL
  SELECT data ->> 'workflow', at_wall, ?2, 0, 0, CASE data ->> 'action' WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END
  FROM event
  WHERE type = 'scaling.decided'
),
cut AS (
  SELECT s.*, p.number, (min(s.over, p.over) - max(s.begun, p.begun)) / (p.over - p.begun) AS share
  FROM part AS p
  JOIN span AS s ON s.begun < p.over AND s.over > p.begun
),
mean AS (
  SELECT
    queue, number, sum(waits * share) AS depth, sum(works * share) AS works, sum(instances * share) AS size
  FROM cut
  GROUP BY queue, number
),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY queue ORDER BY seconds) AS place, count(*) OVER (PARTITION BY queue) AS n
  FROM leased
),
waited AS (
  SELECT
    queue, max(CASE WHEN place = (n + 1) / 2 THEN round(seconds, 3) END) AS half,
    max(CASE WHEN place = (95 * n + 99) / 100 THEN round(seconds, 3) END) AS most
  FROM placed
  GROUP BY queue
),
flow AS (
  SELECT
    k.id, k.key AS name, avg(m.size) AS size,
    json_object(
      'instances', round(avg(m.size), 2), 'wait_p50_seconds', w.half, 'wait_p95_seconds', w.most,
      'utilization', round(sum(m.works) / max(sum(m.size), 1e-9), 3),
      'depth', json_group_array(round(m.depth, 2) ORDER BY m.number),
      'busy', json_group_array(round(min(1.0, m.works / max(m.size, 1e-9)), 3) ORDER BY m.number)
    ) AS told
  FROM mean AS m
  JOIN json_each(?4) AS k ON k.key = m.queue
  LEFT JOIN waited AS w ON w.queue = m.queue
  GROUP BY k.id
),
taken AS (
  SELECT
    state = 'complete' AS is_complete, coalesce(ended_at, ?2) - created_at AS seconds,
    row_number() OVER (ORDER BY coalesce(ended_at, ?2) - created_at) AS place, count(*) OVER () AS n
  FROM project
)
SELECT
  json_object(
    'setting', ?5, 'projects', count(*), 'unfinished', sum(NOT is_complete),
    'hours', round((max(at) - ?1) / 3600, 4), 'projects_per_hour', round(sum(is_complete) * 3600 / (max(at) - ?1), 3),
    'project_p50_seconds', max(CASE WHEN place = (n + 1) / 2 THEN round(seconds, 3) END),
    'project_p95_seconds', max(CASE WHEN place = (95 * n + 99) / 100 THEN round(seconds, 3) END),
    'instance_hours', round((SELECT sum(size) FROM flow) * (max(at) - ?1) / 3600, 2),
    'cost_usd', (SELECT round(sum(cost_usd), 4) FROM attempt),
    'queues', json((SELECT json_group_object(name, json(told) ORDER BY id) FROM flow))
  )
FROM taken
JOIN finish
