"""Virtual time for the whole engine; tests/simulation plays its world on it, with faults by seed and checkers."""
