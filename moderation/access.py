"""Who may open the moderators' and the operators' pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http.response import HttpResponseBase

from common.errors import NotAllowedError
from common.http import SignedInRequest

View = Callable[..., HttpResponseBase]


def moderator_required(view: View) -> View:
    """Let moderators and operators in; everybody else is told so politely."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.can_moderate:
            raise NotAllowedError("These pages are for moderators.")
        return view(request, *args, **kwargs)

    return guarded


def operator_required(view: View) -> View:
    """Let operators in; everybody else is told so politely."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.can_operate:
            raise NotAllowedError("These pages are for operators.")
        return view(request, *args, **kwargs)

    return guarded


def first_error(form: Any) -> str:
    """Return the first thing that is wrong with a form, as a sentence."""
    return next(str(error) for errors in form.errors.values() for error in errors)
