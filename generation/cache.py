"""Stages of jobs, kept by what went into them, so that an edit re-runs only what changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

Arrays = dict[str, np.ndarray]
MOST_AGE_S = 24 * 3600


class StageCache:
    """Results of stages under `VAR_DIR/stages`, named by the hash of their inputs.

    Only for what can be made again: a file that is missing or broken is made anew. `trim` keeps the
    folder below `GENERATION_CACHE_MB`, oldest use first, and nothing for longer than a day: some of
    it belongs to pictures that are deleted after viewing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(settings.VAR_DIR) / "stages"

    def get_or_make(
        self, stage: str, inputs: Mapping[str, Any], make: Callable[[], Arrays]
    ) -> Arrays:
        """Return what `make()` returned for these inputs before, or its result now.

        inputs: JSON values, and arrays, which count by their bytes; the model's revision belongs to
        them. `stage` names the code, so change it when the code changes.
        """
        file = self.folder / f"{stage}-{hash_inputs(stage, inputs)}.npz"
        kept = _read(file)
        if kept is not None:
            return kept
        made = make()
        _write(file, made)
        return made

    def trim(self, most_bytes: int | None = None) -> int:
        """Delete the files used longest ago until the rest fits; return how many went."""
        limit = settings.GENERATION_CACHE_MB * 2**20 if most_bytes is None else most_bytes
        files = sorted(self.folder.glob("*.npz"), key=_used_at, reverse=True)
        total, gone = 0, 0
        for file in files:
            total += _size(file)
            if total > limit or _used_at(file) < time.time() - MOST_AGE_S:
                file.unlink(missing_ok=True)
                gone += 1
        return gone


def hash_inputs(stage: str, inputs: Mapping[str, Any]) -> str:
    """Return the hash under which a stage with these inputs is kept."""
    text = json.dumps([stage, inputs], sort_keys=True, default=_as_json)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _as_json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return [digest, str(value.dtype), list(value.shape)]
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot name a stage")


def _read(file: Path) -> Arrays | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        os.utime(file)
    except (OSError, ValueError, EOFError, KeyError):
        return None
    except Exception as error:
        # zipfile.BadZipFile and zlib.error share no base; anything else is ours to see.
        if type(error).__module__ not in {"zipfile", "zlib"}:
            raise
        return None
    return arrays


def _write(file: Path, arrays: Arrays) -> None:
    """Write beside the place and move there: no reader ever sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".partial", delete=False) as partial:
        try:
            np.savez(partial, **arrays)  # type: ignore[arg-type]
            partial.close()
            os.replace(partial.name, file)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise


def _used_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
