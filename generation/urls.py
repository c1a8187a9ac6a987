from __future__ import annotations

from django.urls import path

from generation import views

app_name = "generation"
urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("events", views.events_of_many, name="events-of-many"),
    path("cancel/", views.cancel_all, name="cancel-all"),
    path("<int:job_id>/", views.job, name="job"),
    path("<int:job_id>/events", views.events, name="events"),
    path("<int:job_id>/cancel/", views.cancel, name="cancel"),
    path("<int:job_id>/retry/", views.retry, name="retry"),
    path("<int:job_id>/rerun/", views.rerun, name="rerun"),
    path("groups/<uuid:batch>/", views.group, name="group"),
    path("groups/<uuid:batch>/cancel/", views.cancel_group, name="group-cancel"),
    path("groups/<uuid:batch>/retry/", views.retry_group, name="group-retry"),
]
