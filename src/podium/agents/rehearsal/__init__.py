"""The rehearsal agent: a separate, offline, deterministic program that plays every step of the pipeline.

It is boilerplate in wit and real in every action: real files, real commits, real tests in real git clones.
Run it as `python -m podium.agents.rehearsal`; `protocol` tells how it is called and what it answers.
"""
