"""Settings switch to servers by environment, and production has no secret of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _settings(module: str, expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Evaluate an expression over fresh settings in an interpreter of its own."""
    code = f"from django.conf import settings; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": f"config.settings.{module}",
            "DATABASE_URL": "postgres://weft:secret@db.example:5433/weft",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "WATERMARK_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without_its_secrets(missing, tmp_path):
    given = {"SECRET_KEY": "a", "WATERMARK_KEY": "b", "ALLOWED_HOSTS": "weft.example"}
    del given[missing]
    run = _settings("production", "settings.DEBUG", WEFT_VAR=str(tmp_path), **given)
    assert run.returncode != 0
    assert missing in run.stderr


def test_database_url_names_a_server(tmp_path):
    run = _settings("local", "settings.DATABASES['default']['HOST']", WEFT_VAR=str(tmp_path))
    assert run.stdout.strip() == "db.example"


def test_broker_url_names_redis_with_a_visibility_timeout_above_every_task(tmp_path):
    run = _settings(
        "local",
        "settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout']",
        WEFT_VAR=str(tmp_path),
        CELERY_BROKER_URL="redis://localhost:6379/0",
    )
    assert int(run.stdout) >= 3600


def test_bucket_name_switches_media_to_s3(tmp_path):
    run = _settings(
        "local",
        "settings.STORAGES['default']['BACKEND']",
        WEFT_VAR=str(tmp_path),
        AWS_STORAGE_BUCKET_NAME="weft-media",
    )
    assert run.stdout.strip() == "storages.backends.s3.S3Storage"


def test_local_secrets_are_made_once_and_readable_by_us_alone(tmp_path):
    first = _settings("local", "settings.SECRET_KEY", WEFT_VAR=str(tmp_path)).stdout
    second = _settings("local", "settings.SECRET_KEY", WEFT_VAR=str(tmp_path)).stdout
    assert first == second
    assert len(first.strip()) > 40
    assert (tmp_path / "keys" / "django").stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_of_a_browsers_devices_only_the_microphone_is_ours_to_ask_for(client) -> None:
    policy = client.get("/accounts/login/").headers["Permissions-Policy"]
    assert "microphone=(self)" in policy
    assert "camera=()" in policy
