"""The child process's side: `python -m media.reading` answers one JSON line per file.

Limits are set before the file is touched. Only the functions named in `CALLS` can be asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from media.errors import DAMAGED, BadMediaError

TOO_MUCH = "Reading this file needed too much memory. Please make it smaller."
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000


def read_image(source: str, name: str, folder: str) -> dict[str, Any]:
    """Write the renditions of a picture into `folder`; return what was written."""
    from media.images import make_image_renditions, open_upload

    picture = open_upload(Path(source), name)
    return _written(make_image_renditions(picture), Path(folder))


def read_video(source: str, name: str, folder: str) -> dict[str, Any]:
    """Write MP4, poster and thumb of a video into `folder`; return what was written."""
    from media.videos import transcode

    return _written(transcode(Path(source), name, Path(folder)), Path(folder))


CALLS: dict[str, Callable[..., dict[str, Any]]] = {
    "read_image": read_image,
    "read_video": read_video,
}


def _written(renditions: list[Any], folder: Path) -> dict[str, Any]:
    """Write renditions held in memory to files; return all of them as plain data."""
    rows = []
    for made in renditions:
        path = made.data
        if isinstance(path, bytes):
            path = folder / f"{made.role}.jpg"
            path.write_bytes(made.data)
        rows.append({**vars(made), "data": str(path)})
    return {"renditions": rows}


def _limit(limits: dict[str, Any]) -> None:
    """Apply the limits of one call; CPU time counts from what this process has used already."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits["cpu_s"] + 1
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (soft, hard))


def _die_with_parent() -> None:
    """End when the worker ends, even if it was killed and could not end us."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_network() -> None:
    """Enter a network namespace with no way out, where the kernel lets us.

    A second fence only: the demuxers and protocols are on allow-lists already.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        _limit(request["limits"])
        return {"result": CALLS[request["call"]](**request["arguments"])}
    except BadMediaError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": TOO_MUCH}
    except Exception:
        # Decoders raise anything at all on hostile bytes: whatever it was, the file is at fault.
        return {"refused": DAMAGED}


def main() -> None:
    """Answer requests from standard input until it ends; only our JSON goes to the pipe."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    _die_with_parent()
    _leave_network()
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")


if __name__ == "__main__":
    main()
