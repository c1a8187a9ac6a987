"""Every style that the editor offers has its picture."""

from __future__ import annotations

import pytest
from django.conf import settings
from PIL import Image

from common.vocabulary import LAID_STYLES


@pytest.mark.parametrize("style", LAID_STYLES)
def test_a_style_has_its_tile(style):
    with Image.open(settings.BASE_DIR / "static" / "styles" / f"{style}.jpg") as tile:
        assert tile.width * 4 == tile.height * 3
