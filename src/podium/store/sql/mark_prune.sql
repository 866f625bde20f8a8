-- Remove the marks of spans before one.
DELETE FROM mark WHERE span < ?
