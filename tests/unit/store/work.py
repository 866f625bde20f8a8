"""How much work the database does for a question, in steps of its virtual machine: the same on every machine."""

from collections.abc import Callable

from podium.store.sqlite import SqliteStore


def steps(store: SqliteStore, do: Callable[[], object]) -> int:
    """The steps that `do` takes, to the nearest ten."""
    count = 0

    def tick() -> bool:
        nonlocal count
        count += 10
        return False

    store.connection.set_progress_handler(tick, 10)
    try:
        do()
    finally:
        store.connection.set_progress_handler(None)
    return count
