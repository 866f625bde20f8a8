"""The public test kit: real coding agents, driven offline by a scripted model (docs/testing-kit.md)."""
