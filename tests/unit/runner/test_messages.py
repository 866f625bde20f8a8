"""What agents print is kept, bounded and free of secrets, and nothing they print can hurt the runner."""

import json

import pytest

from podium.runner.lines import Lines, Redactor
from podium.runner.protocol import Conversation
from podium.runner.spec import Limits
from tests.unit.runner.stage import PASSED, Stage, says

SECRET = 'sk-"quoted"-\\-ünïcode'


def hear(*lines: str, limits: Limits | None = None) -> tuple[Conversation, list[dict[str, object]]]:
    conversation = Conversation(limits or Limits(), Redactor(()), "implement")
    return conversation, [conversation.hear(line.encode(), is_cut=False) for line in lines]


def test_everything_is_logged_with_time_and_stream(stage: Stage) -> None:
    progress = {"type": "progress", "fraction": 0.5, "text": "half"}
    stage.run("echo plain; echo trouble >&2\n" + says([progress]))
    messages = stage.messages()
    assert all(message["at"] > 1_700_000_000 for message in messages)
    assert {"plain"} <= set(stage.texts("agent"))
    assert stage.texts("stderr") == ["trouble"]
    assert any(progress.items() <= message.items() for message in messages)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        '{"type": 3}',
        '{"type": ["log"]}',
        '{"type": "unheard-of"}',
        '{"type": "artifact"}',
        '{"type": "artifact", "kind": "plan", "key": 3}',
        '{"type": "artifact", "kind": "plan", "key": "k", "data": []}',
        '{"type": "artifact", "kind": "plan", "key": "k", "path": "../outside"}',
        '{"type": "artifact", "kind": "plan", "key": "k", "path": "/etc/passwd"}',
        '{"type": "artifact", "kind": "plan", "key": "k", "path": ".git/config"}',
        '{"type": "spend", "input_tokens": -1}',
        '{"type": "spend", "cost_usd": NaN}',
        '{"type": "spend", "cost_usd": true}',
        '{"type": "result", "verdict": ["passed"]}',
        '{"type": "result", "verdict": "passed", "summary": 3}',
        '{"type": "log", "text": {}}',
        "[" * 5000,
        '{"type": "result", "verdict": "passed", "data": ' + "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_a_malformed_message_is_a_log_line(line: str) -> None:
    conversation, (message,) = hear(line)
    assert message["type"] == "log"
    assert (conversation.artifacts, conversation.result, conversation.spend) == ([], None, None)


def test_artifacts_are_kept_with_their_step() -> None:
    conversation, _ = hear('{"type": "artifact", "kind": "plan", "key": "k", "data": {"a": 1e999}, "path": "a//b"}')
    assert conversation.artifacts == [
        {"kind": "plan", "key": "k", "title": "k", "data": {"a": None}, "path": "a/b", "step": "implement"}
    ]


def test_spend_adds_up_and_an_unknown_cost_stays_unknown() -> None:
    conversation, _ = hear('{"type": "spend", "input_tokens": 3}', '{"type": "spend", "output_tokens": 4}')
    assert conversation.spend == {"input_tokens": 3, "output_tokens": 4, "cost_usd": None}
    conversation, _ = hear(
        '{"type": "spend", "cost_usd": 0.5}', '{"type": "spend"}', '{"type": "spend", "cost_usd": 1}'
    )
    assert conversation.spend == {"input_tokens": 0, "output_tokens": 0, "cost_usd": 1.5}


def test_the_last_result_counts() -> None:
    conversation, _ = hear('{"type": "result", "verdict": "passed"}', '{"type": "result", "verdict": "rework"}')
    assert conversation.result is not None
    assert conversation.result["verdict"] == "rework"


def test_texts_that_no_database_takes_are_mended() -> None:
    conversation, _ = hear(r'{"type": "result", "verdict": "passed", "summary": "a\u0000b\ud800c"}')
    assert conversation.result is not None
    assert conversation.result["summary"] == "ab?c"


def test_lines_are_cut_at_their_limit() -> None:
    taken: list[tuple[bytes, bool]] = []
    lines = Lines(4, lambda line, is_cut: taken.append((line, is_cut)))
    lines(b"ab")
    assert taken == []
    lines(b"c\nabcdefgh")
    assert taken == [(b"abc", False)]
    lines(b"ijkl\nabcd\n\nx")
    assert taken[1:] == [(b"abcd", True), (b"abcd", False), (b"", False)]
    lines.end()
    assert taken[4:] == [(b"x", False)]
    lines.end()
    assert taken[5:] == []


def test_a_flood_is_bounded_and_the_result_still_counts(stage: Stage) -> None:
    limits = Limits(line_bytes_max=1000, log_bytes_max=20_000)
    report = stage.run("head -c 3000000 /dev/zero | tr '\\0' x; echo; yes | head -c 500000\n" + PASSED, limits=limits)
    assert report["ending"] == "finished"
    assert (stage.directory / "messages.ndjson").stat().st_size < 22_000
    assert stage.texts("agent")[0] == "x" * 1000 + " … [cut: longer than 1000 bytes]"
    assert [text for text in stage.texts("runner") if "20000 bytes" in text] == [
        "The log has reached 20000 bytes; later messages are dropped."
    ]


def test_secrets_reach_neither_log_nor_report(stage: Stage) -> None:
    message = {"type": "log", "text": f"my key is {SECRET}!", "level": "info"}
    result = {"type": "result", "verdict": "passed", "summary": SECRET, "data": {SECRET: [SECRET]}}
    gate = {"kind": "command", "name": "leak", "command": ["/bin/echo", SECRET]}
    script = says([message]) + 'echo "$API_KEY"; echo "$API_KEY" >&2\n' + says([{"type": "log", "text": "x"}])
    script += f"cat <<'END'\n{json.dumps(result)}\nEND\n"
    report = stage.run(script, env={"API_KEY": SECRET}, secrets=(SECRET,), gates=(gate,))
    assert report["summary"] == "[secret]"
    assert report["gates"][0]["detail"].endswith("[secret]")
    kept = (stage.directory / "messages.ndjson").read_text() + (stage.directory / "exit.json").read_text()
    assert SECRET not in kept
    assert json.dumps(SECRET)[1:-1] not in kept
    assert kept.count("[secret]") >= 6


def test_half_a_secret_at_a_cut_is_dropped() -> None:
    redactor = Redactor(("abcdefgh",))
    assert redactor.cut_text("the key: abcdefg") == "the key: "
    assert redactor.text("the key: abcdefgh.") == "the key: [secret]."
