from __future__ import annotations

from django.urls import path

from studio import captions_views as views

urlpatterns = [
    path("<int:pk>/captions/", views.page, name="captions"),
    path("<int:pk>/captions.vtt", views.download, name="captions-download"),
    path("<int:pk>/captions/save/", views.save, name="captions-save"),
    path("<int:pk>/captions/script/", views.script, name="captions-script"),
    path("<int:pk>/captions/upload/", views.upload, name="captions-upload"),
    path("<int:pk>/captions/version/", views.version, name="captions-version"),
    path("<int:pk>/captions/fit/", views.change, {"how": "fit"}, name="captions-fit"),
    path("<int:pk>/captions/confirm/", views.change, {"how": "confirm"}, name="captions-confirm"),
    path("<int:pk>/captions/remove/", views.change, {"how": "remove"}, name="captions-remove"),
]
