"""Five MCP servers, derived from the operations: what a coding agent needs to see, and to be, the orchestrator."""
