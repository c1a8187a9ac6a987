"""The tests: like local, with cheap password hashing and no throttles in the way."""

from __future__ import annotations

from config.settings.local import *  # noqa: F403
from config.settings.local import DATABASES, REST_FRAMEWORK, STATIC_ROOT, VAR_DIR

SECRET_KEY = "only-for-tests"  # noqa: S105
WATERMARK_KEY = "only-for-tests"
# Tests that commit empty every table afterwards, the append-only ones too.
DATABASES["default"]["OPTIONS"]["options"] = "-c weft.may_empty=on"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = VAR_DIR / "test-media"
# WhiteNoise warns where nothing has been collected.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
AXES_ENABLED = False
REVIEW_SAMPLE_SHARE = 0.0
# Tests of the policy turn it on; elsewhere the instructor does what its rules say.
POLICY_EXPLORATION = 0.0
# Tests of judging turn it on; what other tests draw need not be good.
GENERATION_JUDGES_RESULTS = False
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
