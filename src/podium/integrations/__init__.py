"""What joins Podium to programs that know nothing of it; each integration may be missing without harm to the engine."""
