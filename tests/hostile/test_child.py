"""The child process: whatever happens in it, the worker gets a sentence."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import media
from media.child import Child, ChildPool, read_upload, run_in_child
from media.errors import BadMediaError, MediaCrashError
from media.limits import MIB, ChildLimits
from tests import media_files as files

ROOMY = ChildLimits(memory_bytes=2048 * MIB, cpu_s=20, wall_s=20, file_bytes=64 * MIB)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(files.jpeg(2000, 2000))
    return path


def _read(limits: ChildLimits, source, tmp_path):
    return run_in_child("read_image", limits, source=str(source), name="JPEG", folder=str(tmp_path))


def test_too_little_memory_is_a_sentence(source, tmp_path):
    tight = ChildLimits(memory_bytes=40 * MIB, cpu_s=20, wall_s=20, file_bytes=64 * MIB)
    with pytest.raises(BadMediaError, match=r"memory|damaged"):
        _read(tight, source, tmp_path)


def test_too_long_is_a_sentence(source, tmp_path):
    hasty = ChildLimits(memory_bytes=2048 * MIB, cpu_s=20, wall_s=0.0, file_bytes=64 * MIB)
    with pytest.raises(BadMediaError, match="too long"):
        _read(hasty, source, tmp_path)


def test_too_large_an_output_is_a_sentence(source, tmp_path):
    small = ChildLimits(memory_bytes=2048 * MIB, cpu_s=20, wall_s=20, file_bytes=100)
    with pytest.raises(BadMediaError):
        _read(small, source, tmp_path)


def test_a_killed_child_is_a_sentence_and_the_next_file_is_read(source, tmp_path):
    child = Child()
    os.kill(child._process.pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (child._process.pid, signal.SIGKILL)).start()
    with pytest.raises(MediaCrashError):
        read_upload(source, tmp_path, child)
    assert {made.role for made in read_upload(source, tmp_path, child)} >= {"master", "thumb"}
    child.close()


def test_an_unknown_call_runs_nothing(tmp_path):
    with pytest.raises(BadMediaError):
        run_in_child("os.system", ROOMY, command=f"touch {tmp_path}/made")
    assert not (tmp_path / "made").exists()


def test_the_child_inherits_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do-not-pass-on")
    child = Child()
    time.sleep(0.05)
    with open(f"/proc/{child._process.pid}/environ", "rb") as environ:
        assert b"do-not-pass-on" not in environ.read()
    child.close()


def test_the_child_ends_with_a_worker_that_was_killed():
    script = (
        "import os, signal; from media.child import Child; child = Child();"
        "print(child._process.pid, flush=True); import time; time.sleep(0.5);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(media.__file__).parents[1])}
    worker = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment, timeout=60
    )
    pid = int(worker.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in _state(pid):
            return
        time.sleep(0.1)
    raise AssertionError("the child outlived its worker")


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_mutated_files_are_read_or_refused_and_never_break_the_child(tmp_path):
    rng = random.Random(11)
    seeds = [files.jpeg_with_metadata(), files.clip(tmp_path / "a.mp4", seconds=0.2)]
    source, child = tmp_path / "upload", Child()
    first = child._process.pid
    for _ in range(60):
        content = bytearray(rng.choice(seeds))
        for _ in range(rng.choice([1, 5, 40])):
            content[rng.randrange(12, len(content))] = rng.randrange(256)
        source.write_bytes(content)
        with contextlib.suppress(BadMediaError):
            read_upload(source, tmp_path, child)
    assert child._process.pid == first
    child.close()


def test_a_pool_lends_each_child_to_one_at_a_time(source, tmp_path):
    with ChildPool(1) as pool:
        with pool.borrow() as first:
            assert read_upload(source, tmp_path, first)
        with pool.borrow() as second:
            assert second is first
