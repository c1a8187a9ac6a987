"""Starts the real site, as `make run` does, in a folder of its own, and drives Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "only-for-the-browser-tests"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True)
class Site:
    """A running Weft: where it is, and where it writes."""

    url: str
    var: Path
    log: Path

    def manage(self, *arguments: str) -> str:
        """Run a management command against the running site's data; return what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **site_environment(self.var)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def site_environment(var: Path) -> dict[str, str]:
    return {
        "WEFT_VAR": str(var),
        "DEMO_PASSWORD": PASSWORD,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def find_chromium() -> str | None:
    """Return the path of a Chromium on this machine, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def running_site(var: Path, **environment: str) -> Iterator[Site]:
    """Start database, web, workers and beat; stop them all at the end."""
    var.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = var / "site.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, **site_environment(var), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    site = Site(f"http://127.0.0.1:{port}", var, log)
    try:
        _wait_until_up(site, process)
        yield site
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(context: BrowserContext, site: Site, username: str) -> Page:
    """Return a page on which this person has signed in through the form."""
    page = context.new_page()
    # Another page of the same browser may be given a new CSRF cookie between form and answer; a
    # person would then send the form again.
    for attempt in range(3):
        page.goto(f"{site.url}/accounts/login/")
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_response(_is_login) as answer:
            page.click("main button[type=submit]")
        if answer.value.status != 403 or attempt == 2:
            break
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    return page


def sign_up(context: BrowserContext, site: Site, username: str) -> Page:
    """Return a page on which this new person has signed up: nothing is seen or liked yet."""
    page = context.new_page()
    page.goto(f"{site.url}/accounts/signup/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/accounts/signup" not in url)
    return page


def _is_login(response: Response) -> bool:
    return response.request.method == "POST" and "/accounts/login/" in response.url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(site: Site, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the site stopped at once:\n{site.log.read_text()[-4000:]}")
        try:
            urllib.request.urlopen(f"{site.url}/healthz", timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"the site did not come up:\n{site.log.read_text()[-4000:]}")
