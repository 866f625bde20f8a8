-- Begin an epoch, if the last one's leader has not renewed its lease for so many seconds.
UPDATE leader SET epoch = epoch + 1, node = ?1, url = ?2, renewed = clock_timestamp()
WHERE node = ?1 OR renewed < clock_timestamp() - make_interval(secs => ?3)
RETURNING epoch
