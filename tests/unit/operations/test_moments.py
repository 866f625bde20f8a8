"""Times as people write them."""

from datetime import UTC, datetime

import pytest

from podium.domain.errors import UsageError
from podium.operations.moments import seconds_until

pytestmark = pytest.mark.requirement("QUE-7")

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        (" 2h ", 7200),
        ("1d12h", 129_600),
        ("0s", 0),
        ("2026-03-01T08:00Z", 5400),
        ("2026-03-01T08:00:00+02:00", -1800),
        ("20260301T080000Z", 5400),
    ],
)
def test_moments_are_understood(text: str, seconds: float) -> None:
    assert seconds_until(text, NOW) == seconds


def test_a_time_without_an_offset_is_local() -> None:
    local = datetime.fromtimestamp(NOW + 60, UTC).astimezone().replace(tzinfo=None).isoformat()
    assert seconds_until(local, NOW) == 60


@pytest.mark.parametrize(
    "text", ["", " ", "tomorrow", "90", "-5m", "2h30", "2026-13-01", "9999-12-31T23:59-12:00", "٣h"]
)
def test_what_is_no_time_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match=r"such as 90m|more than a year"):
        seconds_until(text, NOW)


def test_a_time_far_away_is_refused() -> None:
    with pytest.raises(UsageError, match="more than a year away"):
        seconds_until("999999d", NOW)
