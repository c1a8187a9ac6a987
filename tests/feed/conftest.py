"""A feed with human and AI items; the recommender's fixtures serve here too."""

from __future__ import annotations

from tests.recommender.conftest import _own_folder, adult, fans, items, like

__all__ = ["_own_folder", "adult", "fans", "items", "like"]
