"""What the panel does with pictures and videos before they are sent: upload, look, take away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_POST

from catalog.models import Item
from common.errors import InvalidInputError
from common.http import SignedInRequest
from feed.attachments import attach_file, discard_attachment, get_attachment, state_of


class AttachmentForm(forms.Form):
    """One file; what it really is is told by its bytes."""

    file = forms.FileField(allow_empty_file=True)


@require_POST
@login_required
def attach(request: SignedInRequest) -> HttpResponse:
    """Take one file in and say where to ask how it is coming along."""
    form = AttachmentForm(request.POST, request.FILES)
    if not form.is_valid():
        raise InvalidInputError("No file arrived. Please choose it again.")
    item = attach_file(user=request.user, file=form.cleaned_data["file"])
    return JsonResponse(as_json(item), status=201)


@require_GET
@login_required
def attachment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say how an attachment of the person's own is coming along."""
    return JsonResponse(as_json(get_attachment(user=request.user, pk=pk)))


@require_POST
@login_required
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete an attachment that was not sent, with its files."""
    discard_attachment(user=request.user, pk=pk)
    return HttpResponse(status=204)


def as_json(item: Item) -> dict[str, Any]:
    """Return an attachment as the panel's script reads it."""
    return {
        "id": item.pk,
        "kind": item.kind,
        "state": state_of(item),
        "problem": item.problem,
        "thumb_url": item.thumb_url,
        "url": reverse("feed:attachment", args=[item.pk]),
        "discard_url": reverse("feed:attachment-discard", args=[item.pk]),
    }


urlpatterns = [
    path("instructor/attachments/", attach, name="attach"),
    path("instructor/attachments/<int:pk>/", attachment, name="attachment"),
    path("instructor/attachments/<int:pk>/discard/", discard, name="attachment-discard"),
]
