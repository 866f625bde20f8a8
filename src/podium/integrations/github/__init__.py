"""GitHub: what its deliveries set off here (`deliveries`), and what Podium keeps there (`mirror`)."""
