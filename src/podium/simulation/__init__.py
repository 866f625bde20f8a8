"""The whole engine on virtual time: simulated agents, faults by seed, checkers all the way."""
