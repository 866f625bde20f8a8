"""Reads a requirement document as an outline: sections, paragraphs, list items with what is nested in them.

Markdown is parsed into a real syntax tree, so code blocks, quotes and HTML never look like requirements.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode


@dataclass(frozen=True, slots=True)
class Entry:
    """One list item: its own first paragraph, the paragraphs after it, and the items nested in it."""

    text: str
    lead: str
    """The bold words that begin the text, if any: the author's own short title."""
    paragraphs: tuple[str, ...]
    nested: tuple[str, ...]


@dataclass(slots=True)
class Section:
    """A heading and what follows it, up to the next one; level 0 is what comes before the first heading."""

    level: int
    heading: str
    paragraphs: list[str] = field(default_factory=list[str])
    entries: list[Entry] = field(default_factory=list[Entry])


def outline(text: str) -> list[Section]:
    """Return the document's sections in order; the first is always the one before any heading."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(_without_front_matter(text)))
    sections = [Section(0, "")]
    for block in tree.children:
        if block.type == "heading":
            sections.append(Section(int(block.tag[1:]), _text(block)))
        elif block.type == "paragraph":
            sections[-1].paragraphs.append(_text(block))
        elif block.type in {"bullet_list", "ordered_list"}:
            sections[-1].entries.extend(_entry(item) for item in block.children)
    return sections


def _without_front_matter(text: str) -> str:
    # CommonMark would read `title: x` above `---` as a heading.
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    return text if end < 0 else text[end + 5 :]


def _entry(item: SyntaxTreeNode) -> Entry:
    paragraphs = [child for child in item.children if child.type in {"paragraph", "heading"}]
    lists = [child for child in item.children if child.type in {"bullet_list", "ordered_list"}]
    texts = [_text(paragraph) for paragraph in paragraphs]
    return Entry(
        text=_without_checkbox(texts[0]) if texts else "",
        lead=_lead(paragraphs[0]) if paragraphs else "",
        paragraphs=tuple(texts[1:]),
        nested=tuple(line for nested in lists for line in _nested_lines(nested.children)),
    )


def _nested_lines(items: Sequence[SyntaxTreeNode]) -> Iterator[str]:
    for item in items:
        for child in item.children:
            if child.type == "paragraph":
                yield _without_checkbox(_text(child))
            elif child.type in {"bullet_list", "ordered_list"}:
                yield from _nested_lines(child.children)


def _without_checkbox(text: str) -> str:
    return text[4:] if text[:4].lower() in {"[ ] ", "[x] "} else text


def _lead(paragraph: SyntaxTreeNode) -> str:
    """Return the bold words at the very start, after a checkbox if there is one."""
    for node in _inline(paragraph):
        if node.type == "strong":
            return _text(node).strip().rstrip(":.")
        if node.type != "text" or _without_checkbox(node.content).strip():
            return ""
    return ""


def _inline(block: SyntaxTreeNode) -> Sequence[SyntaxTreeNode]:
    return block.children[0].children if block.children and block.children[0].type == "inline" else ()


def _text(node: SyntaxTreeNode) -> str:
    """Return the plain words of a node, without markup and without raw HTML."""
    if node.type in {"text", "code_inline"}:
        return node.content
    if node.type in {"softbreak", "hardbreak"}:
        return " "
    return "".join(_text(child) for child in node.children)
