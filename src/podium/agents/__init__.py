"""Adapters for the coding agents that Podium conducts; each speaks one agent's own protocol."""
