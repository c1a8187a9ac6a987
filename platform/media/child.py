"""Reading strangers' files in a child process that has limits and no network.

`run_in_child` starts one child for one file. `ChildPool` keeps a few for many files, since
starting Python takes longer than reading a photograph. A child that crashes, hangs or outgrows its
limits costs one sentence, never a worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from media.credentials import may_have_manifest
from media.errors import BadMediaError, MediaCrashError
from media.images import Rendition
from media.limits import IMAGE_LIMITS, SECONDS_LIMITS, VIDEO_LIMITS, ChildLimits
from media.probe import HEAD_BYTES, sniff

TOO_LONG = "Reading this file took too long. Please make it shorter or smaller."
BROKE = "This file could not be read: it is damaged or in a form that Weft does not support."
# A child that has read this many files is replaced, so that what it leaked goes with it.
FILES_PER_CHILD = 500
MAX_REPLY_BYTES = 1024 * 1024
WAIT_S = 10.0


class Child:
    """One child process; `call` has it run one named function of `media.reading`."""

    def __init__(self, on_wait: Callable[[], None] | None = None) -> None:
        # Called every few seconds of waiting, so that the caller can keep its claim.
        self._on_wait = on_wait
        self._calls = 0
        self._process = self._start()

    def call(self, function: str, limits: ChildLimits, /, **arguments: Any) -> dict[str, Any]:
        """Return what the function returned; refusals and crashes become errors with a sentence."""
        if self._process.poll() is not None or self._calls >= FILES_PER_CHILD:
            self.close()
            self._process = self._start()
        self._calls += 1
        request = {"call": function, "limits": vars(limits), "arguments": arguments}
        try:
            self._send(request)
            reply = self._receive(time.monotonic() + limits.wall_s)
        except BaseException:
            self.close()
            raise
        if "refused" in reply:
            raise BadMediaError(reply["refused"])
        return reply["result"]

    def close(self) -> None:
        """End the process and wait for it; safe to repeat."""
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._calls = 0
        folder = str(Path(__file__).resolve().parent.parent)
        return subprocess.Popen(
            [sys.executable, "-m", "media.reading"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Nothing of ours: no keys, no database address.
            env={
                "PATH": os.defpath,
                "PYTHONPATH": folder,
                "PYTHONDONTWRITEBYTECODE": "1",
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "LANG": "C.UTF-8",
            },
            start_new_session=True,
        )

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise MediaCrashError(BROKE) from error

    def _receive(self, deadline: float) -> dict[str, Any]:
        """Return the child's one line of JSON, waiting no longer than `deadline`."""
        assert self._process.stdout
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BadMediaError(TOO_LONG)
                if not selector.select(min(left, WAIT_S)):
                    if self._on_wait:
                        self._on_wait()
                    continue
                chunk = os.read(self._process.stdout.fileno(), 65536)
                if not chunk:
                    raise self._why_it_died()
                answer += chunk
                if len(answer) > MAX_REPLY_BYTES:
                    raise MediaCrashError(BROKE)
        return json.loads(answer)

    def _why_it_died(self) -> BadMediaError | MediaCrashError:
        """Return the fault as an error: using too much is the file's, a crash may be chance."""
        code = self._process.wait()
        if -code == signal.SIGXCPU:
            return BadMediaError(TOO_LONG)
        return MediaCrashError(BROKE)


class ChildPool:
    """A few children that read many files; threads borrow one at a time."""

    def __init__(self, size: int) -> None:
        self._idle: queue.SimpleQueue[Child] = queue.SimpleQueue()
        self._all = [Child() for _ in range(size)]
        for child in self._all:
            self._idle.put(child)

    def __enter__(self) -> ChildPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._all:
            child.close()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Child]:
        """Lend one child to the caller, waiting until one is free."""
        child = self._idle.get()
        try:
            yield child
        finally:
            self._idle.put(child)


def run_in_child(function: str, limits: ChildLimits, /, **arguments: Any) -> dict[str, Any]:
    """Return the result of one function of `media.reading`, run in a child of its own."""
    child = Child()
    try:
        return child.call(function, limits, **arguments)
    finally:
        child.close()


def read_upload(source: Path, folder: Path, child: Child | None = None) -> list[Rendition]:
    """Re-encode the upload at `source` into `folder`; return what was made, as files there.

    The only way in for a file that we did not make. Refusals are `BadMediaError`. `child` may be
    one lent by a pool; otherwise one is started and ended.
    """
    with source.open("rb") as file:
        sniffed = sniff(file.read(HEAD_BYTES))
    limits = IMAGE_LIMITS if sniffed.kind == "image" else VIDEO_LIMITS
    call = child.call if child else run_in_child
    result = call(
        f"read_{sniffed.kind}", limits, source=str(source), name=sniffed.name, folder=str(folder)
    )
    rows = result["renditions"]
    return [Rendition(**{**row, "data": Path(row["data"])}) for row in rows]


def read_seconds(
    source: Path, folder: Path, *, every_s: float, most: int
) -> list[tuple[float, Path]]:
    """Return (seconds, PNG file) through a stranger's video. Refusals are `BadMediaError`."""
    with source.open("rb") as file:
        sniffed = sniff(file.read(HEAD_BYTES))
    result = run_in_child(
        "read_seconds",
        SECONDS_LIMITS,
        source=str(source),
        name=sniffed.name,
        folder=str(folder),
        every_s=every_s,
        most=most,
    )
    return [(row["second"], Path(row["path"])) for row in result["pictures"]]


def keep_credential(source: Path, folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return what the manifest of an upload says, and its archive; ({}, b"") without one.

    A manifest that breaks its reader costs the manifest, never the upload.
    """
    if not may_have_manifest(source):
        return {}, b""
    with source.open("rb") as file:
        sniffed = sniff(file.read(HEAD_BYTES))
    target = folder / "credential"
    try:
        said = run_in_child(
            "keep_credential",
            SECONDS_LIMITS,
            source=str(source),
            name=sniffed.name,
            target=str(target),
        )
    except (BadMediaError, MediaCrashError):
        return {"state": "invalid", "kept": False}, b""
    return said, target.read_bytes() if said.get("kept") else b""
