from __future__ import annotations

from django.urls import path

from feed import (
    attachment_views,
    create_views,
    following,
    instructor_views,
    offer_views,
    opinion_views,
    views,
    wish_views,
)

app_name = "feed"
urlpatterns = [
    path("", views.page, name="page"),
    path("feed/events/", views.events_view, name="events"),
    path("feed/<int:pk>/react/", views.react_view, name="react"),
    path("feed/why/<int:pk>/", views.why_view, name="why"),
    path("following/", following.page, name="following"),
    path("feed/<int:pk>/opinion/", opinion_views.opinion, name="opinion"),
    path("feed/<int:pk>/remarks/", opinion_views.remark, name="remark"),
    path("feed/remarks/<int:remark_id>/", opinion_views.change, name="change-remark"),
    path("create/", create_views.create_page, name="create"),
    path("create/understood/", create_views.understood, name="create-understood"),
    path("instructor/turns/", instructor_views.send, name="instructor-send"),
    path("instructor/turns/<int:turn_id>/", instructor_views.turn, name="instructor-turn"),
    path("instructor/turns/<int:turn_id>/cards/", instructor_views.cards, name="instructor-cards"),
    *attachment_views.urlpatterns,
    *wish_views.urlpatterns,
    *offer_views.urlpatterns,
    path("instructor/clear/", instructor_views.clear, name="instructor-clear"),
]
