"""Which addresses may be read, and at which numeric address a connection is opened.

A name is resolved once, every answer is checked, and the connection goes to one of the checked
numbers: a second answer of the name server is never asked for, so it cannot point elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import idna

from knowledge.fetching.errors import BlockedAddressError, FetchError, TemporaryFetchError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# (host, port) -> numeric addresses as text.
Resolver = Callable[[str, int], list[str]]

MAX_URL_CHARS = 1000
PORTS = {"http": 80, "https": 443}
NOT_PUBLIC = "This address does not lead to the public internet, so Weft does not read it."
BAD_URL = "This is no address of a web page: it must begin with http:// or https://."

# Beside what `is_global` knows: ways to wrap an IPv4 address in an IPv6 one, old relays.
_REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# Numbers, hexadecimal or octal in the last place: some libraries read these as IPv4 addresses.
_NUMERIC_END = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)$", re.I)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")


def resolve(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TemporaryFetchError(f"There is no such site as {host}.") from error
    return list(dict.fromkeys(str(row[4][0]) for row in found))


@dataclass(frozen=True)
class FetchPolicy:
    """Where fetching may go and how much it may take."""

    ports: frozenset[int] = frozenset(PORTS.values())
    resolver: Resolver = resolve
    # Networks let through although they are not public. Only code can name them, no setting.
    allowed_networks: tuple[IPNetwork, ...] = ()
    max_wire_bytes: int = 4 * 1024 * 1024
    max_body_bytes: int = 12 * 1024 * 1024
    total_s: float = 20.0
    connect_s: float = 5.0
    max_redirects: int = 5
    types: frozenset[str] = field(
        default=frozenset(
            (
                *("text/html", "application/xhtml+xml", "text/plain", "text/markdown"),
                *("application/rss+xml", "application/atom+xml", "application/rdf+xml"),
                *("application/xml", "text/xml", "application/pdf"),
            )
        )
    )


@dataclass(frozen=True)
class Target:
    """An address taken apart and found harmless in form; its host is yet to be resolved."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.path}"

    @property
    def host_header(self) -> str:
        """Return the host as the Host header has it: IPv6 in brackets, the port if unusual."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str, policy: FetchPolicy | None = None) -> Target:
    """Return the parts of an address, or raise `FetchError` with a sentence.

    Refused: other schemes, user names, unusual ports, odd spellings of numeric addresses, blanks
    and control characters, backslashes.
    """
    policy = policy or FetchPolicy()
    if len(url) > MAX_URL_CHARS or _FORBIDDEN.search(url):
        raise FetchError(BAD_URL)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError(BAD_URL) from error
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not parts.hostname:
        raise FetchError(BAD_URL)
    if "@" in parts.netloc:
        raise BlockedAddressError("An address with a user name in it is not read.")
    if port is None:
        port = PORTS[scheme]
    if port not in policy.ports:
        raise BlockedAddressError("Only the usual ports of the web, 80 and 443, are read.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return Target(scheme, _read_host(parts.hostname), port, path)


def _read_host(host: str) -> str:
    """Return the host in ASCII and lower case; numeric ones only in their one plain spelling."""
    if "%" in host:
        raise BlockedAddressError(NOT_PUBLIC)
    if ":" in host:
        return str(_numeric(host))
    try:
        name = idna.encode(host.rstrip("."), uts46=True).decode().lower()
    except idna.IDNAError as error:
        # Underscores occur in real names, and idna refuses them.
        if not re.fullmatch(r"[a-z0-9._-]{1,253}", host, re.I):
            raise FetchError(BAD_URL) from error
        name = host.rstrip(".").lower()
    if not name:
        raise FetchError(BAD_URL)
    return str(_numeric(name)) if _NUMERIC_END.search(name) else name


def _numeric(host: str) -> IPAddress:
    try:
        return ipaddress.ip_address(host)
    except ValueError as error:
        raise BlockedAddressError(NOT_PUBLIC) from error


def is_public(address: IPAddress) -> bool:
    """Return whether an address lies on the public internet, whatever it is wrapped in."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address.scope_id or address not in _GLOBAL_UNICAST
    ):
        return False
    if any(address.version == net.version and address in net for net in _REFUSED_NETWORKS):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_private
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )


def check_literal(target: Target) -> None:
    """Raise where an address names a private number outright; names are checked when fetched."""
    if ":" in target.host or _NUMERIC_END.search(target.host):
        if not is_public(_numeric(target.host)):
            raise BlockedAddressError(NOT_PUBLIC)
    elif target.host == "localhost" or target.host.endswith((".localhost", ".local", ".internal")):
        raise BlockedAddressError(NOT_PUBLIC)


def checked_addresses(target: Target, policy: FetchPolicy) -> list[IPAddress]:
    """Return the numeric addresses of a target, all of them public; else raise.

    One private answer among public ones is enough to refuse.
    """
    addresses = []
    for text in policy.resolver(target.host, target.port):
        address = _numeric(text)
        allowed = any(
            address.version == net.version and address in net for net in policy.allowed_networks
        )
        if not (allowed or is_public(address)):
            raise BlockedAddressError(NOT_PUBLIC)
        addresses.append(address)
    if not addresses:
        raise TemporaryFetchError(f"There is no such site as {target.host}.")
    return addresses
