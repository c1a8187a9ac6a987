"""The child process: whatever happens in it, the worker gets a sentence."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

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


def test_a_pool_lends_each_child_to_one_at_a_time(source, tmp_path):
    with ChildPool(1) as pool:
        with pool.borrow() as first:
            assert read_upload(source, tmp_path, first)
        with pool.borrow() as second:
            assert second is first
