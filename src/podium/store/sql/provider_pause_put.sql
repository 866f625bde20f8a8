-- A provider answers again at a time that it has said.
INSERT INTO provider_pause (agent, until, since_wall, until_wall, reason) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (agent) DO UPDATE SET until = excluded.until, until_wall = excluded.until_wall, reason = excluded.reason
