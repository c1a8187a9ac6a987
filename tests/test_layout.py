"""The tree keeps what the whole project relies on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _fresh_python(code: str) -> str:
    """Run code as manage.py would: platform/ and the root on the path, nothing imported yet."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_import_platform_finds_the_standard_library():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert _fresh_python("import platform; print(platform.python_version())").startswith("3.")


def test_web_code_never_imports_torch():
    loaded = _fresh_python(
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings.test';"
        "import django; django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "import config.asgi;"
        "heavy = {'torch', 'diffusers', 'open_clip', 'transformers', 'torchvision'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert loaded.splitlines()[-1] == "[]"
