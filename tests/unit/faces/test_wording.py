import pytest

from podium.faces import wording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (-3, "0 s"),
        (0, "0 s"),
        (0.001, "1 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (4.24, "4.2 s"),
        (9.96, "10 s"),
        (59.6, "1 m"),
        (192, "3 m 12 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 m"),
        (86_399.9, "1 d"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_are_human(seconds: float | None, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "–"), (0.9, "0 s"), (1.0, "1 s"), (9.99, "9 s"), (72.9, "1 m 12 s")]
)
def test_a_redrawn_duration_has_no_parts_of_a_second(seconds: float | None, words: str) -> None:
    assert wording.whole_seconds(seconds) == words


def test_unknown_is_never_zero() -> None:
    assert wording.figure(None) == wording.percent(None) == wording.duration(None) == "–"
    assert wording.figure(0.0) == "0"
    assert wording.percent(0.0) == "0 %"


@pytest.mark.parametrize(("share", "words"), [(1.0, "100 %"), (0.9999, "99 %"), (0.9642, "96 %"), (0.29, "29 %")])
def test_a_share_is_never_rounded_up_to_all(share: float, words: str) -> None:
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07red",
        "\x1b]8;;http://evil\x1b\\red\x1b]8;;\x1b\\",
        "\x9b31mred\x9b0m",
        "\x1bPanything\x1b\\red",
        "r\x00e\x07d",
        "\u202ered\u202c",
        "\x1b(Bred",
        "\x1b[2J\x1b[1;1Hred",
    ],
)
def test_foreign_text_cannot_steer_the_terminal(text: str) -> None:
    assert wording.clean(text) == "red"


def test_a_torn_sequence_leaves_no_escape() -> None:
    assert "\x1b" not in wording.clean("end\x1b")
    assert "\x1b" not in wording.clean("end\x1b]52;c;AAAA")


def test_foreign_text_can_always_be_printed() -> None:
    assert wording.clean("half \ud83d a pair").encode()


def test_one_line_is_one_line_and_bounded() -> None:
    assert wording.one_line(" a\n\tb \r\n c ") == "a b c"
    assert wording.one_line("a\vb") == "a b", "pages have a line's end inside a value so"
    assert wording.one_line("abcdef", 4) == "abc…"
    assert wording.one_line("abcd", 4) == "abcd"


def test_counts_agree_with_their_noun() -> None:
    assert [wording.counted(n, "job") for n in (0, 1, 1200)] == ["0 jobs", "1 job", "1,200 jobs"]


def test_times_are_of_the_day() -> None:
    assert len(wording.clock_time(1_794_900_000)) == len("07:20:00")
    assert wording.date_time(1_794_900_000).endswith(wording.clock_time(1_794_900_000))
