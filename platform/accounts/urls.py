"""Pages about the person, under /profile/."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("become-uploader/", views.become_uploader_view, name="become-uploader"),
    path("token/", views.new_token, name="token"),
]
