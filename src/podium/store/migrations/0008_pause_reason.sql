-- Why a project is paused, and who said so, for whoever looks at it hours later.
ALTER TABLE project ADD COLUMN paused_because TEXT;
