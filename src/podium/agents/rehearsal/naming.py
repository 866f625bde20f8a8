"""Names for features, modules, tests and packages: ASCII, unique, and legal wherever they are used."""

import keyword
import re
import sys
import zlib

from podium.agents.rehearsal import prose

KEY_CHARS_MAX = 60
PACKAGE_CHARS_MAX = 40
_NUMBER_DIGITS_MIN = 3
# Tests live beside the package on the same path, so their names are taken.
_TAKEN_PACKAGES = frozenset({"tests", "test", "src", "docs", "podium"})


def feature_key(number: int, title: str, last_number: int) -> str:
    """Return a key such as `003-greet-by-name`; the number makes it unique in whatever script."""
    digits = max(_NUMBER_DIGITS_MIN, len(str(last_number)))
    prefix = f"{number:0{digits}d}-"
    return prefix + (prose.slug(title, KEY_CHARS_MAX - len(prefix)) or "feature")


def feature_number(key: str) -> int | None:
    """Return the number that a key begins with."""
    found = re.match(r"[0-9]+", key)
    return int(found[0]) if found else None


def _identifier(key: str) -> str:
    # A key of some other agent's making may have no Latin letter at all; the checksum still names it.
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_") or f"{zlib.crc32(key.encode()):08x}"


def feature_module(key: str) -> str:
    """Return the module that implements the feature, such as `f003_greet_by_name`."""
    identifier = _identifier(key)
    return f"f{identifier}" if identifier[0].isdigit() else f"f_{identifier}"


def test_module(key: str) -> str:
    """Return the module that tests the feature, such as `test_003_greet_by_name`."""
    return f"test_{_identifier(key)}"


def class_name(key: str) -> str:
    """Return a class name for the feature's tests, such as `Test003GreetByName`."""
    return "Test" + "".join(part.capitalize() for part in _identifier(key).split("_"))


def package_name(title: str) -> str:
    """Return an importable package name that shadows nothing of Python's own."""
    name = prose.slug(title, PACKAGE_CHARS_MAX).replace("-", "_") or "project"
    if name[0].isdigit():
        name = f"project_{name}"
    shadows = name in sys.stdlib_module_names or name in _TAKEN_PACKAGES
    return f"{name}_app" if shadows or keyword.iskeyword(name) or keyword.issoftkeyword(name) else name
