from __future__ import annotations

from django.urls import path

from catalog import permission_views, views

app_name = "catalog"
urlpatterns = [
    path("items/<int:pk>/", views.item_page, name="item"),
    path("media/<int:asset_id>/<slug:role>.<slug:extension>", views.media, name="media"),
    path("media/frames/<int:frame_id>.jpg", views.frame, name="frame"),
    path("search/", views.search_page, name="search"),
    *permission_views.urlpatterns,
]
