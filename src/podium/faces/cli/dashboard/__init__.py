"""`podium dashboard`: Podium in a terminal, live; Textual is imported here and nowhere else (DSH-2)."""
