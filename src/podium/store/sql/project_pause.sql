-- Since when a project is paused, and why; NULL when it is not.
UPDATE project SET paused_at = ?, paused_because = ? WHERE id = ?
