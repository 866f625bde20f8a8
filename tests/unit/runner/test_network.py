"""Who may be reached from inside a sandbox is decided by name and port, and by nothing else."""

import pytest

from podium.runner.network import addresses, allowing, loopback_ports, split

ALLOW = ("example.com", "*.pypi.org", "git.example.com:8443", "127.0.0.1:5432", "localhost:5432!", "[::1]:8080")


@pytest.mark.requirement("INS-4", "SEC-1")
@pytest.mark.parametrize(
    ("host", "port", "may"),
    [
        ("example.com", 443, True),
        ("EXAMPLE.com", 80, True),
        ("example.com", 22, False),
        ("sub.example.com", 443, False),
        ("badexample.com", 443, False),
        ("files.pypi.org", 443, True),
        ("pypi.org", 443, False),
        ("evilpypi.org", 443, False),
        ("git.example.com", 8443, True),
        ("git.example.com", 443, False),
        ("127.0.0.1", 5432, True),
        ("127.0.0.1", 80, False),
        ("169.254.169.254", 80, False),
        ("", 80, False),
    ],
)
def test_a_place_is_reached_by_its_whole_name_and_port(host: str, port: int, may: bool) -> None:
    assert bool(allowing(ALLOW, host, port)) is may


@pytest.mark.requirement("SEC-1", "SEC-3")
def test_an_allowed_name_does_not_lead_to_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"good.example": "93.184.215.14", "bad.example": "10.0.0.7", "mapped.example": "::ffff:127.0.0.1"}

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (answers.get(host, host), port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    allow = ("*.example", "gateway.example:443!", "10.0.0.9:5432", "[fd00::1]:443", "localhost:99")
    assert addresses(allow, "good.example", 443) == ["93.184.215.14"]
    for name in ("bad.example", "mapped.example"):
        with pytest.raises(PermissionError, match="private address"):
            addresses(allow, name, 443)
    answers["gateway.example"] = "10.0.0.8"
    assert addresses(allow, "gateway.example", 443) == ["10.0.0.8"]
    assert addresses(allow, "10.0.0.9", 5432) == ["10.0.0.9"]
    assert addresses(allow, "[fd00::1]", 443) == ["fd00::1"]
    assert addresses(allow, "localhost", 99) == ["localhost"]


def test_places_are_read_with_and_without_a_port() -> None:
    assert [split(place) for place in ("a.b", "a.b:80", "[::1]:80", "[::1]", "::1")] == [
        ("a.b", 0), ("a.b", 80), ("[::1]", 80), ("[::1]", 0), ("::1", 0),
    ]  # fmt: skip


def test_ports_of_this_machine_are_led_through_once() -> None:
    assert loopback_ports(ALLOW) == [5432, 8080]
    assert loopback_ports(("localhost",)) == []
