"""The tests: like local, with cheap password hashing and no throttles in the way."""

from __future__ import annotations

from config.settings.local import *  # noqa: F403
from config.settings.local import REST_FRAMEWORK, STATIC_ROOT, VAR_DIR

SECRET_KEY = "only-for-tests"  # noqa: S105
WATERMARK_KEY = "only-for-tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = VAR_DIR / "test-media"
# WhiteNoise warns where nothing has been collected.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
AXES_ENABLED = False
REVIEW_SAMPLE_SHARE = 0.0
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
