"""A log of any length is read a page at a time."""

from pathlib import Path

from podium.operations.log import PAGE_BYTES, _read

LINES = 1_000_000


def test_a_million_lines_are_read_a_page_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "messages.ndjson"
    path.write_bytes(b"".join(b'{"type":"log","text":"line %d"}\n' % n for n in range(LINES)))
    start, end, size, lines = _read(path, None, "")
    assert lines[-1] == f'{{"type":"log","text":"line {LINES - 1}"}}'
    assert end == size
    assert end - start <= PAGE_BYTES
    *_, before = _read(path, start, "")
    first = int(lines[0].split()[1].rstrip('"}'))
    assert f'"line {first - 1}"' in before[-1], "no line is missed between two pages"
    assert any('"line 777777"' in line for line in _read(path, None, "LINE 777777")[-1])


def test_a_line_longer_than_a_page_ends_no_search(tmp_path: Path) -> None:
    path = tmp_path / "messages.ndjson"
    path.write_text(f'{{"text":"first"}}\n{{"text":"{"x" * 3 * PAGE_BYTES}"}}\n')
    assert '{"text":"first"}' in _read(path, None, "first")[-1]
    assert _read(path, None, "")[-1]


def test_a_log_that_is_not_there_yet_is_an_empty_page(tmp_path: Path) -> None:
    assert _read(tmp_path / "nothing", None, "") == (0, 0, 0, [])
