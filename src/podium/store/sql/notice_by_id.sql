-- Whether there is such a notice, and whether it is settled.
SELECT settled_wall FROM notice WHERE id = ?
