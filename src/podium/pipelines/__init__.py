"""The pipeline files that ship with Podium, as package data."""
