"""`make run`: set up what is missing, start every process, stop them together.

1. joins or starts the embedded database and keeps its handle, so that it outlives restarts of the
   web process; 2. migrates; 3. makes keys; 4. seeds the demo world on first start; 5. starts web,
workers and beat under one supervisor and prints where to go.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from honcho import manager as honcho_manager

ROOT = Path(__file__).resolve().parents[2]
DEMO_USERS = ("viewer", "uploader", "moderator", "operator")


def main() -> int:
    """Run everything until Ctrl-C; returns the supervisor's exit status."""
    arguments = _parse()
    if not _port_is_free(arguments.host, arguments.port):
        print(f"Port {arguments.port} is taken. Try: make run PORT={arguments.port + 1}")
        return 1
    started = time.monotonic()
    django.setup()
    call_command("migrate", verbosity=0)
    _step("database ready", started)
    from moderation.core.manifest import ensure_keys

    ensure_keys(settings.KEYS_DIR)
    password = _demo_password()
    call_command("seed_demo", password=password, if_empty=True)
    call_command("load_knowledge", verbosity=0)
    if os.environ.get("DEMO_PASSWORD"):
        _set_demo_password(password)
    _step("demo world ready", started)
    return _supervise(arguments, password)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    return parser.parse_args()


def _step(what: str, started: float) -> None:
    print(f"  {what} ({time.monotonic() - started:.0f} s)", flush=True)


def _port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _demo_password() -> str:
    """Return DEMO_PASSWORD, or the one made up on the first start."""
    if given := os.environ.get("DEMO_PASSWORD"):
        return given
    kept = settings.KEYS_DIR / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    return kept.read_text()


def _set_demo_password(password: str) -> None:
    """Make the password that was given this time the one that signs in."""
    from accounts.models import User

    for user in User.objects.filter(username__in=DEMO_USERS):
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])


def _supervise(arguments: argparse.Namespace, password: str) -> int:
    python = sys.executable
    celery = f"{python} -m celery --quiet -A config"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
    }
    # Long enough for a worker to finish what it is at; the rest is taken up at the next start.
    honcho_manager.KILL_WAIT = 15
    manager = honcho_manager.Manager()
    processes = {
        "web": f"{python} -m uvicorn config.asgi:application --host {arguments.host}"
        f" --port {arguments.port} --no-access-log --log-level warning"
        " --timeout-graceful-shutdown 3",
        "worker": f"{celery} worker -n default@%h -Q default -c 1 -l warning",
        "generator": f"{celery} worker -n generate@%h -Q generate -c 1 -l warning",
        "beat": f"{celery} beat -l warning --pidfile=",
    }
    for name, command in processes.items():
        pool = {"WEFT_DB_POOL": "1"} if name == "web" else {}
        manager.add_process(name, f"exec {command}", env={**environment, **pool}, cwd=str(ROOT))
    threading.Thread(target=_announce, args=(arguments, password), daemon=True).start()
    manager.loop()
    return manager.returncode or 0


def _announce(arguments: argparse.Namespace, password: str) -> None:
    """Print address and logins once the site answers."""
    address = f"http://{arguments.host}:{arguments.port}/"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}healthz", timeout=2).close()  # noqa: S310  our own address
            break
        except OSError:
            time.sleep(0.25)
    lines = [
        "",
        f"  Weft is at {address}",
        f"  Sign in as {', '.join(DEMO_USERS)}; password: {password}",
        "  Ctrl-C stops everything; your data stays in var/.",
        "",
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
