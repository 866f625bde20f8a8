"""Where attempts run: as detached programs on this machine, in this process, or by Podium's own hands."""
