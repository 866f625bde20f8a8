"""Podium conducts many coding agents in parallel along one pipeline: Genesis, Development, Content, Review."""

__version__ = "0.1.0"
