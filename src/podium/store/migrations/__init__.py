"""Numbered SQL scripts, applied in order, each in its own transaction; a killed migration starts over."""
