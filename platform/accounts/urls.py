"""Pages about the person, under /profile/."""

from django.urls import path

from accounts import own_data, views

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("become-uploader/", views.become_uploader_view, name="become-uploader"),
    path("token/", views.new_token, name="token"),
    path("export/", own_data.export, name="export"),
    path("delete/", own_data.leave, name="leave"),
    path("people/<str:username>/follow/", views.follow_view, name="follow"),
]
