"""The `podium` command, also as `python -m podium`; what a command needs is loaded when it is needed."""

import sys
from typing import TYPE_CHECKING

from podium.faces.cli.main import execute

if TYPE_CHECKING:
    from podium.faces.cli.composition import Composition


def _real_world() -> "Composition":
    from podium.app import RealWorld

    return RealWorld()


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(execute(sys.argv[1:], _real_world))


if __name__ == "__main__":
    main()
