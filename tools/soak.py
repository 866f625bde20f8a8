"""`./dev soak`: rounds of seeds and kills, for as long as asked; stopped, it goes on where it was."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

STATE = Path(__file__).resolve().parents[1] / ".dev" / "soak.json"
SEEDS, KILLS = 200, 10
"""What one round adds."""


def main() -> int:
    """Run the rounds that are left; exit 1 at the first that finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=100, help=f"rounds of {SEEDS} seeds and {KILLS} kills (default 100)"
    )
    parser.add_argument("--restart", action="store_true", help="begin again with the first round")
    asked = parser.parse_args()
    STATE.parent.mkdir(exist_ok=True)
    done = 0 if asked.restart or not STATE.exists() else int(json.loads(STATE.read_text("utf-8"))["rounds"])
    tools = Path(__file__).parent
    for number in range(done, asked.rounds):
        print(f"round {number + 1} of {asked.rounds}", flush=True)
        first = ["--first", str(1000 + number * SEEDS), "--seeds", str(SEEDS)]
        for command in (["sim.py", *first], ["chaos.py", "--kills", str(KILLS), "--seed", str(number)]):
            if subprocess.run([sys.executable, str(tools / command[0]), *command[1:]], check=False).returncode:
                return 1
        STATE.write_text(json.dumps({"rounds": number + 1}), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
