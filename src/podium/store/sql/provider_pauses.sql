-- Until when providers do not answer (steady seconds), by the agent that asked.
SELECT agent, until FROM provider_pause
