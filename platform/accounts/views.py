"""The person's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.authtoken.models import Token

from accounts.forms import ProfileForm
from accounts.services import become_uploader
from common.http import SignedInRequest


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Preferences, consents and security of the signed-in person."""
    form = ProfileForm(request.POST or None, instance=request.user.profile)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved. Your next page of the feed follows it.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form})


@login_required
@require_POST
def become_uploader_view(request: SignedInRequest) -> HttpResponse:
    """Make the signed-in viewer an uploader and take them to the studio."""
    become_uploader(user=request.user)
    messages.success(request, "The studio is yours. Upload something!")
    return redirect("studio:home")


@login_required
@require_POST
def new_token(request: SignedInRequest) -> HttpResponse:
    """Replace the person's API token and show the new one once."""
    Token.objects.filter(user=request.user).delete()
    token = Token.objects.create(user=request.user)
    form = ProfileForm(instance=request.user.profile)
    return render(request, "accounts/profile.html", {"form": form, "token": token.key})
