-- What analysis found out about a project, unless it was given.
UPDATE project SET type = coalesce(type, ?), complexity = coalesce(complexity, ?) WHERE id = ?
