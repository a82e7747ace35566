"""HTTP to addresses that others chose, so that nobody can send us to a place of their liking (SSRF).

One request: https only, the name resolved once and that very address connected to, private ranges refused unless the
operator listed them, no redirect followed, three seconds and 256 KiB in all, JSON or a signed token as the answer.
No proxy, no cookie and no credential file of the environment has a part in it.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import SplitResult, urlsplit

from marketplace.foundation.errors import Unavailable

SECONDS = 3.0
LARGEST_ANSWER = 256 * 1024
LARGEST_HEAD = 64 * 1024
MOST_ADDRESSES = 4
JSON_TYPES = ("application/json", "application/jwk-set+json", "application/jwt")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What `is_global` says differs between releases of Python, so the ranges are named (IANA special-purpose registries).
_NOT_PUBLIC = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")


class OutboundFailed(Unavailable):
    """Another organisation's service does not answer as it should."""


class AddressRefused(OutboundFailed):
    """This address is not one that the marketplace may call: a private network, or not protected by https."""


class NoAnswer(OutboundFailed):
    """The other service cannot be reached."""


class TookTooLong(OutboundFailed):
    """The other service did not answer within three seconds."""


class AnswerTooLarge(OutboundFailed):
    """The other service answered with more than 256 KiB."""


class AnswerRedirects(OutboundFailed):
    """The other service answered with a redirect; it must name its final address."""


class AnswerOfAnotherKind(OutboundFailed):
    """The other service answered with something other than JSON or a signed token."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where requests may go beyond the public internet.

    `networks` and `hosts` are the private places that the operator listed; `plain_loopback` allows http to this very
    machine, for development. `trust` replaces the system's certificates, in tests.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    plain_loopback: bool = False
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @classmethod
    def listed(cls, places: Iterable[str], *, plain_loopback: bool = False) -> Reach:
        """From a list of hosts and networks; the settings have checked that each is one."""
        networks, hosts = [], set()
        for place in places:
            try:
                networks.append(ip_network(place))
            except ValueError:
                hosts.add(place.lower())
        return cls(tuple(networks), frozenset(hosts), plain_loopback)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole: names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def fetch(
    method: str,
    url: str,
    reach: Reach,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    kinds: Sequence[str] = JSON_TYPES,
    seconds: float = SECONDS,
) -> Answer:
    """One request and its whole answer, whatever its status below 300 or from 400. Raises OutboundFailed.

    `kinds` are the media types taken; an answer without a body may have any. `seconds` is for everything together.
    """
    deadline = time.monotonic() + seconds
    parts = _parts(url, reach)
    host = str(parts.hostname)
    try:
        line = _connected(
            parts, _addresses(host, parts.port or _port(parts), reach, deadline), reach, deadline
        )
        try:
            return _exchange(line, method, parts, headers or {}, body, kinds)
        finally:
            line.hang_up()
    except OutboundFailed:
        raise
    except TimeoutError:
        raise TookTooLong(host=host) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(host=host, error=type(error).__name__) from None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also when it is written inside another one."""
    inner = _plain(address)
    return not any(inner.version == network.version and inner in network for network in _NOT_PUBLIC)


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64); else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inside is None and address in _NAT64:
        inside = IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address


def _parts(url: str, reach: Reach) -> SplitResult:
    """The parts of an address that may be tried at all. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        port_is_right = parts.port != 0
    except ValueError:
        raise AddressRefused() from None
    odd = not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc or "\\" in url
    if odd or not parts.hostname or not port_is_right or parts.scheme not in ("https", "http"):
        raise AddressRefused()
    if parts.scheme == "http" and not (reach.plain_loopback and _names_loopback(parts.hostname)):
        raise AddressRefused(host=parts.hostname)
    return parts


def _names_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _addresses(host: str, port: int, reach: Reach, deadline: float) -> list[tuple[Any, ...]]:
    """The allowed ones among the addresses of a name, resolved once. Raises AddressRefused, NoAnswer, TookTooLong."""
    found = _resolved(host, port, deadline)
    allowed = [each for each in found if _allowed(host, ip_address(each[4][0].partition("%")[0]), reach)]
    if not allowed:
        raise AddressRefused(host=host)
    return allowed[:MOST_ADDRESSES]


def _allowed(host: str, address: Address, reach: Reach) -> bool:
    inner = _plain(address)
    return (
        is_public(address)
        or host.lower() in reach.hosts
        or any(inner.version == network.version and inner in network for network in reach.networks)
    )


def _resolved(host: str, port: int, deadline: float) -> list[tuple[Any, ...]]:
    """Ask the resolver in a thread of its own: it knows no time limit, and we do."""
    answers: SimpleQueue[list[tuple[Any, ...]] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except Empty:
        raise TookTooLong(host=host) from None
    if isinstance(answer, OSError):
        raise NoAnswer(host=host, error=type(answer).__name__)
    return answer


def _connected(parts: SplitResult, addresses: list[tuple[Any, ...]], reach: Reach, deadline: float) -> _Line:
    """A connection to the first of the addresses that takes one, with the certificate checked for the name."""
    trouble: OSError = OSError("no address")
    for family, kind, protocol, _, place in addresses:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_left(deadline))
            plain.connect(place)
            if parts.scheme == "https":
                context = reach.trust or _system_trust()
                return _Line(context.wrap_socket(plain, server_hostname=parts.hostname), deadline)
            return _Line(plain, deadline)
        except TimeoutError:
            plain.close()
            raise
        except OSError as error:
            plain.close()
            trouble = error
    raise trouble


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _exchange(
    line: _Line,
    method: str,
    parts: SplitResult,
    headers: Mapping[str, str],
    body: bytes | None,
    kinds: Sequence[str],
) -> Answer:
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or _port(parts))
    connection.sock = line  # all of a socket that http.client uses
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {
        "Host": parts.netloc,
        "Accept": ", ".join(kinds),
        "Accept-Encoding": "identity",
        "Connection": "close",
    } | dict(headers)
    connection.request(method, path, body=body, headers=sent)
    response = connection.getresponse()
    head = {name.lower(): value for name, value in response.getheaders()}
    if 300 <= response.status < 400:
        raise AnswerRedirects(host=parts.hostname)
    content = response.read(LARGEST_ANSWER + 1)
    if len(content) > LARGEST_ANSWER:
        raise AnswerTooLarge(host=parts.hostname)
    if response.length:
        raise NoAnswer(host=parts.hostname, error="IncompleteRead")
    answer = Answer(response.status, head, content)
    packed = head.get("content-encoding", "identity").lower() != "identity"
    if packed or (content and response.status < 300 and answer.kind not in kinds):
        raise AnswerOfAnotherKind(host=parts.hostname)
    return answer


class _Line:
    """A socket that keeps one deadline for everything, and reads no more than an answer may have."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket = plain
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._deadline))

    def close(self) -> None:
        """http.client closes when it has read the head; the body is still to come. `hang_up` ends it."""

    def hang_up(self) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket = plain
        self._deadline = deadline
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(_left(self._deadline))
        size = self._socket.recv_into(buffer)
        self._seen += size
        if self._seen > LARGEST_HEAD + 2 * LARGEST_ANSWER:  # chunks have a head of their own
            raise AnswerTooLarge
        return size
