"""One GET at a time, pinned to a checked address, with caps on bytes and time.

No cookies, no credentials, no proxies from the environment: `http.client` has none of them.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urljoin

from typing_extensions import Buffer

from knowledge.fetching.addresses import (
    FetchPolicy,
    IPAddress,
    Target,
    checked_addresses,
    parse_url,
)
from knowledge.fetching.errors import BlockedAddressError, FetchError, TemporaryFetchError

USER_AGENT = "WeftKnowledge/1.0 (+reads feeds and pages that an operator added)"
REDIRECTS = {301, 302, 303, 307, 308}
BUSY = {408, 425, 429, 500, 502, 503, 504}
MAX_RETRY_AFTER_S = 7 * 24 * 3600
CHUNK = 64 * 1024
# Numeric addresses of one name that are tried in turn.
MAX_TRIES = 3
TOO_SLOW = "The site took too long to answer."
TOO_LARGE = "This page is larger than Weft reads."


@dataclass(frozen=True)
class Validators:
    """What the site gave to ask whether a page has changed since."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Fetched:
    """What an address gave. `body` is unpacked; empty with `not_modified`."""

    url: str
    body: bytes
    content_type: str = ""
    charset: str = ""
    validators: Validators = field(default_factory=Validators)
    not_modified: bool = False


def fetch(
    url: str, *, policy: FetchPolicy | None = None, validators: Validators | None = None
) -> Fetched:
    """Return what an address gives, following up to `max_redirects` redirects.

    Every hop is parsed, resolved and checked anew. Raises `BlockedAddressError` for what must not
    be read, `TemporaryFetchError` for what may work later, `FetchError` for the rest.
    """
    policy = policy or FetchPolicy()
    deadline = time.monotonic() + policy.total_s
    target = parse_url(url, policy)
    for _ in range(policy.max_redirects + 1):
        answer = _get(target, policy, deadline, validators or Validators())
        if isinstance(answer, Fetched):
            return answer
        following = parse_url(urljoin(target.url, answer), policy)
        if target.scheme == "https" and following.scheme == "http":
            raise BlockedAddressError("The site leads from a protected page to an unprotected one.")
        target = following
    raise FetchError("The site leads from one address to the next without end.")


def _get(
    target: Target, policy: FetchPolicy, deadline: float, validators: Validators
) -> Fetched | str:
    """Return what one hop gave: a page, or the address that it redirects to."""
    addresses = checked_addresses(target, policy)
    try:
        with closing(_Connection(target, addresses, policy, deadline)) as connection:
            connection.request("GET", target.path, headers=_headers(target, validators))
            with closing(connection.getresponse()) as response:
                return _read(response, target, policy, validators)
    except FetchError:
        raise
    except TimeoutError as error:
        raise TemporaryFetchError(TOO_SLOW) from error
    except ssl.SSLError as error:
        raise FetchError("The site's certificate is not valid.") from error
    except (http.client.HTTPException, ValueError) as error:
        raise FetchError("The site answers in a form that cannot be read.") from error
    except OSError as error:
        raise TemporaryFetchError("The site cannot be reached.") from error


def _headers(target: Target, validators: Validators) -> dict[str, str]:
    headers = {
        "Host": target.host_header,
        "User-Agent": USER_AGENT,
        "Accept": "text/html, application/rss+xml, application/atom+xml, text/plain, "
        "application/pdf;q=0.9, application/xml;q=0.8",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _read(
    response: http.client.HTTPResponse, target: Target, policy: FetchPolicy, asked: Validators
) -> Fetched | str:
    status = response.status
    if status in REDIRECTS and (location := response.getheader("Location")):
        return location
    if status == 304 and (asked.etag or asked.last_modified):
        return Fetched(target.url, b"", validators=asked, not_modified=True)
    if status in BUSY:
        wait = _retry_after(response.getheader("Retry-After", "") or "")
        raise TemporaryFetchError(f"The site cannot answer now (status {status}).", wait)
    if status != 200:
        raise FetchError(f"The site gives no page at this address (status {status}).")
    content_type = response.headers.get_content_type()
    if content_type not in policy.types:
        raise FetchError(f"Weft reads no files of the kind {content_type[:60]}.")
    return Fetched(
        url=target.url,
        body=_body(response, policy),
        content_type=content_type,
        charset=(response.headers.get_content_charset() or "")[:40],
        validators=Validators(
            _plain(response.getheader("ETag"), 200),
            _plain(response.getheader("Last-Modified"), 100),
        ),
    )


def _plain(value: str | None, limit: int) -> str:
    """Return a header that may be sent back later; nothing if it is long or odd."""
    value = (value or "").strip()
    return value if len(value) <= limit and re.fullmatch(r"[\x20-\x7e]*", value) else ""


def _retry_after(value: str) -> int:
    return min(int(value), MAX_RETRY_AFTER_S) if re.fullmatch(r"\d{1,9}", value) else 0


def _body(response: http.client.HTTPResponse, policy: FetchPolicy) -> bytes:
    """Return the unpacked body, stopping at the first byte above either cap."""
    coding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise FetchError("The site packs its pages in a way that Weft does not read.")
    length = response.getheader("Content-Length") or ""
    if length.isdigit() and int(length) > policy.max_wire_bytes:
        raise FetchError(TOO_LARGE)
    raw = _chunks(response, policy.max_wire_bytes)
    parts = _unpacked(raw, policy.max_body_bytes) if "gzip" in coding else raw
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > policy.max_body_bytes:
            raise FetchError(TOO_LARGE)
    return bytes(body)


def _chunks(response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
    taken = 0
    while chunk := response.read(CHUNK):
        taken += len(chunk)
        if taken > limit:
            raise FetchError(TOO_LARGE)
        yield chunk


def _unpacked(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield what gzip packed, never more than CHUNK bytes at a time, `limit` in all."""
    unpacker = zlib.decompressobj(wbits=31)
    given = 0
    try:
        for chunk in chunks:
            rest = chunk
            while rest and not unpacker.eof:
                part = unpacker.decompress(rest, CHUNK)
                rest = unpacker.unconsumed_tail
                given += len(part)
                if given > limit:
                    raise FetchError(TOO_LARGE)
                yield part
        if not unpacker.eof:
            raise FetchError("The page broke off in the middle.")
    except zlib.error as error:
        raise FetchError("The page is packed in a damaged way.") from error


class _Connection(http.client.HTTPConnection):
    """A connection to one of the checked addresses, with one deadline for all of it."""

    def __init__(
        self, target: Target, addresses: list[IPAddress], policy: FetchPolicy, deadline: float
    ) -> None:
        super().__init__(target.host, target.port)
        self._target, self._addresses = target, addresses
        self._policy, self._deadline = policy, deadline

    def connect(self) -> None:
        plain = self._open()
        if self._target.scheme == "https":
            # Name and certificate are checked against the name that was asked for.
            context = ssl.create_default_context()
            try:
                plain = context.wrap_socket(plain, server_hostname=self._target.host)
            except BaseException:
                plain.close()
                raise
        self.sock = _DeadlineSocket(plain, self._deadline)  # type: ignore[assignment]

    def _open(self) -> socket.socket:
        """Return a socket to the first checked address that answers."""
        problem: OSError | None = None
        for address in self._addresses[:MAX_TRIES]:
            left = min(self._policy.connect_s, self._deadline - time.monotonic())
            if left <= 0:
                raise TimeoutError
            try:
                opened = socket.create_connection((str(address), self.port), timeout=left)
            except OSError as error:
                problem = error
                continue
            peer = ipaddress.ip_address(opened.getpeername()[0])
            if peer not in self._addresses:
                opened.close()
                raise BlockedAddressError("The connection went somewhere else.")
            return opened
        raise problem or TimeoutError()


class _DeadlineSocket:
    """A socket of which each operation may only use what is left of the whole time.

    A plain timeout counts anew with every byte, so that a site could hold a worker for hours.
    """

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline
        self._reader: _DeadlineReader | None = None

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(self._left())
        self._inner.sendall(data)

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        self._reader = _DeadlineReader(self._inner, self._left)
        return io.BufferedReader(self._reader)

    def close(self) -> None:
        # http.client closes the connection before the body is read; the reader then owns it.
        if self._reader is None or self._reader.closed:
            self._inner.close()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(TOO_SLOW)
        return left


class _DeadlineReader(io.RawIOBase):
    def __init__(self, inner: socket.socket, left: Callable[[], float]) -> None:
        self._inner, self._left = inner, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._inner.settimeout(self._left())
        return self._inner.recv_into(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()
