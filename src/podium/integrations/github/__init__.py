"""GitHub: what its deliveries set off here (`deliveries`), and how it is asked (`client`)."""
