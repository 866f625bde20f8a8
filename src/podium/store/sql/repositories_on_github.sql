-- The repositories of Podium's making, as `owner/name`, the newest first: their keys lie between `gh:@` and `gh:A`.
SELECT substr(key, 5) FROM outside WHERE key > 'gh:@' AND key < 'gh:A' ORDER BY at_wall DESC LIMIT ?
