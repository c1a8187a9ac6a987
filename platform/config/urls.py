"""All URLs. Each app brings its own pages (urls.py) and API routes (api.py)."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import accounts.api
import catalog.api
import dashboard.attacks_api
import dashboard.fairness_api
import dashboard.people_api
import dashboard.policy_api
import feed.api
import generation.api
import knowledge.api
import moderation.api
import studio.api
import studio.captions_api
from config.views import health, manifest

api_patterns = [
    *accounts.api.urlpatterns,
    *catalog.api.urlpatterns,
    *dashboard.attacks_api.urlpatterns,
    *dashboard.fairness_api.urlpatterns,
    *dashboard.people_api.urlpatterns,
    *dashboard.policy_api.urlpatterns,
    *feed.api.urlpatterns,
    *generation.api.urlpatterns,
    *knowledge.api.urlpatterns,
    *moderation.api.urlpatterns,
    *studio.api.urlpatterns,
    *studio.captions_api.urlpatterns,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]

urlpatterns = [
    path("", include("feed.urls")),
    path("", include("catalog.urls")),
    path("facts/", include("knowledge.urls")),
    path("profile/", include("accounts.urls")),
    path("jobs/", include("generation.urls")),
    path("studio/", include("studio.urls")),
    path("", include("moderation.urls")),
    path("dashboard/", include("dashboard.urls")),
    path("accounts/", include("allauth.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api_patterns, "api"))),
    path("healthz", health, name="health"),
    path("manifest.webmanifest", manifest, name="manifest"),
]
