"""Several orchestrators on one database: which of them leads, and what the others do."""
