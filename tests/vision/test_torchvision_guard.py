"""open_clip and diffusers import beside any build of torch, in a process that did nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLATFORM = Path(__file__).parents[2] / "platform"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PLATFORM)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "code",
    [
        "import vision.torchvision_guard, open_clip, diffusers, torchvision",
        "import vision.torchvision_guard as g; assert g.install() == []",
        "import vision.encoder",
    ],
)
def test_heavy_libraries_import_after_the_guard(code):
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_colours_need_no_torch():
    done = run_python("import sys, vision.colours; assert 'torch' not in sys.modules")
    assert done.returncode == 0, done.stderr
