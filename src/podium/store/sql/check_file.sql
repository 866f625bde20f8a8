-- What SQLite finds wrong in the file: pages, order, indexes that disagree with their tables.
SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT ?1
