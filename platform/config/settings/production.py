"""Servers: every secret comes from the environment, and its absence stops the start."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES, env

SECRET_KEY = env("SECRET_KEY")
WATERMARK_KEY = env("WATERMARK_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "config.static.HashedStaticFiles"},
}
