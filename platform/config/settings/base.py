"""Settings of every environment. Secrets have no default here: local.py makes them up."""

from __future__ import annotations

import os
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from config.beat import SCHEDULE
from config.database import database_settings

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[3]
# Everything the site writes lies here: database, media, keys, queue.
VAR_DIR = Path(env("WEFT_VAR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_NAME = "Weft"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "template_partials",
    "django_htmx",
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "vision",
    "accounts",
    "knowledge",
    "catalog",
    "recommender",
    "generation",
    "moderation",
    "feed",
    "studio",
    "dashboard",
    "demo",
    "evaluation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "catalog.visitors.VisitorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.SessionActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.PrivateCacheMiddleware",
    "config.middleware.DomainErrorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": database_settings(VAR_DIR)}

# --- people ---------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "feed:page"
LOGOUT_REDIRECT_URL = "feed:page"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
USERSESSIONS_TRACK_ACTIVITY = True
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
SILENCED_SYSTEM_CHECKS = ["axes.W003"]
AXES_VERBOSE = False

# --- language, time -------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
# No MEDIA_URL is routed: every byte of media goes through catalog.views.media's permission check.
MEDIA_URL = "/media/"

if bucket := env("AWS_STORAGE_BUCKET_NAME", default=""):
    _default_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env("AWS_S3_ENDPOINT_URL", default=None),
            "region_name": env("AWS_S3_REGION_NAME", default=None),
            "querystring_expire": 300,
            "file_overwrite": False,
            "default_acl": None,
        },
    }
else:
    _default_storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
STORAGES = {
    "default": _default_storage,
    "staticfiles": {"BACKEND": "config.static.StaticFiles"},
}

# Where a signed address of the bucket may lead the browser, for the content security policy.
MEDIA_ORIGINS: list[str] = []
if bucket:
    _endpoint = env("AWS_S3_ENDPOINT_URL", default="")
    _region = env("AWS_S3_REGION_NAME", default="us-east-1")
    MEDIA_ORIGINS = env.list(
        "MEDIA_ORIGINS",
        default=[_endpoint]
        if _endpoint
        else [f"https://{bucket}.s3.amazonaws.com", f"https://{bucket}.s3.{_region}.amazonaws.com"],
    )

UPLOAD_MAX_BYTES = 200 * 1024 * 1024
# Pictures and videos in a conversation, and how long they are kept when nothing is done with them.
ATTACHMENT_MAX_BYTES = env.int("ATTACHMENT_MAX_MB", default=50) * 1024 * 1024
ATTACHMENT_DAYS = env.int("ATTACHMENT_DAYS", default=30)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- jobs -----------------------------------------------------------------------------------
QUEUE_DIR = VAR_DIR / "queue"
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost//")
if CELERY_BROKER_URL.startswith("filesystem"):
    for _folder in ("messages", "processed", "control"):
        (QUEUE_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "processed_folder": str(QUEUE_DIR / "processed"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
        # kombu hands out one message a polling interval, by default one a second.
        "polling_interval": 0.1,
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # Longer than any task may run, or Redis hands the same message to a second worker.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Not behind a video that takes half an hour.
    "generation.tasks.requeue_stale_jobs_task": {"queue": "default"},
    "generation.tasks.forget_words_task": {"queue": "default"},
    "generation.tasks.*": {"queue": "generate"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- models ---------------------------------------------------------------------------------
# "embedded" is our own small model; any open_clip name (with its checkpoint) or diffusers
# repository id or folder may stand here instead.
# The watermark's key is made of WATERMARK_KEY and this id. To rotate: a new id; where the secret
# itself leaked, a new WATERMARK_KEY, with the old one among the retired ("1=old secret,2=...").
WATERMARK_KEY_ID = env("WATERMARK_KEY_ID", default="1")
WATERMARK_RETIRED_KEYS = env.dict("WATERMARK_RETIRED_KEYS", default={})
# Further watermarks beside ours, as "name=file": videoseal (TorchScript), trustmark (a folder).
WATERMARK_MODELS = env.dict("WATERMARK_MODELS", default={})

ENCODER_MODEL = env("ENCODER_MODEL", default="embedded")
ENCODER_PRETRAINED = env("ENCODER_PRETRAINED", default=None)
CREATOR_MODEL = env("CREATOR_MODEL", default="embedded")
CREATOR_REVISION = env("CREATOR_REVISION", default=None)
# The instructor's language model: any OpenAI-compatible address ("https://host/v1") and model.
# Without one the embedded engine listens; it also answers whenever the model cannot.
WEFT_LLM_BASE_URL = env("WEFT_LLM_BASE_URL", default="")
WEFT_LLM_MODEL = env("WEFT_LLM_MODEL", default="")
WEFT_LLM_API_KEY = env("WEFT_LLM_API_KEY", default="")
# Seconds for one message, all tries together.
WEFT_LLM_TIMEOUT = env.float("WEFT_LLM_TIMEOUT", default=6.0)
WEFT_LLM_MAX_RETRIES = env.int("WEFT_LLM_MAX_RETRIES", default=2)
# After so many failures in a row it is left alone for so many seconds.
WEFT_LLM_BREAKER_FAILURES = env.int("WEFT_LLM_BREAKER_FAILURES", default=4)
WEFT_LLM_BREAKER_PAUSE = env.float("WEFT_LLM_BREAKER_PAUSE", default=60.0)
# Price of a million tokens, and the most a day (UTC) may cost, in one currency.
WEFT_LLM_PRICE_INPUT = env.float("WEFT_LLM_PRICE_INPUT", default=0.0)
WEFT_LLM_PRICE_OUTPUT = env.float("WEFT_LLM_PRICE_OUTPUT", default=0.0)
WEFT_LLM_DAILY_COST_CAP = env.float("WEFT_LLM_DAILY_COST_CAP", default=5.0)
WEFT_LLM_DAILY_COST_CAP_PERSON = env.float("WEFT_LLM_DAILY_COST_CAP_PERSON", default=0.5)
# Share of the instructor's open choices that are drawn by lot, so that its policy can be judged
# off-line; at most 0.05.
POLICY_EXPLORATION = env.float("POLICY_EXPLORATION", default=0.05)
# Creations a person may ask for in 24 hours (a video counts as several) and at once.
GENERATION_DAILY_QUOTA = env.int("GENERATION_DAILY_QUOTA", default=120)
GENERATION_MAX_ACTIVE = env.int("GENERATION_MAX_ACTIVE", default=8)
# What loads a generator by name and revision; the truth about one job is its row.
GENERATION_LOADER = "generation.core.backends.load_backend"
VIDEO_LOADER = "generation.core.video.load_video_backend"
VIDEO_MODEL = env("VIDEO_MODEL", default="embedded")
VIDEO_REVISION = env("VIDEO_REVISION", default=None)
# What restyles pictures and videos: our own looks, or a diffusers image-to-image and a
# video-to-video model by repository id or folder.
STYLE_MODEL = env("STYLE_MODEL", default="embedded")
STYLE_REVISION = env("STYLE_REVISION", default=None)
STYLE_VIDEO_MODEL = env("STYLE_VIDEO_MODEL", default="embedded")
STYLE_VIDEO_REVISION = env("STYLE_VIDEO_REVISION", default=None)
# Stages of jobs that are kept for the next edit.
GENERATION_CACHE_MB = env.int("GENERATION_CACHE_MB", default=1024)
# Whether results are judged, made once more when they fall short, and refused when they still do.
GENERATION_JUDGES_RESULTS = env.bool("GENERATION_JUDGES_RESULTS", default=True)
# Folder of a faster-whisper model, for captions from speech; without one that is not offered.
WHISPER_MODEL_PATH = env("WHISPER_MODEL_PATH", default="")
# A TrueType font for burnt-in captions in other scripts than Latin; else the one in Pillow.
CAPTION_FONT = env("CAPTION_FONT", default="")
# How long a worker may be silent before another takes its job over.
GENERATION_LEASE_S = env.int("GENERATION_LEASE_S", default=45)
GENERATION_LOST_AFTER_S = env.int("GENERATION_LOST_AFTER_S", default=20)

# --- knowledge ------------------------------------------------------------------------------
# What one page or feed may weigh on the wire (three times that unpacked) and take to arrive.
KNOWLEDGE_MAX_BYTES = env.int("KNOWLEDGE_MAX_BYTES", default=4 * 1024 * 1024)
KNOWLEDGE_FETCH_S = env.float("KNOWLEDGE_FETCH_S", default=20.0)
KNOWLEDGE_MAX_UPLOAD_BYTES = env.int("KNOWLEDGE_MAX_UPLOAD_BYTES", default=10 * 1024 * 1024)

# --- moderation -----------------------------------------------------------------------------
KEYS_DIR = Path(env("KEYS_DIR", default=str(VAR_DIR / "keys")))
# A file of certificates (PEM): what they signed counts as trusted, for example the C2PA trust list.
C2PA_TRUST_ANCHORS = env("C2PA_TRUST_ANCHORS", default="")
# A time-stamping authority (RFC 3161), by address; without one manifests carry no time stamp. Its
# root belongs among the trust anchors.
C2PA_TIMESTAMP_URL = env("C2PA_TIMESTAMP_URL", default="")
# The largest file that /verify/ takes.
VERIFY_MAX_BYTES = env.int("VERIFY_MAX_BYTES", default=100 * 1024 * 1024)
# Share of clean items that a person looks at all the same.
REVIEW_SAMPLE_SHARE = env.float("REVIEW_SAMPLE_SHARE", default=0.05)
# YuNet's ONNX file for finding faces; without it OpenCV's Haar cascade does.
FACE_DETECTOR_PATH = env.str("FACE_DETECTOR_PATH", default="")
# An image-classification model of the hub (repository id or folder) whose labels tell AI from
# human: what it says is shown to moderators as a hint, and decides nothing.
AI_DETECTOR_MODEL = env.str("AI_DETECTOR_MODEL", default="")
AI_DETECTOR_REVISION = env.str("AI_DETECTOR_REVISION", default="")
# Whether the site earns money: licences that forbid commercial use are then flagged.
COMMERCIAL_USE = env.bool("COMMERCIAL_USE", default=True)
# Whose rules of regulated topics hold ("EU", "UK", "US"); empty: all.
RULE_JURISDICTIONS = env.list("RULE_JURISDICTIONS", default=[])
# What tells how many people an item reached: a function of its id.
ITEM_REACH = "recommender.reach.count_people"

FEED_PAGE_SIZE = 8
# Days that views, dwell times, completions and impressions are kept; reactions stay.
FEEDBACK_RETENTION_DAYS = env.int("FEEDBACK_RETENTION_DAYS", default=180)
# Up to this many published items a page ranks all of them, exactly; above it candidates come from
# sources and from the index of vectors.
FEED_EXACT_ITEMS = env.int("FEED_EXACT_ITEMS", default=20_000)
# Videos at least this long are played as the viewer's clip: L sampled frames of eq. 2.
FEED_CLIP_MIN_S = env.float("FEED_CLIP_MIN_S", default=12.0)
FEED_CLIP_WINDOW = env.int("FEED_CLIP_WINDOW", default=8)

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 20,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": "120/min",
        "user": "600/min",
        "verify": "20/min",
        "report": "20/hour",
        "visitor_report": "5/hour",
        "create": "30/min",
    },
    "EXCEPTION_HANDLER": "config.api.handle_exception",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Weft API",
    "DESCRIPTION": "Everything a page can do. Same permissions as the pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ItemKind": "catalog.models.Item.Kind",
        "ItemState": "catalog.models.Item.State",
        "AgeRating": "catalog.models.Item.AgeRating",
        "JobState": "generation.models.Job.State",
        "CaseState": "moderation.models.Case.State",
        "CaseReason": "moderation.models.Case.Reason",
        "DecisionAction": "moderation.models.Decision.Action",
        "ReportReason": "moderation.models.Report.Reason",
        "SkipReason": "moderation.models.CaseSkip.Reason",
        "ReviewDisplay": "moderation.models.ReviewerPreference.Display",
        "GarmentType": "common.vocabulary.TYPES",
        "Look": "common.vocabulary.LOOKS",
        "StyleName": "common.vocabulary.STYLES",
        "StyleToLay": "common.vocabulary.LAID_STYLES",
    },
}

# --- browser --------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *MEDIA_ORIGINS],
        "media-src": [SELF, "blob:", *MEDIA_ORIGINS],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
# unfold ships Alpine's standard build, which compiles expressions: /admin alone may do that.
ADMIN_CSP = {"script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE], "style-src": [SELF, UNSAFE_INLINE]}
# The microphone is for speaking to the instructor; the browser asks the person first.
PERMISSIONS_POLICY = (
    "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()"
)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

UNFOLD = {"SITE_TITLE": "Weft back office", "SITE_HEADER": "Weft", "SITE_URL": "/"}

OUR_PACKAGES = (
    *("accounts", "catalog", "dashboard", "demo", "feed", "generation", "knowledge", "media"),
    *("moderation", "recommender", "studio", "vision"),
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Ours say what they do; libraries only what goes wrong.
    "loggers": {name: {"level": os.environ.get("LOG_LEVEL", "INFO")} for name in OUR_PACKAGES},
}
