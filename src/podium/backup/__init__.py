"""A home as one file, taken while it runs, and a home made from such a file (OPS-1)."""
