from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from media.child import Child, read_upload
from media.images import Rendition


@pytest.fixture(scope="session")
def child() -> Iterator[Child]:
    """One child process for all files, as an import uses it."""
    child = Child()
    yield child
    child.close()


@pytest.fixture
def read(tmp_path: Path, child: Child) -> Callable[[bytes], dict[str, Rendition]]:
    """Re-encode bytes as an upload would be; returns what was made, by role."""

    def run(content: bytes) -> dict[str, Rendition]:
        source = tmp_path / "upload"
        source.write_bytes(content)
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        return {made.role: made for made in read_upload(source, folder, child)}

    return run
