"""Who may see the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse

from common.errors import NotAllowedError
from common.http import SignedInRequest

View = Callable[..., HttpResponse]


def operator_required(view: View) -> View:
    """Let operators in; everybody else is told so politely."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.can_operate:
            raise NotAllowedError("These pages are for operators.")
        return view(request, *args, **kwargs)

    return guarded
