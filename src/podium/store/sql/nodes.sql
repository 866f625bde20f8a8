-- A home's own database has no nodes beside the orchestrator that has it open.
SELECT '', '', '', 0.0, 0 WHERE false
