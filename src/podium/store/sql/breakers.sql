-- Every circuit breaker that is not whole.
SELECT name, tokens, openings, until, reason, since_wall, until_wall FROM breaker
WHERE tokens < 10 OR until > 0
ORDER BY name
