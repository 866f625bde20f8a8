"""Every verb of Podium, each defined once: the command line, REST, MCP and slash commands are derived from these."""
