"""The shared-state tree: the truth mirrored as JSON files that any program can read (STA-1)."""
