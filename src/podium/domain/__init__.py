"""Values and laws: imports nothing of ours, does no I/O but for the tables beside it, reads no clock."""
