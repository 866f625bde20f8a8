-- Which instance has a project's work in a workflow, as somebody assigned it: workflow -> instance, as JSON.
ALTER TABLE project ADD COLUMN assigned TEXT NOT NULL DEFAULT '{}';
