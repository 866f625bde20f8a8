-- Since when a project is paused; NULL when it is not.
UPDATE project SET paused_at = ? WHERE id = ?
