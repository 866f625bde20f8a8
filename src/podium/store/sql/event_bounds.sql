-- Where the log begins and ends; two zeros when it is empty.
SELECT coalesce((SELECT min(seq) FROM event), 0), coalesce((SELECT max(seq) FROM event), 0)
