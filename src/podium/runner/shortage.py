"""Tells trouble of the machine, which passes, from trouble of the attempt: work waits for it and nobody is charged."""

import errno

ERRNOS = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)  # EAGAIN: no more processes
)
TEXTS = ("No space left on device", "Disk quota exceeded", "Cannot allocate memory", "Too many open files")
"""What git, under LC_ALL=C, says of the same."""


def is_shortage(error: OSError) -> bool:
    """Whether the machine lacks space, memory, descriptors or processes."""
    return error.errno in ERRNOS


def is_said(text: str) -> bool:
    """Whether a program's complaint is about such a lack."""
    return any(known in text for known in TEXTS)
