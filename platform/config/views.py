"""Pages of no app: health and the web-app manifest."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_GET


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    """Return {"ok": true} when the web process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """The web-app manifest, so that Weft can be put on a phone's home screen."""
    return JsonResponse(
        {
            "name": "Weft",
            "short_name": "Weft",
            "start_url": "/",
            "display": "standalone",
            "background_color": "#0e0e12",
            "theme_color": "#0e0e12",
            "icons": [{"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
        },
        content_type="application/manifest+json",
    )
