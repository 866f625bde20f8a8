"""Pure decisions: each module answers one question from a snapshot and returns a value that carries its reason."""
