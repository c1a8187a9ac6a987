"""Back office of moderation: to look at. Decisions are made on the moderator's pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from moderation.models import (
    Appeal,
    AuditEntry,
    Case,
    CheckResult,
    Decision,
    Mark,
    PolicyVersion,
    Report,
    RoutingVersion,
    Rule,
    Screening,
    Statement,
    Strike,
)


class ReadOnlyAdmin(ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Screening)
class ScreeningAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "state", "attempts", "policy_version", "created_at"]
    list_filter = ["state", "policy_version"]
    list_select_related = ["item"]


@admin.register(CheckResult)
class CheckResultAdmin(ReadOnlyAdmin):
    list_display = ["id", "check_name", "perspective", "verdict", "score", "threshold", "summary"]
    list_filter = ["verdict", "check_name", "perspective"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "reason", "state", "priority", "claimed_by", "created_at"]
    list_filter = ["state", "reason"]
    list_select_related = ["item", "claimed_by"]


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "action", "reason_code", "moderator", "created_at"]
    list_filter = ["action", "reason_code"]
    list_select_related = ["item", "moderator"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", "action", "actor", "item_id", "created_at"]
    list_filter = ["action"]
    list_select_related = ["actor"]


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ["check_name", "threshold", "enabled", "changed_by", "changed_at"]
    list_select_related = ["changed_by"]


@admin.register(Mark)
class MarkAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "watermarked", "key_id", "created_at"]
    list_filter = ["watermarked", "key_id"]
    list_select_related = ["item"]


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "reason", "weight", "state", "created_at"]
    list_filter = ["state", "reason"]
    list_select_related = ["item"]


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    list_display = ["puid", "rule", "ground", "automated_decision", "created_at", "reversed_at"]
    list_filter = ["ground", "category", "automated_decision"]


@admin.register(Strike)
class StrikeAdmin(ReadOnlyAdmin):
    list_display = ["id", "user", "points", "reason_code", "expires_at", "revoked_at"]
    list_select_related = ["user"]


@admin.register(Appeal)
class AppealAdmin(ReadOnlyAdmin):
    list_display = ["id", "decision", "by", "state", "created_at"]
    list_filter = ["state", "by"]
    list_select_related = ["decision"]


@admin.register(RoutingVersion, PolicyVersion)
class VersionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "changed_by", "created_at"]
    list_select_related = ["changed_by"]
