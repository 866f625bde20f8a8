"""What a reviewer can do about a review, and what comes of each choice; the likeliest first."""

from collections.abc import Mapping
from typing import Any


def choices(review: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(Command, what it does) of each decision that makes sense for this kind of review."""
    number, kind, item = review["id"], review["kind"], review["item"]
    approve, reject = f"podium review approve {number}", f"podium review reject {number}"
    back = f"podium review send-back {number} --notes"
    if kind == "plan":
        return [
            (approve, "build it"),
            (f"{back} 'WHAT TO CHANGE'", "plan again"),
            (reject, "do not build it: ends the project"),
        ]
    again = (f"{back} 'WHAT TO DO'", "try again")
    drop = (reject, "go on without it" if item else "ends the project")
    if kind != "blocked":
        return [(approve, "accept it as it is"), again, drop]
    if item:
        return [again, drop]
    return [(reject, "ends the project; then submit a corrected document"), again]
