from __future__ import annotations

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("items/<int:pk>/", views.item_page, name="item"),
    path("media/<int:asset_id>/<slug:role>.<slug:extension>", views.media, name="media"),
    path("search/", views.search_page, name="search"),
]
