"""Bytes of media over HTTP, with ranges so that players can seek."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.files.storage import FileSystemStorage
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)

from catalog.models import Asset, Frame

CHUNK = 256 * 1024
# A server may answer a range with less than was asked for; players then ask for the rest.
MOST_AT_ONCE = 2 * 1024 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def is_local(asset: Asset | Frame) -> bool:
    """Return whether the file lies in our own folder rather than in an object store."""
    return isinstance(asset.file.storage, FileSystemStorage)


def serve_file(request: HttpRequest, asset: Asset | Frame, is_public: bool) -> HttpResponseBase:
    """Return the file, or the part that a Range header asks for; Http404 where it is gone."""
    try:
        return _serve(request, asset, is_public)
    except FileNotFoundError as error:
        # Deleted between the row's reading and the file's.
        raise Http404("There is no such file.") from error


def _serve(request: HttpRequest, asset: Asset | Frame, is_public: bool) -> HttpResponseBase:
    wanted = parse_range(request.headers.get("Range", ""), asset.bytes)
    if wanted is None and RANGE.fullmatch(request.headers.get("Range", "")):
        response: HttpResponseBase = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{asset.bytes}"
    elif wanted is not None:
        start, end = wanted
        end = min(end, start + MOST_AT_ONCE - 1)
        response = HttpResponse(_read(asset, start, end), status=206, content_type=asset.mime)
        response.headers["Content-Range"] = f"bytes {start}-{end}/{asset.bytes}"
    else:
        response = _whole(request, asset)
        response.headers["Content-Length"] = str(asset.bytes)
    _add_headers(response, asset, is_public)
    return response


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a single range that can be met, else None."""
    match = RANGE.fullmatch(header)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end else None


def _add_headers(response: HttpResponseBase, asset: Asset | Frame, is_public: bool) -> None:
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Should a file ever be taken for a page, it may do nothing.
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if is_public:
        # The address changes with the bytes. A day: what is taken down must not linger for years.
        response.headers["Cache-Control"] = "private, max-age=86400, immutable"
        response.headers["ETag"] = f'"{asset.sha256[:32]}"'
    else:
        response.headers["Cache-Control"] = "private, no-store"


def _read(asset: Asset | Frame, start: int, end: int) -> bytes:
    with asset.file.storage.open(str(asset.file.name)) as file:
        file.seek(start)
        return file.read(end - start + 1)


def _whole(request: HttpRequest, asset: Asset | Frame) -> HttpResponseBase:
    if asset.bytes <= MOST_AT_ONCE:
        return HttpResponse(_read(asset, 0, asset.bytes - 1), content_type=asset.mime)
    file = asset.file.storage.open(str(asset.file.name))
    # Under ASGI a plain iterator would be read into memory as a whole.
    parts = _async_parts(file) if isinstance(request, ASGIRequest) else _parts(file)
    return StreamingHttpResponse(parts, content_type=asset.mime)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(CHUNK):
            yield part


async def _async_parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while part := await sync_to_async(file.read, thread_sensitive=False)(CHUNK):
            yield part
    finally:
        file.close()
