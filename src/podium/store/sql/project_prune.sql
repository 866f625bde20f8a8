-- From now on a project is only a summary; say whether rows of it are still to go.
UPDATE project SET pruned_at = coalesce(pruned_at, ?), has_rows = ?, brief = '' WHERE id = ?
