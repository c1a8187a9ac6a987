"""Pages about one's own data: take it along, and leave."""

from __future__ import annotations

import tempfile
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.exporting import list_parts, write_export
from accounts.leaving import close_account
from accounts.models import User
from common.errors import InvalidInputError
from common.http import SignedInRequest
from common.sending import send_attachment


class LeaveForm(forms.Form):
    """The password, or for an account without one its name, typed."""

    password = forms.CharField(
        label="Your password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    typed = forms.CharField(label="Your name, to confirm", required=False)

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request
        del self.fields["typed" if user.has_usable_password() else "password"]

    def clean(self) -> dict[str, Any]:
        """Refuse a wrong answer in words."""
        asked = {"password": "", "typed": "", **self.cleaned_data}
        try:
            confirm(self.request, self.user, asked["password"], asked["typed"])
        except InvalidInputError as error:
            raise forms.ValidationError(str(error)) from error
        return self.cleaned_data


def confirm(request: HttpRequest, user: User, password: str, typed: str) -> None:
    """Check the answer; wrong passwords count towards the lock-out as at the sign-in."""
    if not user.has_usable_password():
        if typed != user.username:
            raise InvalidInputError("Type your name exactly as it stands above.")
    elif authenticate(request, username=user.username, password=password) is None:
        raise InvalidInputError("This is not your password.")


@login_required
@require_GET
def export(request: SignedInRequest) -> StreamingHttpResponse:
    """Everything Weft knows of the person, as a file of JSON."""
    return send_export(request, request.user)


def send_export(request: HttpRequest, user: User) -> StreamingHttpResponse:
    # A file, not memory: years of events may be in it. Sending closes it, which deletes it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    write_export(user, file)
    return send_attachment(request, file, f"weft-{user.pk}.json", "application/json")


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: SignedInRequest) -> HttpResponse:
    """Say what deletion does, and do it once confirmed."""
    form = LeaveForm(request.POST or None, user=request.user, request=request)
    if request.method == "POST" and form.is_valid():
        close_account(user=request.user)
        logout(request)
        messages.success(request, "Your account is closed, and what belongs to it is being erased.")
        return redirect("feed:page")
    context = {"form": form, "parts": list_parts()}
    return render(request, "accounts/leave.html", context)
