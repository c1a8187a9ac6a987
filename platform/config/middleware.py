"""What every response gets: CSP, private caching, and a plain sentence for domain errors."""

from __future__ import annotations

from collections.abc import Callable

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
    """The site's strict policy; /admin/ alone gets the wider one that its library needs."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path.startswith("/admin/"):
            response._csp_update = settings.ADMIN_CSP  # type: ignore[attr-defined]
        return super().process_response(request, response)


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
