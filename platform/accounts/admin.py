"""Back office for people."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Consent, Profile, User


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "role", "is_active", "date_joined")
    list_filter = ("role", "is_active")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), ("Weft", {"fields": ("role",)}))


@admin.register(Profile)
class ProfileAdmin(ModelAdmin):
    list_display = ("user", "age_band", "ai_share")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)


@admin.register(Consent)
class ConsentAdmin(ModelAdmin):
    """Consents are a record: shown, never changed here."""

    list_display = ("user", "kind", "granted", "answered_at")
    list_select_related = ("user",)

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
