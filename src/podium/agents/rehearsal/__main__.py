"""The rehearsal agent's entry point: one assignment in, messages out, and a result at the end."""

import os
import sys
from pathlib import Path

from podium.agents.rehearsal.clone import Clone
from podium.agents.rehearsal.protocol import AssignmentUnreadable, Messages, read_assignment
from podium.agents.rehearsal.repertoire import perform
from podium.agents.rehearsal.stage import Stage
from podium.agents.rehearsal.troubles import read_troubles


def main() -> int:
    """Play one step in the current directory; the exit status is 0 when a result was given."""
    path = os.environ.get("PODIUM_ASSIGNMENT")
    if not path:
        sys.stderr.write("PODIUM_ASSIGNMENT names no file; Podium sets it for every attempt.\n")
        return 2
    try:
        assignment = read_assignment(Path(path))
    except AssignmentUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    messages = Messages(sys.stdout)
    stage = Stage(Clone(Path.cwd(), os.environ), messages, read_troubles(assignment.document))
    messages.log(f"This is a rehearsal of {assignment.workflow}/{assignment.step}: real actions, boilerplate wit.")
    for letter in assignment.messages:
        messages.log(f"Read a message from {letter.sender}: {letter.text}")
    result = perform(assignment, stage)
    stage.progress(1.0, "took a bow")
    messages.spend(input_tokens=0, output_tokens=0, cost_usd=0.0)
    messages.result(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
