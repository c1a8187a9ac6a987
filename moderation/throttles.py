"""How often a stranger may ask what a file carries: each question decodes a picture."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import SimpleRateThrottle

from common.errors import QuotaExceededError

TOO_OFTEN = "Too many files in a short time. Please wait a minute."


class VerifyThrottle(SimpleRateThrottle):
    scope = "verify"

    def get_cache_key(self, request: Any, view: Any) -> str:
        """Count by person, or by address for strangers."""
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            ident = f"user{user.pk}"
        else:
            ident = request.META.get("REMOTE_ADDR", "")
        return self.cache_format % {"scope": self.scope, "ident": ident}


def require_within_rate(request: Any) -> None:
    """Refuse when this person or address asked too often."""
    if not VerifyThrottle().allow_request(request, view=None):  # type: ignore[arg-type]
        raise QuotaExceededError(TOO_OFTEN)
