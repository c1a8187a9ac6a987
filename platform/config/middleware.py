"""What every response gets: CSP, private caching, and a plain sentence for domain errors."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.middleware import UserSessionsMiddleware
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from common.errors import ConflictError, DomainError, NotAllowedError, QuotaExceededError

STATUS_OF_ERROR = {NotAllowedError: 403, ConflictError: 409, QuotaExceededError: 429}


def status_of(error: DomainError) -> int:
    """Return the HTTP status that goes with a refusal; 400 unless its kind says otherwise."""
    return next((code for kind, code in STATUS_OF_ERROR.items() if isinstance(error, kind)), 400)


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The site's strict policy; /admin/ alone gets the wider one that its library needs.

    Permissions-Policy goes along: of a browser's devices only the microphone is of use to us.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path.startswith("/admin/"):
            response._csp_update = settings.ADMIN_CSP  # type: ignore[attr-defined]
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return super().process_response(request, response)


class SessionActivityMiddleware(UserSessionsMiddleware):
    """Note when a session was last used, for the person's list of sessions: every five minutes.

    The original reads and writes three rows on every request. Another address or browser under the
    same session is noted at once.
    """

    EVERY_S, MOST = 300.0, 10_000

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self._noted: dict[tuple[str, str, str], float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = time.monotonic()
        who = (
            request.session.session_key or "",
            request.META.get("REMOTE_ADDR", ""),
            request.META.get("HTTP_USER_AGENT", ""),
        )
        if now - self._noted.get(who, -self.EVERY_S) < self.EVERY_S:
            return self.get_response(request)
        if len(self._noted) >= self.MOST:
            self._noted.clear()
        if request.user.is_authenticated:
            self._noted[who] = now
        return super().__call__(request)


class PrivateCacheMiddleware:
    """Personal pages are never stored by a shared cache, unless the view said otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class DomainErrorMiddleware:
    """Turn a `DomainError` that a view let through into its sentence, in the caller's format."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        status = status_of(error)
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"detail": str(error)}, status=status)
        template = "_problem.html" if request.headers.get("HX-Request") else "problem.html"
        return render(request, template, {"problem": str(error)}, status=status)
