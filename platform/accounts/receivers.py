"""What follows from events of the login library and of accounts themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from rest_framework.authtoken.models import Token

from accounts.models import Profile, User


@receiver(post_save, sender=User, dispatch_uid="profile_for_new_user")
def make_profile(sender: type[User], instance: User, created: bool, **kwargs: Any) -> None:
    """Every account has a profile from its first moment, whichever way it was made."""
    if created and not kwargs.get("raw"):
        Profile.objects.get_or_create(user=instance)


@receiver([password_changed, password_reset], dispatch_uid="revoke_on_password_change")
def revoke_access(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """End every other session and API token of a person who changed their password."""
    Token.objects.filter(user=user).delete()
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    for session in others:
        session.end()
    if request.user.is_authenticated:
        update_session_auth_hash(request, user)
