"""The public verify page, and an item's trust panel."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from catalog.selectors import get_item
from common.errors import DomainError, InvalidInputError
from moderation.access import first_error
from moderation.forms import VerifyForm
from moderation.selectors import item_trust
from moderation.services import require_size, verify_file
from moderation.throttles import require_within_rate


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Tell what marks a file carries. Public; the file is never stored."""
    report, problem, status = None, "", 200
    posted = request.method == "POST"
    form = VerifyForm(request.POST, request.FILES) if posted else VerifyForm()
    if posted:
        try:
            require_within_rate(request)
            if not form.is_valid():
                raise InvalidInputError(first_error(form))
            file = form.cleaned_data["file"]
            require_size(file.size)
            report = verify_file(data=file.read(), user=request.user)  # type: ignore[arg-type]
        except DomainError as error:
            problem = str(error)
            status = 429 if "Too many" in problem else 400
    most = settings.VERIFY_MAX_BYTES // 1024**2
    context = {"form": form, "report": report, "problem": problem, "most_megabytes": most}
    return render(request, "moderation/verify.html", context, status=status)


@require_GET
def trust(request: HttpRequest, pk: int) -> HttpResponse:
    """Checks and provenance of an item, for those who may see it."""
    item = get_item(user=request.user, pk=pk)  # type: ignore[arg-type]
    fragment = bool(request.headers.get("HX-Request"))
    template = "moderation/_trust.html" if fragment else "moderation/trust.html"
    return render(request, template, {"trust": item_trust(item), "item": item})
