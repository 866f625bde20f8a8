"""Deliveries over real HTTP: signed, once, quickly; GitHub's own examples; what is forged or mangled."""

import hashlib
import hmac
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conformance.npm_agents import NoAgents, github_examples
from tests.faces.orchestrator import Orchestrator
from tests.unit.operations.test_arrivals import issue

SECRET = "it is a secret"
SECONDS_MAX = 0.2
WAITER = "import time; time.sleep(600)"
CONFIG = f"""
agent = "waiter"
[agents.waiter]
command = {json.dumps([sys.executable, "-c", WAITER])}
[scaling]
memory_mib_min = 0
load_per_cpu_max = 1e6
[github]
inbox = ["ada/ideas", "codertocat/hello-world", "octo-org/octo-repo"]
"""


def begin(home: Path) -> Orchestrator:
    """An orchestrator that knows the secret."""
    if not home.exists():
        home.mkdir(mode=0o700)
        (home / "podium.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_GITHUB_WEBHOOK_SECRET", SECRET)
        return Orchestrator(home)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestrator]:
    made = begin(tmp_path_factory.mktemp("deliveries") / "home")
    yield made
    made.close()


def signed(body: bytes, event: str, delivery: str, secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    named = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "Content-Type": "application/json"}
    return {**named, "X-Hub-Signature-256": f"sha256={digest}"}


def told(**payload: Any) -> bytes:
    repository = {"full_name": "Ada/Ideas", "clone_url": "https://github.com/Ada/Ideas.git"}
    return json.dumps({"repository": repository, "sender": {"login": "ada"}, **payload}).encode()


def outcomes(up: Orchestrator) -> dict[str, str]:
    """What came of each delivery."""
    found = up.ask("github deliveries", {"limit": 1000})["deliveries"]
    return {row["key"].partition(":")[2]: row["outcome"] for row in found}


@pytest.mark.requirement("GIT-1")
def test_every_example_of_github_is_accepted_or_ignored_on_purpose(up: Orchestrator) -> None:
    try:
        examples = github_examples()
    except NoAgents as error:
        pytest.skip(str(error))
    assert len(examples) == 329
    slow: list[float] = []
    with httpx2.Client(base_url=up.url) as client:
        for number, (event, payload) in enumerate(examples):
            body = json.dumps(payload).encode()
            begun = time.monotonic()
            answer = client.post("/webhooks/github", content=body, headers=signed(body, event, f"example-{number}"))
            slow.append(time.monotonic() - begun)
            assert (answer.status_code, answer.json()) == (202, {"delivery": f"example-{number}"}), (event, answer.text)
    assert sorted(slow)[len(slow) // 2] < SECONDS_MAX
    came = outcomes(up)
    assert {f"example-{number}" for number in range(329)} <= came.keys()
    assert not [what for what in came.values() if "not known to this version" in what]
    effects = {
        event: came[f"example-{number}"] for number, (event, payload) in enumerate(examples)
        if (event, payload.get("action")) in EFFECTS
    }  # fmt: skip
    assert effects == {event: outcome for (event, _), outcome in EFFECTS.items()}


EFFECTS = {
    ("issues", "opened"): "it is spelling-error-in-the-readme-file",
    ("issue_comment", "created"): "ignored: no work of a project here is discussed there",  # it comes before the issue
    ("pull_request_review", "submitted"): "ignored: it says nothing",
    ("pull_request_review_comment", "created"): "ignored: no work of a project here is discussed there",
    ("deployment_status", "created"): "ignored: no project here works on that repository",
    ("release", "published"): "ignored: no project here works on that repository",
}
"""What the last example of each event sets off, all of the same repository with one issue."""


@pytest.mark.requirement("GIT-1", "INT-2", "REC-8")
def test_a_hundred_duplicates_have_one_effect_though_it_is_killed_right_after_an_answer(tmp_path: Path) -> None:
    body, answers = told(action="opened", issue=issue(id=4711, title="Only once")), list[tuple[int, str]]()
    order = random.Random(3).sample(range(100), 100)

    def post(client: httpx2.Client, number: int) -> tuple[int, str]:
        headers = signed(body, "issues", f"dup-{number % 10}")
        answer = client.post("/webhooks/github", content=body, headers=headers)
        return answer.status_code, answer.json()["delivery"]

    for few in (order[:30], order[30:]):
        up = begin(tmp_path / "home")
        with httpx2.Client(base_url=up.url) as client, ThreadPoolExecutor(8) as pool:
            answers += pool.map(partial(post, client), few)
            if few[-1] != order[-1]:
                up.kill()
    assert sorted(set(answers)) == [(202, f"dup-{number}") for number in range(10)]
    assert len(answers) == 100
    assert [row["title"] for row in up.ask("projects", {"limit": 100})["projects"]] == ["Only once"]
    up.close()


@pytest.mark.requirement("GIT-1", "SEC-1")
def test_forged_and_mangled_deliveries_are_refused_and_never_a_defect(up: Orchestrator) -> None:
    rng, body = random.Random(5), told(action="opened", issue=issue(id=1, title="Forged"))
    good = signed(body, "issues", "forged")
    with httpx2.Client(base_url=up.url) as client:
        for number in range(int(os.environ.get("PODIUM_FORGED", "300"))):
            headers, sent = dict(good), bytearray(body)
            if number % 4 == 0:
                sent[rng.randrange(len(sent))] ^= 1 << rng.randrange(8)
            elif number % 4 == 1:
                del headers["X-Hub-Signature-256"]
                headers["X-Hub-Signature"] = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
            elif number % 4 == 2:
                headers = signed(body, "issues", "forged", rng.randbytes(8).hex())
            else:
                headers["X-Hub-Signature-256"] = rng.choice(["", "sha256=", "sha256=" + "0" * 64, "sha1=00", "x" * 999])
            answer = client.post("/webhooks/github", content=bytes(sent), headers=headers)
            assert answer.status_code == 401, (number, answer.text)
        for sent in (
            b"",
            b"{",
            b"[]",
            b"3",
            b"\xff",
            b"[" * 100_000,
            b'{"action": {"a": 1}}x',
            b'{"n": ' + b"9" * 9999 + b"}",
        ):
            answer = client.post("/webhooks/github", content=sent, headers=signed(sent, "issues", "mangled"))
            assert answer.status_code == 422, (sent[:20], answer.text)
        strange = told(action=["opened"], issue="x", sender=3)
        assert (
            client.post("/webhooks/github", content=strange, headers=signed(strange, "issues", "s")).status_code == 202
        )
        large = b" " * (5 * 1024 * 1024)
        assert client.post("/webhooks/github", content=large, headers=signed(large, "ping", "l")).status_code == 413
    assert "forged" not in outcomes(up)


@pytest.mark.requirement("GIT-2", "SEC-1")
def test_alertmanager_needs_a_token_of_its_own_scope(up: Orchestrator) -> None:
    alert = {"status": "firing", "labels": {"alertname": "Slow"}, "fingerprint": "f1", "startsAt": "2026-01-01"}
    tokens = {scope: up.ask("token create", {"scope": scope})["token"] for scope in ("webhook", "operate")}
    for who, status in (("webhook", 202), ("webhook", 202), ("operate", 403), (None, 401)):
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
        answer = httpx2.post(f"{up.url}/webhooks/alertmanager", json={"alerts": [alert]}, headers=headers)
        assert answer.status_code == status, answer.text
    mine = [
        row for row in up.ask("github deliveries", {"asks": "scale"})["deliveries"] if row["sender"] == "alertmanager"
    ]
    assert [row["outcome"] for row in mine] == ["development gets one more"]
    headers = {"Authorization": f"Bearer {tokens['webhook']}"}
    assert httpx2.post(f"{up.url}/webhooks/alertmanager", content=b"{", headers=headers).status_code == 422
    assert httpx2.get(f"{up.url}/v1/status", headers=headers).status_code == 403
