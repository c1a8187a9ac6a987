"""The person's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.authtoken.models import Token

from accounts.follows import follow, unfollow
from accounts.forms import ProfileForm
from accounts.services import become_uploader
from common.http import HtmxRequest, SignedInRequest, wants_fragment


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


@require_POST
def follow_view(request: HtmxRequest, username: str) -> HttpResponse:
    """Follow a person or stop it; htmx gets the button back, others return to where they were."""
    back = _own_page(request, request.POST.get("next", ""))
    if not request.user.is_authenticated:
        answer = redirect_to_login(back)
        if request.htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
        return answer
    actions = {"follow": follow, "unfollow": unfollow}
    action = actions.get(request.POST.get("do", ""))
    if action is None:
        return HttpResponseBadRequest("Say whether to follow or to stop following.")
    person = action(follower=request.user, username=username)
    if not wants_fragment(request):
        return redirect(back)
    context = {"person": person, "followed": action is follow, "next": back}
    return render(request, "accounts/_follow.html", context)


def _own_page(request: HtmxRequest, wanted: str) -> str:
    """Return the page asked for if it is one of ours, else the list of followed people."""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("feed:following")
