"""What this app knows of a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessLog
from rest_framework.authtoken.models import Token

from accounts.exporting import plain_rows, register_part
from accounts.models import Consent, Follow, Profile, Restriction, User


def _account(user: User) -> Iterator[dict[str, Any]]:
    rows = plain_rows(
        User.objects.filter(pk=user.pk), "username", "email", "role", "date_joined", "last_login"
    )
    for row in rows:
        profile = Profile.objects.filter(user=user)
        yield row | next(plain_rows(profile, "age_band", "ai_share", "interests"), {})


def _follows(user: User) -> Iterator[dict[str, Any]]:
    return plain_rows(Follow.objects.filter(follower=user), "followed__username", "created_at")


register_part("account", "Your name, address, role and preferences.", _account)
register_part("follows", "Whom you follow.", _follows)
register_part(
    "consents",
    "Every answer you gave to a question of privacy; the newest of a kind is in force.",
    lambda user: plain_rows(Consent.objects.filter(user=user), "kind", "granted", "answered_at"),
)
register_part(
    "addresses",
    "Your e-mail addresses.",
    lambda user: plain_rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
)
register_part(
    "sessions",
    "Where you are signed in.",
    lambda user: plain_rows(
        UserSession.objects.filter(user=user), "created_at", "last_seen_at", "ip", "user_agent"
    ),
)
register_part(
    "sign_ins",
    "When and from where you signed in.",
    lambda user: plain_rows(
        AccessLog.objects.filter(username=user.username),
        *("attempt_time", "logout_time", "ip_address", "user_agent"),
    ),
)
register_part(
    "failed_sign_ins",
    "Attempts to sign in under your name that failed, since they were last cleared.",
    lambda user: plain_rows(
        AccessAttempt.objects.filter(username=user.username),
        *("attempt_time", "failures_since_start", "ip_address"),
    ),
)
register_part(
    "api_keys",
    "Since when you have a key for programs. The key itself is a secret and is not written out.",
    lambda user: plain_rows(Token.objects.filter(user=user), "created"),
)
register_part(
    "restrictions",
    "What you may not do for a while, and why.",
    lambda user: plain_rows(Restriction.objects.filter(user=user), "kind", "until", "why"),
)
