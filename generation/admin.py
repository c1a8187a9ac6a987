"""Back office of generation: jobs, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from generation.models import Job


@admin.register(Job)
class JobAdmin(ModelAdmin):
    """Jobs are facts: nothing is changed here by hand."""

    list_display = ["id", "user", "state", "stage", "attempts", "backend", "created_at"]
    list_filter = ["state", "stage", "created_at"]
    search_fields = ["user__username", "idempotency_key", "problem"]
    list_select_related = ["user"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False
