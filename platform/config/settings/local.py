"""One machine, one command: secrets made up on first start and kept under var/keys."""

from __future__ import annotations

import os
import secrets

from config.settings.base import *  # noqa: F403
from config.settings.base import KEYS_DIR, STATIC_ROOT, env


def _kept_secret(name: str) -> str:
    """Return the secret of this name from var/keys, made on first use, readable by us alone."""
    path = KEYS_DIR / name
    if not path.exists():
        KEYS_DIR.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


SECRET_KEY = env("SECRET_KEY", default="") or _kept_secret("django")
WATERMARK_KEY = env("WATERMARK_KEY", default="") or _kept_secret("watermark")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# Static files come straight from the apps: nothing has to be collected first.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = DEBUG
