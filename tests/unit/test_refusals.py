import re
from pathlib import Path

import podium
from podium.refusals import words


def test_every_refusal_has_its_words_and_no_words_are_left_over() -> None:
    modules = Path(podium.__file__).parent.rglob("*.py")
    told = {name for path in modules for name in re.findall(r'refusal\(\s*"([^"]+)"', path.read_text("utf-8"))}
    assert told == set(words())
