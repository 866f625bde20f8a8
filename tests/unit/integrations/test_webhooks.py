"""Webhooks over a real loopback server: signed as the library verifies, sent where it was checked, never redirected."""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme
from cloudevents.core.formats.json import JSONFormat

from podium.clock import SteadyClock
from podium.domain.delivery import Answer, Delivery
from podium.hook import Hook
from podium.integrations.webhooks import Resolve, WebhookSender, identity
from tests.unit.integrations.receiver import SECRET, Receiver, receiving

ENVIRON = {"HOOK_KEY": SECRET}
DATA = {
    "event": "genesis_complete",
    "project_id": "p",
    "repository_url": None,
    "issues_created": 4,
    "timestamp": "2026-11-24T06:15:27+00:00",
}
EVENT: dict[str, Any] = {
    "seq": 21, "at": 1_795_500_927.25, "type": "genesis_complete", "project": "p", "workflow": "genesis", "job": 0,
    "attempt": 0, "instance": "", "data": DATA,
}  # fmt: skip
DELIVERY = Delivery(1, "21#2", "ci", EVENT, 0)
ESCALATED = EVENT | {"type": "job.escalated", "job": 9, "attempt": 3, "instance": "dev-02", "data": {"reason": "stuck"}}


def hook(receiver: Receiver, **more: Any) -> Hook:
    """A webhook of this machine's own."""
    given: dict[str, Any] = {
        "secret_env": "HOOK_KEY",
        "allow_http": True,
        "allow_private": True,
        "timeout_seconds": 20.0,
    }
    given["url"] = f"http://127.0.0.1:{receiver.port}/hook?token=t0p"
    return Hook(**given | more)


def send(made: Hook, *deliveries: Delivery, **more: Any) -> list[Answer]:
    """What comes of sending, one after another."""
    given: dict[str, Any] = {"home": Path(), "wall": SteadyClock().wall, "environ": ENVIRON, **more}

    async def sending() -> list[Answer]:
        sender = WebhookSender({"ci": made}, **given)
        try:
            return [await sender.send(delivery) for delivery in deliveries or (DELIVERY,)]
        finally:
            await sender.aclose()

    return asyncio.run(sending())


def answers(*addresses: str) -> Resolve:
    """A resolver that knows one name."""

    async def lookup(host: str, port: int) -> Sequence[str]:
        return addresses

    return lookup


@pytest.mark.requirement("EVT-2", "EVT-3")
def test_a_cloud_event_arrives_signed_with_the_documented_payload_as_its_data() -> None:
    with receiving() as receiver:
        assert send(hook(receiver)) == [Answer(204, "HTTP 204")]
    (request,) = receiver.requests
    assert request.genuine
    assert request.path == "/hook?token=t0p"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-type"] == "application/cloudevents+json"
    event = JSONFormat().read(None, request.body)
    assert event.get_type() == "podium.genesis_complete"
    assert (event.get_source(), event.get_subject()) == ("/podium/projects/p", "p")
    assert event.get_id() == request.headers["webhook-id"]
    assert event.get_data() == DATA


@pytest.mark.requirement("EVT-3")
def test_the_flat_form_is_the_documented_payload_and_nothing_else() -> None:
    with receiving() as receiver:
        send(hook(receiver, format="flat"), DELIVERY, DELIVERY._replace(event=ESCALATED))
    documented, other = (json.loads(request.body) for request in receiver.requests)
    assert documented == DATA
    assert other == {
        "event": "job.escalated",
        "project_id": "p",
        "workflow": "genesis",
        "job": 9,
        "instance": "dev-02",
        "reason": "stuck",
        "timestamp": "2026-11-24T06:15:27+00:00",
    }
    assert all(request.genuine for request in receiver.requests)


def test_every_try_has_the_same_id_and_body_and_other_deliveries_another() -> None:
    with receiving() as receiver:
        send(hook(receiver), DELIVERY, DELIVERY._replace(attempts=1), DELIVERY._replace(key="22#2"))
    first, again, other = receiver.requests
    assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert other.headers["webhook-id"] != first.headers["webhook-id"]
    assert identity(DELIVERY._replace(event=EVENT | {"at": 1.0})) != identity(DELIVERY)


def test_another_key_makes_another_signature(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("whsec_" + "A" * 40 + "\n")
    key.chmod(0o600)
    with receiving() as receiver:
        send(hook(receiver, secret_env="", secret_file=str(key)))
    assert not receiver.requests[0].genuine


@pytest.mark.requirement("EVT-2")
@pytest.mark.parametrize("status", [200, 400, 404, 410, 429, 500, 503])
def test_the_status_is_told(status: int) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: (status, {"Retry-After": "120"})
        assert send(hook(receiver)) == [Answer(status, f"HTTP {status}", retry_after_seconds=120.0)]


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as inside, receiving() as receiver:
        receiver.answer = lambda _: (status, {"Location": f"http://127.0.0.1:{inside.port}/"})
        (answer,) = send(hook(receiver))
    assert answer == Answer(status, f"HTTP {status}; redirects are not followed")
    assert inside.requests == []


def test_a_receiver_that_does_not_answer_or_hangs_up_or_is_not_there_is_a_failed_try() -> None:
    with receiving() as receiver:
        receiver.hold.clear()
        assert send(hook(receiver, timeout_seconds=0.2)) == [Answer(None, "no answer within 0.2 s")]
        receiver.hold.set()
        receiver.answer = lambda _: (0, {})
        (answer,) = send(hook(receiver))
        assert (answer.status, answer.refused) == (None, False)
        assert answer.detail.startswith("RemoteProtocolError")
    (answer,) = send(hook(receiver))
    assert answer.detail.startswith("cannot connect to 127.0.0.1")
    assert not answer.refused


@pytest.mark.requirement("SEC-3")
def test_a_name_that_leads_inside_is_refused_and_the_answer_says_what_to_do() -> None:
    with receiving() as receiver:
        url = f"http://rebound.example:{receiver.port}/"
        (answer,) = send(hook(receiver, url=url, allow_private=False), lookup=answers("1.1.1.1", "127.0.0.1"))
        assert receiver.requests == []
    assert answer.refused
    assert "rebound.example leads to" in answer.detail
    assert "allow_private = true" in answer.detail


@pytest.mark.requirement("SEC-3")
def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    def no_second_lookup(*args: Any, **more: Any) -> Any:
        host = args[0]
        assert host in ("127.0.0.1", b"127.0.0.1"), f"{host} was looked up once more"
        return real(*args, **more)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", no_second_lookup)
    with receiving() as receiver:
        url = f"http://hooks.example:{receiver.port}/in"
        assert send(hook(receiver, url=url), lookup=rebinding) == [Answer(204, "HTTP 204")]
    assert asked == ["hooks.example"]
    assert receiver.requests[0].headers["host"] == f"hooks.example:{receiver.port}"


@pytest.mark.requirement("SEC-3")
def test_the_certificate_must_be_the_names_not_the_addresses() -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    for name, taken in (("hooks.example", True), ("other.example", False), ("127.0.0.1", False)):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(server)
        with receiving(server) as receiver:
            made = hook(receiver, url=f"https://hooks.example:{receiver.port}/", allow_http=False)
            (answer,) = send(made, lookup=answers("127.0.0.1"), verify=trusting)
            assert (answer.status == 204, len(receiver.requests)) == (taken, int(taken)), answer
            assert taken or "certificate" in answer.detail


def test_an_unreachable_address_leaves_the_next_a_chance() -> None:
    with receiving() as receiver:
        url = f"http://two.example:{receiver.port}/"
        assert send(hook(receiver, url=url), lookup=answers("127.0.0.2", "127.0.0.1"))[0].status == 204


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (SECRET, 0o644, "chmod 600"),
        (SECRET, 0o640, "chmod 600"),
        ("whsec_c2hvcnQ=", 0o600, "holds no signing key"),
        ("not base64 at all, and long enough", 0o600, "holds no signing key"),
        ("", 0o600, "holds no signing key"),
    ],
)
def test_a_key_that_is_none_or_that_others_can_read_is_refused(tmp_path: Path, text: str, mode: int, said: str) -> None:
    key = tmp_path / "key"
    key.write_text(text)
    key.chmod(mode)
    with receiving() as receiver:
        (answer,) = send(hook(receiver, secret_env="", secret_file=str(key)))
    assert (answer.refused, said in answer.detail) == (True, True), answer
    assert not text or text not in answer.detail
    assert receiver.requests == []


def test_a_missing_key_or_webhook_says_what_to_do(tmp_path: Path) -> None:
    with receiving() as receiver:
        (answer,) = send(hook(receiver), environ={})
        assert "the environment variable HOOK_KEY holds no signing key" in answer.detail
        (answer,) = send(hook(receiver, secret_env="", secret_file=str(tmp_path / "none")))
        assert "cannot be read: No such file" in answer.detail
        (answer,) = send(hook(receiver), DELIVERY._replace(webhook="old"))
        assert answer == Answer(None, "podium.toml has no [webhooks.old] any more.", refused=True)


@pytest.mark.requirement("SEC-1")
def test_neither_key_nor_url_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "httpx2")
    with receiving() as receiver:
        send(hook(receiver))
    assert receiver.requests[0].path.endswith("t0p")
    assert "t0p" not in caplog.text
    assert SECRET.removeprefix("whsec_") not in caplog.text


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with receiving() as receiver:
        assert send(hook(receiver))[0].status == 204
