from __future__ import annotations

from django.urls import path

from knowledge import views

app_name = "knowledge"
urlpatterns = [
    path("", views.facts_page, name="facts"),
    path("<int:pk>/", views.passage_page, name="passage"),
]
