-- Providers that do not answer at this wall-clock time, and what they said.
SELECT agent, since_wall, until_wall, reason FROM provider_pause WHERE until_wall > ? ORDER BY agent
