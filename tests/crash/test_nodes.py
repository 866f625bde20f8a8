"""Two real nodes on a real PostgreSQL: leaders that are killed or stopped, and readers on the node that follows."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
import pytest

from podium import credential
from podium.domain.errors import Unavailable
from tests import databases
from tests.crash.pair import Pair
from tests.crash.verdicts import SHARED, ask, books, judge

FAILOVER_SECONDS: Final = 60.0
"""What is waited for at most; how long it takes is measured elsewhere."""
NEWER: Final = """
ALTER TABLE job ADD COLUMN later text;
ALTER TABLE project ADD COLUMN later bigint NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN later text;
CREATE TABLE later (id bigint PRIMARY KEY, project text REFERENCES project);
CREATE INDEX later_first ON job (later);
INSERT INTO schema_version SELECT max(version) + 1 FROM schema_version;
"""
"""What the next version may do to the tables: it adds."""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two nodes on a database of their own, not yet started."""
    with databases.server() as server:
        made = Pair(tmp_path / "home", 1, databases.url_of(server.pgdata))
        made.home.mkdir()
        made.server = server
        yield made
        made.close()


@pytest.mark.requirement("REC-8")
@pytest.mark.timeout(300)
def test_whoever_leads_is_killed_and_nothing_is_lost_or_repeated(pair: Pair) -> None:
    """A reader on the nodes' own port sees every event once and in order, whichever of them leads."""
    pair.features = 2
    reader = _Reader(pair)
    verdict = pair.storm(kills=2)
    assert verdict[:3] == ([], [], [])
    with books(pair.home) as asked:
        seqs = [seq for (seq,) in asked("SELECT seq FROM event ORDER BY seq")]
        (epoch,) = asked("SELECT epoch FROM leader")[0]
    assert epoch >= 2, "a node took over after each death"
    reader.until(seqs[-1])
    assert reader.seen == seqs


@pytest.mark.requirement("REC-8", "REC-9")
@pytest.mark.timeout(300)
def test_a_leader_that_was_stopped_writes_no_more_when_it_goes_on_and_the_database_may_crash(pair: Pair) -> None:
    pair.features = 2
    with pair.orchestrator() as first:
        pair.submit()
        leader = pair.leader()
        assert _until(lambda: ask(pair.home, "SELECT count(*) FROM job WHERE state = 'running'"))
        first.send_signal(signal.SIGSTOP)
        assert _until(lambda: pair.leader() != leader)
        with books(pair.home) as asked:
            began = asked("SELECT coalesce(max(seq), 0) FROM event")[0][0]
        first.send_signal(signal.SIGCONT)
        databases.crash(pair.server)
        assert _until(lambda: not pair.open_projects())
        assert first.poll() is None, "it is a node like the other"
        with books(pair.home) as asked:
            assert asked("SELECT max(seq) - count(*) FROM event") == [(0,)], "no number is missing or twice"
            assert asked("SELECT count(*) FROM event WHERE seq > ?", began) != [(0,)]
        first.send_signal(signal.SIGTERM)
        first.wait(timeout=60)
    pair.close()
    assert judge(pair.home, pair.projects)[:2] == ([], [])


@pytest.mark.requirement("REC-9")
@pytest.mark.timeout(300)
def test_while_the_database_is_away_agents_work_on_and_whoever_asks_is_told(pair: Pair) -> None:
    pair.features, pair.pace_seconds = 1, 1.0
    with pair.orchestrator():
        pair.submit()
        assert _until(pair._runners)
        with databases.away(pair.server):
            at_work = pair._runners()
            asked = pair.podium("status")
            assert (asked.returncode, asked.stdout) == (Unavailable.exit_code, "")
            assert "database" in asked.stderr
            assert at_work.keys() & pair._runners().keys(), "an attempt needs no database"
        assert _until(lambda: not pair.open_projects())
    pair.close()
    assert judge(pair.home, pair.projects)[:2] == ([], [])
    assert ask(pair.home, "SELECT coalesce(sum(failures), 0) FROM job") == 0


@pytest.mark.requirement("DST-1")
@pytest.mark.timeout(300)
def test_a_leader_of_the_version_before_goes_on_over_newer_tables_and_a_restarted_one_says_what_to_do(
    pair: Pair,
) -> None:
    pair.features = 1
    with pair.orchestrator():
        pair.submit()
        assert _until(lambda: ask(pair.home, "SELECT count(*) FROM job WHERE state = 'running'"))
        assert _until(lambda: _migrated(pair))
        assert _until(lambda: not pair.open_projects())
    pair.close()
    assert judge(pair.home, pair.projects)[:2] == ([], [])
    restarted = pair._started("ash")
    log = pair.home.parent / "ash.log"
    assert _until(lambda: "written by a newer Podium" in log.read_text("utf-8"))
    restarted.kill()
    restarted.wait()


def _migrated(pair: Pair) -> bool:
    """In one transaction, as a node does: one that meets the leader's in a deadlock is made again."""
    with psycopg.connect(SHARED[pair.home], autocommit=True) as newer:
        newer.execute(NEWER)
    return True


def _until(met: object) -> bool:
    assert callable(met)
    deadline = time.monotonic() + FAILOVER_SECONDS
    while time.monotonic() < deadline:
        with suppress(Exception):  # the schema is not there yet
            if met():
                return True
        time.sleep(0.05)
    return False


class _Reader:
    """Follows the events over the socket of whichever node answers, from where it was."""

    def __init__(self, pair: Pair) -> None:
        self.seen: list[int] = []
        self._home = pair.home
        self._ended = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def until(self, last: int) -> None:
        """Wait for an event, and end."""
        assert _until(lambda: self.seen[-1] >= last)
        self._ended.set()

    def _follow(self) -> None:
        while not self._ended.is_set():
            for path in sorted(self._home.glob("podium-*.sock")):
                with suppress(OSError, json.JSONDecodeError):
                    self._read(path)
            time.sleep(0.05)

    def _read(self, path: Path) -> None:
        token = credential.ensure(self._home)
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5.0)
            door.connect(os.fspath(path))
            after = f"Last-Event-ID: {self.seen[-1]}\r\n" if self.seen else ""
            door.sendall(
                f"GET /v1/events?after=0 HTTP/1.1\r\nHost: podium\r\nAuthorization: Bearer {token}\r\n"
                f"Accept: text/event-stream\r\n{after}\r\n".encode()
            )
            with door.makefile("rb") as answer:
                for line in answer:
                    if line.startswith(b"id:"):
                        self.seen.append(int(line[3:]))
