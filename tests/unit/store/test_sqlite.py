"""The embedded database's schema: scripts by number, none between others that a home has run already."""

from importlib import resources


def test_migrations_are_numbered_one_by_one_since_a_home_counts_them() -> None:
    names = sorted(entry.name for entry in resources.files("podium.store").joinpath("migrations").iterdir())
    numbers = [int(name.partition("_")[0]) for name in names if name.endswith(".sql")]
    assert numbers == list(range(1, len(numbers) + 1))
