"""`python -m podium.runner ATTEMPT_DIRECTORY`: own one attempt. With `--salvage`, only save its unfinished work.

Started by a host in a session of its own. The attempt's `lock` is held for life: whoever can take it knows that no
runner lives, and whoever holds it may write `revoked`, after which none ever starts.
"""

import sys


def main(arguments: list[str]) -> int:
    """Run one attempt and return the exit status; what happened to the attempt is in `exit.json`."""
    from pathlib import Path

    from podium.runner import claim, files, processes, shortage, spec as specs
    from podium.runner.attempt import Attempt
    from podium.runner.spec import Limits
    from podium.runner.supervise import Signals, Supervisor

    is_salvage = arguments[0] == "--salvage"
    directory = Path(arguments[-1])
    signals = Signals()
    if not claim.take(directory, is_salvage):
        return 0
    processes.become_subreaper()
    supervisor = Supervisor(signals, Limits(), shortage.Room(directory))
    patience = shortage.Patience(directory, Limits().room_seconds_max, supervisor.pause)
    try:
        if not is_salvage:
            claim.introduce(directory)
        spec = specs.read(directory)
        supervisor.limits, patience.seconds_left = spec.limits, spec.limits.room_seconds_max
        attempt = Attempt(spec, supervisor, patience)
        if is_salvage:
            files.write_json(directory / "salvage.json", {"commit": attempt.salvage()})
            return 0
        report = attempt.report()
    except (ValueError, TypeError, OSError) as error:
        why = f"The attempt's run.json cannot be used: {error}"
        report = {"ending": "could-not-start", "detail": why, "is_environment": shortage.is_shortage(error)}
    patience.do(lambda: files.write_json(directory / "exit.json", report))
    return 0


if __name__ == "__main__":
    if not __package__:  # started by its path, which spares Python the search through site-packages
        sys.path.insert(0, __file__.rpartition("/podium/runner/")[0])
    import os

    # Nothing is left to tidy up, and whoever waits for this process gains the milliseconds.
    os._exit(main(sys.argv[1:]))
