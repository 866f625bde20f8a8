"""What `podium.toml` says of agents reaches their programs, and nothing that it does not say."""

from pathlib import Path

import pytest

from podium import config
from podium.domain.errors import UsageError


def options(home: Path, table: str) -> tuple[str, ...]:
    (home / config.FILE).write_text(table, "utf-8")
    return config.load(home).agents["mine"].options()


def test_only_what_differs_from_the_default_is_told(tmp_path: Path) -> None:
    acp = '[agents.mine]\nacp = ["it"]\n'
    assert options(tmp_path, acp + "max_turns = 0\n") == ()
    assert options(tmp_path, acp + "usd_per_hour = 0\nmodel = 'm'\n") == ("--model", "m", "--usd-per-hour", "0.0")


def test_an_hour_has_a_price_only_where_the_agent_tells_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="usd_per_hour for acp alone"):
        options(tmp_path, '[agents.mine]\ncommand = ["it"]\nusd_per_hour = 1\n')
