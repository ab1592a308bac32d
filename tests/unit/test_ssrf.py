"""The address guard of output downloads: a fake resolver and a fake network, so no hole ever sends a real request."""

from pathlib import Path
from typing import Any

import httpcore
import pytest

from vibeboard.domain.errors import ProviderFailed
from vibeboard.providers import ssrf

INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
    "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1%eth0",
]  # fmt: skip


class Network(httpcore.MockBackend):
    """Answers with fixed bytes and remembers where it was asked to go."""

    def __init__(self, body: bytes = b"picture", kind: str = "image/png", status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        super().__init__([head, body])
        self.connected: list[str] = []

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        self.connected.append(f"{host}:{port}")
        return super().connect_tcp(host, port, *args, **kwargs)


def fetch(tmp_path: Path, network: Network, url: str = "https://cdn.test/a.png", **more: Any) -> Path:
    options: dict[str, Any] = {"max_bytes": 100, "types": ("image/",), "resolver": lambda *_: ["93.184.216.34"]} | more
    return ssrf.fetch(url, tmp_path / "out", backend=network, **options)


@pytest.mark.parametrize("address", INSIDE)
def test_given_an_address_of_a_network_inside_then_nothing_is_sent(tmp_path: Path, address: str) -> None:
    network = Network()
    with pytest.raises(ssrf.Forbidden):
        fetch(tmp_path, network, resolver=lambda *_: [address])
    assert network.connected == []


def test_given_one_inner_address_among_outer_ones_then_the_name_is_refused(tmp_path: Path) -> None:
    network = Network()
    with pytest.raises(ssrf.Forbidden):
        fetch(tmp_path, network, resolver=lambda *_: ["93.184.216.34", "10.0.0.1"])
    assert network.connected == []


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.test/a.png",
        "https://cdn.test:8443/a.png",
        "https://user:pass@cdn.test/a.png",
        "https://cdn.test:x/a.png",
        "file:///etc/passwd",
        "ftp://cdn.test/a.png",
        "https:///a.png",
    ],
)
def test_given_anything_but_plain_https_then_nothing_is_sent(tmp_path: Path, url: str) -> None:
    network = Network()
    with pytest.raises(ssrf.Forbidden):
        fetch(tmp_path, network, url)
    assert network.connected == []


def test_given_a_public_name_then_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    network, asked = Network(), []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["93.184.216.34"]

    assert fetch(tmp_path, network, resolver=resolver).read_bytes() == b"picture"
    assert (network.connected, asked) == (["93.184.216.34:443"], ["cdn.test:443"])


def test_given_a_redirect_then_it_is_not_followed(tmp_path: Path) -> None:
    network = Network(status="302 Found")
    with pytest.raises(ProviderFailed):
        fetch(tmp_path, network)
    assert len(network.connected) == 1


@pytest.mark.parametrize(("size", "taken"), [(100, True), (101, False)])
def test_given_a_body_above_the_limit_then_it_is_refused(tmp_path: Path, size: int, taken: bool) -> None:
    network = Network(b"x" * size)
    if taken:
        assert fetch(tmp_path, network).stat().st_size == size
    else:
        with pytest.raises(ProviderFailed):
            fetch(tmp_path, network)


def test_given_another_type_than_asked_for_then_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ssrf.Forbidden):
        fetch(tmp_path, Network(kind="text/html"))


def test_given_a_trusted_origin_then_only_exactly_that_one_passes_the_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_OUTPUT_ORIGINS", "http://127.0.0.1:9000")
    inside = {"resolver": lambda *_: ["127.0.0.1"]}
    assert fetch(tmp_path, Network(), "http://127.0.0.1:9000/a.png", **inside).read_bytes() == b"picture"
    for url in ("http://127.0.0.1:9001/a.png", "https://127.0.0.1/a.png", "http://127.0.0.1:9000.evil.test/a.png"):
        with pytest.raises(ssrf.Forbidden):
            fetch(tmp_path, Network(), url, **inside)
