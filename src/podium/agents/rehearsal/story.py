"""What the project is called and what it says of itself, from the best source that is at hand."""

import re
from dataclasses import dataclass

from podium.agents.rehearsal import json_fields, prose
from podium.agents.rehearsal.clone import Clone
from podium.agents.rehearsal.plan import DETAIL_CHARS_MAX, TITLE_CHARS_MAX
from podium.agents.rehearsal.protocol import Assignment


@dataclass(frozen=True, slots=True)
class Story:
    """The project's title and one paragraph about it."""

    title: str
    summary: str


def story_of(assignment: Assignment, clone: Clone) -> Story:
    """Take the brief's or the plan's words, else the project's own, else the README's heading."""
    made = assignment.artifact("brief") or assignment.artifact("plan")
    data = made.data if made else {}
    heading = re.search(r"^# (.+)$", clone.read("README.md"), re.MULTILINE)
    title = json_fields.text(data, "title") or assignment.project.title or (heading[1] if heading else "")
    summary = json_fields.text(data, "summary") or assignment.project.brief
    return Story(prose.one_line(title, TITLE_CHARS_MAX) or "The project", prose.one_line(summary, DETAIL_CHARS_MAX))
