"""A temporary file as an attachment, in parts, whichever way the server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

CHUNK = 256 * 1024


def send_attachment(
    request: HttpRequest, file: IO[bytes], name: str, mime: str
) -> StreamingHttpResponse:
    """Return the file from its beginning as a download; it is closed at the end."""
    size = file.seek(0, 2)
    file.seek(0)
    # Under ASGI a plain iterator would be read into memory as a whole.
    parts = _async_parts(file) if isinstance(request, ASGIRequest) else _parts(file)
    response = StreamingHttpResponse(parts, content_type=mime)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(size)
    response.headers["Cache-Control"] = "private, no-store"
    return response


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
