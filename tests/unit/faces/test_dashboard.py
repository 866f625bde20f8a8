"""The dashboard's parts that need no browser: forms from inputs, timelines, pages of a log."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from podium.faces.web import logs
from podium.faces.web.render import environment, fields_of, timeline
from podium.faces.web.screens import SCREENS
from podium.operations.catalogue import REGISTRY
from podium.operations.instances import LogFile, LogsOutput
from podium.operations.jobs import JobRow

LINES = 1_000_000


def job(number: int, **more: Any) -> JobRow:
    row: dict[str, Any] = dict.fromkeys(JobRow.model_fields, "") | {"id": number, "state": "passed", "attempt": 1}
    row |= {"failures": 0, "reworks": 0, "blockers": 0, "ready_at": 10.0, "leased_at": 12.0, "ended_at": 20.0}
    return JobRow(**row | more)


def test_a_timeline_spans_from_the_first_wait_to_the_last_end() -> None:
    drawn = timeline([job(1), job(2, ready_at=20.0, leased_at=20.0, ended_at=30.0), job(3, state="waiting")], 99.0)
    assert drawn is not None
    assert [bar.job.id for bar in drawn.bars] == [1, 2]
    first, second = drawn.bars
    unit = 900.0 / 89  # from 10 to 99: a job that still waits keeps the axis running
    assert first.waits == (0.0, pytest.approx(2 * unit))
    assert first.runs == (pytest.approx(2 * unit), pytest.approx(8 * unit))
    assert second.runs is not None
    assert sum(second.runs) == pytest.approx(20 * unit)
    assert timeline([job(1, state="waiting")], 1.0) is None


def test_every_write_has_a_form_and_no_field_is_forgotten() -> None:
    template = environment().get_template("form.html")
    for operation in REGISTRY.values():
        if operation.safety != "read":
            names = list(operation.input.model_json_schema()["properties"])
            given = {names[0]: 'a "quoted" <one>'} if names else {}
            shown = template.render(operation=operation, fields=fields_of(operation, given), touched=None)
            for name in names:
                assert shown.count(f'name="{name}"') == 1, (operation.name, name)
            assert "<one>" not in shown


def test_every_screen_asks_only_what_exists() -> None:
    asked = {ask.operation for screen in SCREENS for ask in screen.asks}
    assert asked <= set(REGISTRY)
    assert all(REGISTRY[name].safety == "read" for name in asked)
    assert len({screen.key for screen in SCREENS if screen.key}) == sum(bool(screen.key) for screen in SCREENS)


def found(path: Path) -> LogsOutput:
    return LogsOutput(files=[LogFile(attempt="p/1.a1", instance="dev-01", path=str(path), running=True)], not_kept=0)


def test_a_million_lines_are_read_a_page_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "messages.ndjson"
    path.write_bytes(b"".join(b'{"type":"log","text":"line %d"}\n' % n for n in range(LINES)))
    newest = asyncio.run(logs.page(found(path), {}))
    assert newest is not None
    assert newest.lines[-1] == ("", "log", f"line {LINES - 1}")
    assert newest.end - newest.start <= logs.PAGE_BYTES
    before = asyncio.run(logs.page(found(path), {"before": str(newest.start)}))
    assert before is not None
    first = int(newest.lines[0][2].split()[1])
    assert before.lines[-1][2] == f"line {first - 1}", "no line is missed between two pages"
    one = asyncio.run(logs.page(found(path), {"find": "LINE 777777"}))
    assert one is not None
    assert "line 777777" in [words for _, _, words in one.lines]


def test_a_line_longer_than_a_page_ends_no_search(tmp_path: Path) -> None:
    path = tmp_path / "messages.ndjson"
    path.write_text(f'{{"text":"first"}}\n{{"text":"{"x" * 3 * logs.PAGE_BYTES}"}}\n')
    page = asyncio.run(logs.page(found(path), {"find": "first"}))
    assert page is not None
    assert "first" in [words for _, _, words in page.lines]
    newest = asyncio.run(logs.page(found(path), {}))
    assert newest is not None
    assert newest.lines


def test_a_log_that_is_not_there_yet_is_an_empty_page(tmp_path: Path) -> None:
    page = asyncio.run(logs.page(found(tmp_path / "nothing"), {"before": "12x"}))
    assert page is not None
    assert page.lines == []
