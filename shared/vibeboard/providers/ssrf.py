"""Fetching what a vendor's answer points at, and putting what our worker made; no address chooses our network.

The name is resolved once, every address is checked, and the connection goes to the address that was checked. Redirects
are not followed, only https on port 443 is spoken, and size and time are bounded. `TRUSTED_OUTPUT_ORIGINS` names exact
origins past the guard: an operator's own machine, never something a vendor says.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vibeboard.domain.errors import ProviderFailed, VibeBoardError
from vibeboard.providers import settings

Resolver = Callable[[str, int], list[str]]

TIMEOUT_SECONDS = 120.0
MEGABYTE = 1024 * 1024
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class Forbidden(VibeBoardError):
    """An address that no output may come from."""

    status, code, title = 502, "OUTPUT_ADDRESS_REFUSED", "The provider named an address that is not fetched"


def is_public(address: str) -> bool:
    """True for an address of the open internet, after unwrapping mapped, 6to4, Teredo and NAT64 addresses."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip.teredo:
            inner = ip.teredo[1]
        if any(ip in network for network in _NAT64):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises ProviderFailed when it has none."""
    try:
        return list(dict.fromkeys(str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError as error:
        raise ProviderFailed(f"The output's host {host} has no address") from error


def check(url: str, resolver: Resolver = resolve) -> list[str]:
    """The addresses an output URL may be fetched from. Raises Forbidden."""
    parts = urlsplit(url)
    try:
        port = parts.port or 443
    except ValueError as error:
        raise Forbidden("The output's address has no readable port") from error
    if parts.scheme != "https" or port != 443 or not parts.hostname or parts.username or parts.password:
        raise Forbidden(f"Outputs are fetched over https on port 443 only, not from {parts.scheme}://{parts.hostname}")
    addresses = resolver(parts.hostname, port)
    if not addresses or not all(is_public(address) for address in addresses):
        raise Forbidden(f"{parts.hostname} is not on the open internet")
    return addresses


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def trusted_origins() -> frozenset[str]:
    return frozenset(o.strip().rstrip("/").lower() for o in settings.get("TRUSTED_OUTPUT_ORIGINS").split(",") if o)


def fetch(
    url: str,
    path: Path,
    *,
    max_bytes: int,
    types: Iterable[str],
    resolver: Resolver = resolve,
    backend: Any = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Path:
    """Download an output to a file. No key of ours is sent. types: the content types taken, e.g. "image/".

    Raises Forbidden for an address or type that is not taken, ProviderFailed for anything but 200, for a body above
    max_bytes, and for one that takes longer than `timeout` seconds. backend: a network for tests.
    """
    import httpcore

    addresses = [] if _origin(url) in trusted_origins() else check(url, resolver)
    deadline = time.monotonic() + timeout
    network = _pinned(addresses[0], backend) if addresses else backend
    limits: dict[str, Any] = {name: min(timeout, 20.0) for name in ("connect", "read", "write", "pool")}
    size = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            httpcore.ConnectionPool(network_backend=network, retries=0) as pool,
            pool.stream("GET", url, extensions={"timeout": limits}) as answer,
            path.open("wb") as out,
        ):
            if answer.status != 200:
                raise ProviderFailed(f"The output's address answered {answer.status}")
            kind = {k.lower(): v for k, v in answer.headers}.get(b"content-type", b"").decode("latin-1").lower()
            if not kind.startswith(tuple(types)):
                raise Forbidden(f"The output is {kind or 'of no stated type'}, not one of {', '.join(types)}")
            for chunk in answer.iter_stream():
                size += len(chunk)
                if size > max_bytes:
                    raise ProviderFailed(f"The output is larger than {max_bytes // MEGABYTE} MB")
                if time.monotonic() > deadline:
                    raise ProviderFailed(f"The output took longer than {timeout:g} s")
                out.write(chunk)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise ProviderFailed(f"The output could not be fetched: {type(error).__name__}") from error
    return path


def send(
    url: str,
    body: bytes | Path,
    *,
    headers: Mapping[str, str],
    resolver: Resolver = resolve,
    backend: Any = None,
    timeout: float = TIMEOUT_SECONDS,
) -> int:
    """PUT bytes or a file to an address under the same guard, and return the status it answers. Nothing is repeated.

    Raises Forbidden for an address that is not taken, ProviderFailed when there is no answer.
    """
    import httpcore

    addresses = [] if _origin(url) in trusted_origins() else check(url, resolver)
    network = _pinned(addresses[0], backend) if addresses else backend
    limits = {name: min(timeout, 60.0) for name in ("connect", "read", "write", "pool")}
    length = len(body) if isinstance(body, bytes) else body.stat().st_size
    try:
        with httpcore.ConnectionPool(network_backend=network, retries=0) as pool:
            answer = pool.request(
                "PUT",
                url,
                headers=[*headers.items(), ("Content-Length", str(length))],
                content=body if isinstance(body, bytes) else _chunks(body),
                extensions={"timeout": limits},
            )
            return answer.status
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise ProviderFailed(f"The file could not be put: {type(error).__name__}", fix="Order it again.") from error


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(MEGABYTE):
            yield chunk


def _pinned(address: str, backend: Any) -> Any:
    """A network that connects to one checked address, whatever the name says by now; TLS still checks the name."""
    import httpcore

    inner = backend or httpcore.SyncBackend()

    class Pinned(httpcore.NetworkBackend):
        def connect_tcp(
            self,
            host: str,  # noqa: ARG002  what the name says by now is of no interest
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> Any:
            return inner.connect_tcp(address, port, timeout, local_address, socket_options)

    return Pinned()
