"""One statement per file, one sentence above it."""
