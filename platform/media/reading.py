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
    """Write MP4, poster, thumb and captions of a video into `folder`; return what was written.

    Captions are there only if the video came with a text subtitle stream.
    """
    from media.captions import MIME, write_vtt
    from media.images import Rendition
    from media.subtitles import read_embedded
    from media.videos import transcode

    made = transcode(Path(source), name, Path(folder))
    if cues := read_embedded(Path(source), name, made[0].duration_s):
        made.append(Rendition("captions", MIME, 0, 0, write_vtt(cues).encode()))
    return _written(made, Path(folder))


def read_seconds(source: str, name: str, folder: str, every_s: float, most: int) -> dict[str, Any]:
    """Write a picture of every so many seconds of a video into `folder`; return times and paths."""
    from PIL import Image

    from media.seconds import stranger_seconds

    rows = []
    for at, (second, picture) in enumerate(stranger_seconds(Path(source), name, every_s, most)):
        path = Path(folder) / f"second-{at}.png"
        # Without loss, and hardly packed: these files live for a moment.
        Image.fromarray(picture).save(path, "PNG", compress_level=1)
        rows.append({"second": second, "path": str(path)})
    return {"pictures": rows}


def keep_credential(source: str, name: str, target: str) -> dict[str, Any]:
    """Write the archive of the manifest that an upload came with; return what it says."""
    from media.credentials import keep

    return keep(Path(source), name, Path(target))


def read_text(source: str, kind: str, charset: str, folder: str) -> dict[str, Any]:
    """Write the text of a document or feed into `folder`; return the file's path."""
    from media.documents import read_document

    # Through a file: the pipe takes no answer of this size.
    path = Path(folder) / "text.json"
    path.write_text(json.dumps(read_document(Path(source), kind, charset)))
    return {"path": str(path)}


CALLS: dict[str, Callable[..., dict[str, Any]]] = {
    "read_text": read_text,
    "keep_credential": keep_credential,
    "read_image": read_image,
    "read_seconds": read_seconds,
    "read_video": read_video,
}


def _written(renditions: list[Any], folder: Path) -> dict[str, Any]:
    """Write renditions held in memory to files; return all of them as plain data."""
    rows = []
    for made in renditions:
        path = made.data
        if isinstance(path, bytes):
            path = folder / f"{made.role}.{'vtt' if made.role == 'captions' else 'jpg'}"
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
