"""What may happen: the closed list of the types of events in the append-only log."""

from typing import Final

from podium.tables import beside

_KINDS: Final = beside(__file__)
DOCUMENTED: Final = ("genesis_complete", "development_milestone")
"""The events whose data is a documented payload, verbatim (EVT-3)."""
TYPES: Final = frozenset({f"{kind}.{what}" for kind, all_ in _KINDS.items() for what in all_} | {*DOCUMENTED})
"""Every event type; the store refuses another (a misspelt event is one that no subscriber hears)."""
