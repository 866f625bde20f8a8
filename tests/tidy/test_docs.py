"""Links in the documents lead somewhere, and no file names the machine it was written on."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.tidy.source import ROOT, files

INDEX_HOSTS = {"pypi.org", "files.pythonhosted.org"}
MACHINE_PATHS = re.compile(rf"(?<![\w.~$}}/-])(?:/(?:work|root)/|{re.escape(str(ROOT))}(?!\w))")


def tokens(text: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def links(text: str) -> Iterator[str]:
    """The targets of links and images that stay within the repository."""
    for token in tokens(text):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and not urlsplit(target).scheme:
            yield unquote(target)


@cache
def anchors(text: str) -> set[str]:
    """The names under which a document's headings can be linked to, as GitHub makes them."""
    parsed = MarkdownIt("commonmark").parse(text)
    headings = [after.content for before, after in pairwise(parsed) if before.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(name: str, target: str) -> bool:
    path, _, anchor = target.partition("#")
    document = ROOT / PurePosixPath(name).parent / path if path else ROOT / name
    if not document.exists():
        return True
    return bool(anchor) and document.suffix == ".md" and anchor not in anchors(document.read_text())


def test_links_lead_somewhere() -> None:
    documents = [name for name in files() if re.fullmatch(r"([^/]+|(docs|plugins)/.*)\.md", name)]
    assert "README.md" in documents
    dead = [
        f"{name}: {target}" for name in documents for target in links((ROOT / name).read_text()) if broken(name, target)
    ]
    assert not dead


def test_no_file_names_this_machine() -> None:
    found = [name for name in files() if MACHINE_PATHS.search(text_of(ROOT / name))]
    assert not found, f"absolute paths of a machine in {found}"


def test_lock_file_names_only_the_public_index() -> None:
    hosts = {match[1] for match in re.finditer(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text())}
    assert hosts == INDEX_HOSTS


def text_of(path: Path) -> str:
    """A file's text; that of a binary file is empty."""
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode(errors="replace")


def test_links_are_found_outside_code() -> None:
    text = "[a](b.md#c) `[x](y.md)` ![i](i.png)\n\n[e](https://example.com)\n\n| t |\n|---|\n| [d](d.md) |\n"
    assert list(links(text)) == ["b.md#c", "i.png", "d.md"]


def test_broken_links_are_told() -> None:
    assert broken("README.md", "nowhere.md")
    assert broken("README.md", "#no-such-heading")
    assert not broken("docs/tidy.md", "../README.md")
    assert anchors("# Ten `rules`, no more!\n") == {"ten-rules-no-more"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /{}/main/x", True),
        ("cwd={}/y", True),
        ("src/{}/x", False),
        ("https://example.com/{}/x", False),
        ("$HOME/{}/x", False),
    ],
)
def test_machine_paths_are_told_from_relative_ones(text: str, found: bool) -> None:
    word = str(ROOT) if text.startswith("cwd") else "work"
    assert bool(MACHINE_PATHS.search(text.format(word))) is found
