"""The documented diagrams are the tables."""

import pytest

from tools.lifecycle_docs import FILE, draw


@pytest.mark.requirement("PIP-1")
def test_the_lifecycle_page_is_drawn_from_the_tables() -> None:
    assert FILE.read_text("utf-8") == draw(), "run .venv/bin/python tools/lifecycle_docs.py"
