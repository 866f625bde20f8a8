"""The thin faces of Podium, each derived from the operations."""
