"""The Claude Code agent: one more program behind the command protocol, which drives the `claude` program.

It writes what the attempt was told into labelled files, starts the real program headless with its role's prompt and
tools, turns what that streams into log lines and spend, and judges the end. Nothing else of Podium knows Claude Code.
"""
