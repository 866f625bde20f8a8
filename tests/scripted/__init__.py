"""Real coding agents, driven offline by a scripted model.

A script is a function from what was asked to an answer: words, tool calls, or trouble; see `tests.scripted.script`.
"""
