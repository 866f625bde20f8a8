-- What is known of one thing outside.
SELECT about, project, kind FROM outside WHERE key = ?
