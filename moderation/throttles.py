"""How often somebody may ask what a file carries, and report items."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import SimpleRateThrottle

from common.errors import QuotaExceededError

TOO_OFTEN = "Too many files in a short time. Please wait a minute."
TOO_MANY_REPORTS = "Too many reports in a short time. Please wait an hour."


class PersonOrAddressThrottle(SimpleRateThrottle):
    def get_cache_key(self, request: Any, view: Any) -> str:
        """Count by person, or by address for strangers."""
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            ident = f"user{user.pk}"
        else:
            ident = request.META.get("REMOTE_ADDR", "")
        return self.cache_format % {"scope": self.scope, "ident": ident}


class VerifyThrottle(PersonOrAddressThrottle):
    """Each question decodes a picture."""

    scope = "verify"


class ReportThrottle(PersonOrAddressThrottle):
    scope = "report"


class VisitorReportThrottle(PersonOrAddressThrottle):
    scope = "visitor_report"


def require_report_rate(request: Any) -> None:
    """Refuse when this person or address reported too often."""
    throttle = ReportThrottle if request.user.is_authenticated else VisitorReportThrottle
    if not throttle().allow_request(request, view=None):  # type: ignore[arg-type]
        raise QuotaExceededError(TOO_MANY_REPORTS)


def require_within_rate(request: Any) -> None:
    """Refuse when this person or address asked too often."""
    if not VerifyThrottle().allow_request(request, view=None):  # type: ignore[arg-type]
        raise QuotaExceededError(TOO_OFTEN)
