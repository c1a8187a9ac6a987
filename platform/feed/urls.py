from __future__ import annotations

from django.urls import path

from feed import views

app_name = "feed"
urlpatterns = [
    path("", views.page, name="page"),
    path("feed/events/", views.events_view, name="events"),
    path("feed/<int:pk>/react/", views.react_view, name="react"),
    path("feed/why/<int:pk>/", views.why_view, name="why"),
]
