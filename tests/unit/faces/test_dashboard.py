"""The dashboard's parts that need no browser: forms from inputs, timelines, lines of a log."""

from typing import Any

import pytest

from podium.faces.web.render import environment, fields_of, timeline
from podium.faces.web.routes import SCREENS
from podium.operations.catalogue import REGISTRY
from podium.operations.jobs import JobRow


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
    asked = {ask.operation or ask.name for screen in SCREENS for ask in screen.asks}
    assert asked <= set(REGISTRY)
    assert all(REGISTRY[name].safety == "read" for name in asked)
    assert len({screen.key for screen in SCREENS if screen.key}) == sum(bool(screen.key) for screen in SCREENS)


def test_a_line_of_a_log_has_a_time_a_source_and_words_whatever_it_is() -> None:
    message: Any = environment().filters["message"]
    hello = '{"at": 1, "stream": "stdout", "type": "log", "level": "error", "text": "hello"}'
    assert message(hello)[1:] == ("agent", "error: hello", "trouble")
    assert message('{"type": "new", "tokens": 3}') == ("", "?", '{"type": "new", "tokens": 3}', "quiet")
    assert message("[1]\x1b[2Jno") == ("", "?", "[1]no", "quiet")
