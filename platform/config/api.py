"""The API's root: routes of every app, schema, and how errors look."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.errors import DomainError
from config.middleware import status_of


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return DRF's answer; a `DomainError` becomes {"detail": its sentence}."""
    if isinstance(error, DomainError):
        return Response({"detail": str(error)}, status=status_of(error))
    return exception_handler(error, context)
