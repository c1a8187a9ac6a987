from __future__ import annotations

from django.urls import path

from studio import captions_urls, request_views, views

app_name = "studio"
urlpatterns = [
    path("", views.home, name="home"),
    path("upload/", views.upload, name="upload"),
    path("<int:pk>/", views.item_page, name="item"),
    path("<int:pk>/details/", views.details, name="details"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/permissions/", views.permissions, name="permissions"),
    path("<int:pk>/people/", views.people, name="people"),
    path("<int:pk>/poster/", views.poster, name="poster"),
    path("<int:pk>/submit/", views.submit, name="submit"),
    path("<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("<int:pk>/delete/", views.delete, name="delete"),
    *captions_urls.urlpatterns,
    *request_views.urlpatterns,
]
