from __future__ import annotations

from django.urls import path

from moderation import console_views, operator_views, standing_views, views

app_name = "moderation"
urlpatterns = [
    path("moderation/", console_views.queue, name="queue"),
    path("moderation/next/", console_views.claim_next, name="claim_next"),
    path("moderation/decide/", console_views.decide_many, name="decide_many"),
    path("moderation/settings/", console_views.settings_page, name="settings"),
    path("moderation/cases/<int:pk>/", console_views.case_page, name="case"),
    path("moderation/cases/<int:pk>/claim/", console_views.claim, name="claim"),
    path("moderation/cases/<int:pk>/release/", console_views.release, name="release"),
    path("moderation/cases/<int:pk>/skip/", console_views.skip, name="skip"),
    path("moderation/cases/<int:pk>/note/", console_views.note, name="note"),
    path("moderation/cases/<int:pk>/move/", console_views.move, name="move"),
    path("moderation/cases/<int:pk>/decide/", console_views.decide, name="decide"),
    path("moderation/items/<int:pk>/age/", console_views.age_rating, name="age_rating"),
    path("moderation/rules/", operator_views.rules, name="rules"),
    path("moderation/routing/", operator_views.routing, name="routing"),
    path("moderation/policy/", operator_views.policy_page, name="policy"),
    path("moderation/audit/", operator_views.audit_log, name="audit"),
    path("moderation/audit/verify/", operator_views.verify_audit, name="verify_audit"),
    path("transparency/", operator_views.transparency_page, name="transparency"),
    path("transparency/export/", operator_views.export_transparency, name="export"),
    path("items/<int:pk>/report/", standing_views.report, name="report"),
    path("reports/<slug:receipt>/", standing_views.receipt, name="receipt"),
    path("standing/", standing_views.standing, name="standing"),
    path("standing/reports/<int:pk>/", standing_views.own_report, name="own_report"),
    path("statements/<uuid:puid>/", standing_views.statement, name="statement"),
    path("verify/", views.verify, name="verify"),
    path("items/<int:pk>/trust/", views.trust, name="trust"),
]
