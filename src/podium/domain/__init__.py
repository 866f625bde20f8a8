"""Values and laws: imports nothing of ours, does no I/O, reads no clock."""
