-- The nodes on this database: name, where, version, seconds since its last heartbeat, and the epoch it leads in, or 0.
SELECT n.name, n.url, n.version, extract(epoch FROM clock_timestamp() - n.seen)::float8,
  CASE WHEN l.node = n.name AND l.renewed > '-infinity' THEN l.epoch ELSE 0 END
FROM node AS n CROSS JOIN leader AS l
ORDER BY n.name
