"""From a clean clone: how long `make run` takes to the first page, and `make test` as a whole.

Clones this repository's HEAD into a temporary folder, so nothing of yours is touched.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from record import write_result

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-tests", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-setup-") as folder:
        clone = Path(folder) / "weft"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        figures = measure_run(clone)
        if not arguments.skip_tests:
            figures["make_test_minutes"] = measure_tests(clone)
    for name, value in figures.items():
        print(f"{name:32} {value}")
    write_result("setup_time", figures)


def measure_run(clone: Path) -> dict[str, Any]:
    """Return seconds of each step of a first `make run`, up to the first page of the feed."""
    environment = {key: value for key, value in os.environ.items() if key != "WEFT_VAR"}
    started = time.monotonic()
    subprocess.run(["make", "install"], cwd=clone, env=environment, check=True)
    installed = time.monotonic() - started
    port = _free_port()
    log = clone / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=clone,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_page(f"http://127.0.0.1:{port}/", process)
        total = time.monotonic() - started
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    steps = re.findall(r"^\s+(.+) \((\d+) s\)$", log.read_text(), re.MULTILINE)
    return {
        "install_s": round(installed),
        "steps_s": {name: int(seconds) for name, seconds in steps},
        "make_run_to_first_page_minutes": round(total / 60, 2),
    }


def measure_tests(clone: Path) -> float:
    """Return the minutes of `make test` with the environment already there."""
    started = time.monotonic()
    subprocess.run(["make", "test"], cwd=clone, check=True)
    return round((time.monotonic() - started) / 60, 2)


def _wait_for_page(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                if b"<article" in page.read():
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError("make run stopped before the first page")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
