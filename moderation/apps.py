from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        from moderation import receivers  # noqa: F401  connects them
        from moderation.defaults import ensure_defaults

        post_migrate.connect(ensure_defaults, sender=self, dispatch_uid="moderation_defaults")
