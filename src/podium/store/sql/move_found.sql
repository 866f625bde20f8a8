-- Whether anything has ever happened here.
SELECT 1 FROM event LIMIT 1
