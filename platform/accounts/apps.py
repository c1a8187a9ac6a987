from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from accounts import receivers  # noqa: F401  connects them

        # What each app knows of a person, for the export and for deletion.
        autodiscover_modules("personal_data")
