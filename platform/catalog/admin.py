"""Back office of items. States change only through moderation, so they are read-only here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from catalog.models import Asset, Embedding, Item


class AssetInline(TabularInline):
    model = Asset
    extra = 0
    can_delete = False
    fields = readonly_fields = ("role", "mime", "width", "height", "duration_s", "bytes", "sha256")

    def has_add_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        return False


@admin.register(Item)
class ItemAdmin(ModelAdmin):
    list_display = (
        "still",
        "title",
        "kind",
        "origin",
        "state",
        "media_state",
        "owner",
        "created_at",
    )
    list_display_links = ("still", "title")
    list_filter = ("state", "media_state", "origin", "kind", "garment_type", "age_rating")
    search_fields = ("title", "description", "owner__username", "source_key")
    list_select_related = ("owner",)
    raw_id_fields = ("owner", "made_for", "parent")
    readonly_fields = (
        "state",
        "media_state",
        "media_attempts",
        "media_lease_until",
        "problem",
        "incoming",
        "guidance",
        "manifest",
        "submitted_at",
        "published_at",
        "created_at",
        "updated_at",
    )
    inlines = (AssetInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        # What people attach to a conversation is theirs alone.
        return super().get_queryset(request).filter(is_attachment=False).prefetch_related("assets")

    @admin.display(description="")
    def still(self, item: Item) -> str:
        if not item.thumb_url:
            return "–"
        return format_html('<img src="{}" alt="" width="48" height="64">', item.thumb_url)


@admin.register(Embedding)
class EmbeddingAdmin(ModelAdmin):
    list_display = ("item", "model", "created_at")
    list_filter = ("model",)
    fields = readonly_fields = ("item", "model", "created_at")
    list_select_related = ("item",)
