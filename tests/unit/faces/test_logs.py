import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podium.faces import sentences
from podium.faces.cli import logs
from podium.faces.cli.logs import EXIT_FILE, follow, render_line, tail
from podium.runner import claim
from tests.unit.faces.samples import console, printed

MESSAGES = "messages.ndjson"


class Script(threading.Event):
    """An event that, instead of time passing, lets one thing happen at each wait, and is set when all have."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        super().__init__()
        self.happenings = list(happenings)

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout == logs.LOOK_SECONDS
        if not self.happenings:
            self.set()
        else:
            self.happenings.pop(0)()
        return self.is_set()


def append(path: Path, text: str) -> Callable[[], object]:
    def write() -> None:
        with path.open("a") as file:
            file.write(text)

    return write


# --- the last lines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 2, 7, 1 << 16])
@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", "a\nb", "a\n\nb\n", "".join(f"line {n}\n" for n in range(50))])
@pytest.mark.parametrize("lines", [0, 1, 3, 200])
def test_tail_is_the_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, text: str, lines: int
) -> None:
    monkeypatch.setattr(logs, "BLOCK_BYTES", block)
    path = tmp_path / MESSAGES
    path.write_text(text)
    expected = text.removesuffix("\n").split("\n") if text else []
    assert tail(path, lines) == (expected[-lines:] if lines else [])


def test_tail_of_a_huge_log_reads_its_end_only(tmp_path: Path) -> None:
    path = tmp_path / MESSAGES
    with path.open("wb") as file:
        file.truncate(4 << 30)  # a sparse file: reading all of it would take minutes
        file.seek(0, 2)
        file.write(b"\nfirst\nlast\n")
    assert tail(path, 2) == ["first", "last"]


def test_tail_gives_up_searching_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "TAIL_BYTES_MAX", 10)
    monkeypatch.setattr(logs, "BLOCK_BYTES", 5)
    path = tmp_path / MESSAGES
    path.write_text("long long long line\nab\ncd\n")
    assert tail(path, 3) == ["ab", "cd"]


def test_tail_without_a_file_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == []


# --- following -------------------------------------------------------------------------------------------------------


def test_follow_yields_what_is_there_and_then_what_comes(tmp_path: Path) -> None:
    path = tmp_path / MESSAGES
    path.write_text("one\ntwo\n")
    script = Script(append(path, "three\nfour\n"), append(path, "five\n"))
    assert list(follow(path, script, 1)) == ["two", "three", "four", "five"]


def test_follow_holds_a_line_back_until_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / MESSAGES
    path.write_text("one\nhal")
    seen: list[str] = []
    script = Script(lambda: seen.append("wait"), append(path, "f\n"))
    seen.extend(follow(path, script))
    assert seen == ["one", "wait", "half"]


def test_follow_waits_for_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "later" / MESSAGES
    script = Script(lambda: None, path.parent.mkdir, append(path, "one\n"), append(path, "two\n"))
    assert list(follow(path, script)) == ["one", "two"]


def test_follow_may_be_stopped_before_there_is_anything(tmp_path: Path) -> None:
    assert list(follow(tmp_path / "none", Script())) == []


def test_follow_ends_with_the_attempt_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / MESSAGES
    path.write_text("one\n")

    def end() -> None:
        append(path, "two\ncut off")()
        (tmp_path / EXIT_FILE).write_text("{}")

    assert list(follow(path, Script(end, pytest.fail))) == ["one", "two", "cut off"]


def test_the_runner_writes_its_last_word_under_that_name() -> None:
    assert claim.EXIT == EXIT_FILE


def test_follow_starts_anew_when_the_log_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / MESSAGES
    path.write_text("one\ntwo\n")
    assert list(follow(path, Script(lambda: path.write_text("new\n")))) == ["one", "two", "new"]


def test_a_line_without_end_is_handed_on_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LINE_BYTES_MAX", 4)
    path = tmp_path / MESSAGES
    path.write_text("")
    assert "".join(follow(path, Script(append(path, "x" * 10), *[lambda: None] * 5))) == "x" * 10


# --- in words --------------------------------------------------------------------------------------------------------


def message(**more: Any) -> str:
    return json.dumps({"at": 1_794_900_000.25, "stream": "stdout", **more})


@pytest.mark.parametrize(
    ("line", "source", "text"),
    [
        (message(type="log", level="info", text="hello"), "agent", "hello"),
        (message(type="log", level="warning", text="hm"), "agent", "warning: hm"),
        (message(stream="stderr", type="log", level="error", text="Traceback"), "stderr", "error: Traceback"),
        (message(stream="gate", type="log", level="info", text="Ran 3 tests"), "gate", "Ran 3 tests"),
        (message(type="progress", fraction=0.4, text="testing"), "agent", " 40 %  testing"),
        (message(type="progress", fraction=None, text="testing"), "agent", "testing"),
        (
            message(type="artifact", kind="issue", key="001", title="Greet", data={}, path="docs/issues/001.md"),
            "agent",
            "made issue 001: Greet (docs/issues/001.md)",
        ),
        (
            message(type="spend", input_tokens=1200, output_tokens=30, cost_usd=None),
            "agent",
            "spent 1,200 in and 30 out tokens, cost unknown",
        ),
        (
            message(type="spend", input_tokens=0, output_tokens=0, cost_usd=0.0),
            "agent",
            "spent 0 in and 0 out tokens, $0.0000",
        ),
        (message(type="result", verdict="rework", summary="no", feedback="a\nb"), "agent", "result: rework\nno\na\nb"),
        (message(type="new", what=1), "agent", '{"type": "new", "what": 1}'),
        (message(), "agent", "{}"),
        ('{"at": 1, "str', "?", '{"at": 1, "str'),
        ("[1]", "?", "[1]"),
        ("", "?", ""),
    ],
)
def test_a_message_in_words(line: str, source: str, text: str) -> None:
    shown = sentences.message(line)
    assert (shown.source, shown.text) == (source, text)


def test_further_lines_of_a_message_stand_below_its_first() -> None:
    on = console(20)
    render_line(on, message(type="log", level="info", text="first line of some length\nsecond"))
    first, second = printed(on).splitlines()
    assert first[8:] == "  agent     first line of some length"
    assert second == " " * 10 + "second"


def test_agents_words_cannot_steer_the_terminal() -> None:
    on = console(80, terminal=True)
    render_line(on, message(type="log", level="info", text="\x1b[2J\x1b]52;c;AAAA\x07[red]plain[/red] :smile:"))
    assert "[red]plain[/red] :smile:" in printed(on)
    assert "\x1b[2J" not in printed(on)
    assert "\x1b]" not in printed(on)
