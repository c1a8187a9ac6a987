from __future__ import annotations

from django.urls import path

from moderation import views

app_name = "moderation"
urlpatterns = [
    path("moderation/", views.queue, name="queue"),
    path("moderation/next/", views.claim_next, name="claim_next"),
    path("moderation/decide/", views.decide_many, name="decide_many"),
    path("moderation/cases/<int:pk>/", views.case_page, name="case"),
    path("moderation/cases/<int:pk>/claim/", views.claim, name="claim"),
    path("moderation/cases/<int:pk>/release/", views.release, name="release"),
    path("moderation/cases/<int:pk>/skip/", views.skip, name="skip"),
    path("moderation/cases/<int:pk>/decide/", views.decide, name="decide"),
    path("moderation/audit/", views.audit_log, name="audit"),
    path("moderation/rules/", views.rules, name="rules"),
    path("verify/", views.verify, name="verify"),
    path("items/<int:pk>/trust/", views.trust, name="trust"),
]
