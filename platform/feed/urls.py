from __future__ import annotations

from django.urls import path

from feed import instructor_views, views

app_name = "feed"
urlpatterns = [
    path("", views.page, name="page"),
    path("feed/events/", views.events_view, name="events"),
    path("feed/<int:pk>/react/", views.react_view, name="react"),
    path("feed/why/<int:pk>/", views.why_view, name="why"),
    path("instructor/turns/", instructor_views.send, name="instructor-send"),
    path("instructor/turns/<int:turn_id>/", instructor_views.turn, name="instructor-turn"),
    path("instructor/turns/<int:turn_id>/cards/", instructor_views.cards, name="instructor-cards"),
    path("instructor/clear/", instructor_views.clear, name="instructor-clear"),
]
