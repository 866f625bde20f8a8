"""What may be sent to: well-formed URLs only, and no address that leads inside, however it is written (SEC-3)."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, strategies as st

from podium.domain.errors import UsageError
from podium.web_address import checked_url, is_public


def words(text: str) -> list[str]:
    return text.split()


INSIDE = words("""
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1
255.255.255.255
:: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:a00:1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 2001:db8::1 2002:7f00:1:: 2002:c0a8:1::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 fc00::1 fd00:ec2::254
fe80::1 fe80::1%eth0 fec0::1 ff02::1 100::1
""")
OUTSIDE = words("""
1.1.1.1 8.8.8.8 172.32.0.1 192.169.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::
""")
PRIVATE = [
    IPv4Network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
]


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.requirement("SEC-3")
@given(
    network=st.sampled_from(PRIVATE),
    host=st.integers(0, 2**16 - 1),
    form=st.sampled_from(["::ffff:", "::", "64:ff9b::"]),
)
def test_no_way_to_write_a_private_address_makes_it_public(network: IPv4Network, host: int, form: str) -> None:
    address = IPv4Address(int(network.network_address) + host)
    assert not is_public(str(address))
    assert not is_public(f"{form}{address}")
    high, low = divmod(int(address), 2**16)
    assert not is_public(f"2002:{high:x}:{low:x}::1")


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "0x7f.1", "127.1", "017700000001", "1.1.1.1 ", "[::1]"]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/", "allow_http = true"),
        ("ftp://example.com/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("//example.com", "must begin with https://"),
        ("example.com", "must begin with https://"),
        ("", "printable ASCII"),
        ("https://", "names no usable host"),
        ("https:///path", "names no usable host"),
        ("https://user:secret@example.com/", "user name or password"),
        ("https://example.com@127.0.0.1/", "user name or password"),
        ("https://example.com\\@127.0.0.1/", "no backslash"),
        ("https://127.0.0.1\\.example.com/", "no backslash"),
        ("https://exa mple.com/", "no space"),
        ("https://example.com/\r\nHost: x", "printable ASCII"),
        ("https://example.com/\t", "printable ASCII"),
        ("https://ⓔxample.com/", "printable ASCII"),
        ("https://bücher.example/", "printable ASCII"),
        ("https://\uff11\uff12\uff17.0.0.1/", "printable ASCII"),
        ("https://example.com:99999/", "this is no URL"),
        ("https://example.com:0/", "no usable host"),
        ("https://example.com:x/", "this is no URL"),
        ("https://[::1", "this is no URL"),
        ("https://[fe80::1%25eth0]/", "no usable host"),
        ("https://%31%32%37.0.0.1/", "no usable host"),
        ("https://-example.com/", "no usable host"),
        ("https://example.com/" + "a" * 2000, "2,000"),
    ],
)
def test_a_url_that_is_not_plainly_one_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        checked_url(url, allow_http=False)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_url_is_taken_apart_once() -> None:
    target = checked_url("https://Hooks.Example.com:8443/in?token=x#frag", allow_http=False)
    assert target == ("https", "hooks.example.com", 8443, "/in?token=x")
    assert target.authority == "hooks.example.com:8443"
    assert checked_url("https://example.com", allow_http=False).authority == "example.com"
    assert checked_url("http://[::1]:80", allow_http=True).authority == "[::1]"
