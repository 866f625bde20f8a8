"""The small detached program that owns one attempt's agent, so that an attempt outlives the orchestrator."""
