"""SQL lives in files, one statement each, with a sentence above it."""

import ast
import re
import sqlite3

import pytest

from tests.tidy.source import ROOT, files, shipped

# A statement's opening: in capitals, or, in any case, with a second keyword that prose would not have.
SQL = re.compile(
    r"\s*(?:(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\s"
    r"|(?i:select\s.+\sfrom\s|insert\s+into\s|update\s\S+\sset\s|delete\s+from\s|create\s+(?:unique\s+)?(?:table|index)\s))",
    re.DOTALL,
)


def statements(text: str) -> list[str]:
    """Splits SQL at the semicolons that end a statement (not those in strings or a trigger's body)."""
    found, current = list[str](), ""
    for piece in re.split(r"(?<=;)", text):
        current += piece
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    rest = re.sub(r"--.*|/\*.*?\*/", "", current).strip()
    return found + ([rest] if rest else [])


def sql_strings(tree: ast.AST) -> list[int]:
    """The lines on which a string begins like a statement."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]


def test_a_file_holds_one_statement_below_its_sentence() -> None:
    texts = {n: (ROOT / n).read_text() for n in files() if re.fullmatch(r"src/podium/store/sql/.*\.sql", n)}
    silent = [name for name, text in texts.items() if not re.match(r"-- [A-Z].*\n", text)]
    assert not silent, f"begin these with a comment that says what they are for: {silent}"
    crowded = [name for name, text in texts.items() if len(statements(text)) != 1]
    assert not crowded, f"these must hold exactly one statement: {crowded}"


def test_no_sql_in_python() -> None:
    found = [f"{module.path}:{line}" for module in shipped() for line in sql_strings(module.tree)]
    assert not found, f"move these statements into files below src/podium/store/sql: {found}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("-- Nothing; at all.\n", 0),
        ("-- One; really.\nSELECT ';' FROM t", 1),
        ("SELECT 1; -- done", 1),
        ("SELECT 1; SELECT 2;", 2),
        ("SELECT 1; SELECT 2", 2),
        ("CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; DELETE FROM v; END;", 1),
    ],
)
def test_statements_are_counted(text: str, count: int) -> None:
    assert len(statements(text)) == count


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("'SELECT 1'", True),
        ("f'UPDATE {table} SET x = 1'", True),
        ("'''\\n  select id\\n  from job where x'''", True),
        ("'delete from job'", True),
        ("'Select a project, or create one.'", False),
        ("'Update the index'", False),
        ("'CREATED'", False),
    ],
)
def test_sql_is_told_from_prose(literal: str, found: bool) -> None:
    assert bool(sql_strings(ast.parse(literal))) is found
