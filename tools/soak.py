"""`./dev soak`: the long run in parts; stopped, it goes on where it was. One JSON line tells of each step of a part.

Parts: `seeds` of the simulation; `kills` (`kill -9`) and stops (SIGSTOP, SIGCONT) of orchestrators, runners and agents;
`leases`: attempts stopped past their lease and continued; `builds`: silent ones beside agents that hang.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

STATE: Final = Path(__file__).resolve().parents[1] / ".dev" / "soak.json"
PARTS: Final[dict[str, tuple[str, int, int]]] = {
    "seeds": ("tools.sim --first {done} --seeds {step} --json", 20_000, 200),
    "kills": ("tools.chaos --freeze --seed {done} --kills {step} --json", 1_000, 20),
    "leases": ("tools.chaos --seed {done} --stops {step} --json", 200, 20),
    "builds": ("tools.vigil --first {done} --builds {step} --json", 1_000, 100),
}
"""What is run for each part, how much of it in all, and how much in one step."""


def main() -> int:
    """Run the steps that are left; exit 1 at the first that finds something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (_, whole, _) in PARTS.items():
        parser.add_argument(f"--{name}", type=int, default=None, help=f"how many (default {whole}, all of them)")
    parser.add_argument("--restart", action="store_true", help="begin again with the first step")
    asked = vars(parser.parse_args())
    chosen = {name: asked[name] for name in PARTS if asked[name] is not None} or {n: p[1] for n, p in PARTS.items()}
    STATE.parent.mkdir(exist_ok=True)
    state: dict[str, Any] = {} if asked["restart"] or not STATE.exists() else json.loads(STATE.read_text("utf-8"))
    for name, whole in chosen.items():
        command, _, step = PARTS[name]
        while (done := state.get(name, {}).get("done", 0)) < whole:
            words = command.format(done=done, step=min(step, whole - done)).split()
            ran = subprocess.run([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True, check=False)
            lines = ran.stdout.strip().splitlines()
            told: dict[str, Any] = json.loads(lines[-1]) if lines else {}
            print(json.dumps({"part": name, "done": done + min(step, whole - done), "ok": not ran.returncode} | told))
            sys.stdout.flush()
            if ran.returncode:
                return 1
            sums: dict[str, Any] = state.get(name, {}).get("found", {})
            found = {key: sums.get(key, 0) + n for key, n in told.items() if isinstance(n, int | float)}
            state[name] = {"done": done + min(step, whole - done), "found": found}
            STATE.write_text(json.dumps(state), "utf-8")
    print(json.dumps({"soak": {name: state.get(name) for name in chosen}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
