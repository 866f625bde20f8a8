"""Virtual time for the whole engine.

`podium simulate` asks it what other pools and policies would do (`scenario`, `play`); tests/simulation plays a world
with faults by seed and checkers on the same loop.
"""
