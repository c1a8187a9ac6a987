"""Importing real content: who it belongs to, what is skipped, and going on after a stop."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog.models import Embedding, Item
from demo import importing
from tests import media_files as files
from tests.uploading import encoder

__all__ = ["encoder"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("encoder")]


@pytest.fixture
def wardrobe(tmp_path: Path) -> Path:
    """A folder with a table: three good pictures of two people, a broken and a missing one."""
    folder = tmp_path / "wardrobe"
    (folder / "images").mkdir(parents=True)
    rows = ["image,sender_id,label,kids"]
    for name, sender, label, kids in (
        ("a", 7, "T-Shirt", False),
        ("b", 7, "Skirt", True),
        ("c", 8, "Not sure", False),
        ("broken", 8, "Hat", False),
        ("missing", 9, "Hat", False),
        ("../../escape", 9, "Hat", False),
    ):
        rows.append(f"{name},{sender},{label},{kids}")
        if len(name) == 1:
            (folder / "images" / f"{name}.jpg").write_bytes(files.jpeg())
    (folder / "images" / "broken.jpg").write_bytes(files.jpeg()[:900])
    (tmp_path / "escape.jpg").write_bytes(files.jpeg())
    (folder / "images.csv").write_text("\n".join(rows))
    return folder


def _run(folder: Path, **options: object) -> tuple[str, str]:
    out, problems = io.StringIO(), io.StringIO()
    call_command("import_catalog", folder, workers=1, stdout=out, stderr=problems, **options)
    return out.getvalue(), problems.getvalue()


def test_a_table_of_photographs(wardrobe):
    out, problems = _run(wardrobe)
    assert "3 imported, 0 were there before, 3 could not be read." in out
    for bad in ("wardrobe/broken", "wardrobe/missing", "wardrobe/../../escape"):
        assert bad in problems
    shirt = Item.objects.get(source_key="wardrobe/a")
    assert (shirt.owner.username, shirt.garment_type, shirt.title) == (
        "wardrobe-7",
        "t-shirt",
        "T-shirt",
    )
    assert (shirt.look, shirt.origin, shirt.colours[0]) == ("photo", "human", "red")
    assert Item.objects.get(source_key="wardrobe/b").title == "Kids' skirt"
    assert Item.objects.get(source_key="wardrobe/c").garment_type == ""
    assert Embedding.objects.count() == 3
    # Handed in for screening, not published.
    assert set(Item.objects.values_list("state", flat=True)) == {"pending"}
    owner = User.objects.get(username="wardrobe-7")
    assert owner.can_upload
    assert not owner.has_usable_password()


def test_a_second_run_imports_nothing_twice(wardrobe):
    _run(wardrobe, limit=2)
    assert Item.objects.count() == 2
    out, _ = _run(wardrobe)
    assert "1 imported, 2 were there before, 3 could not be read." in out
    assert Item.objects.count() == 3


def test_a_stopped_run_is_taken_up(wardrobe, monkeypatch):
    """The power fails when the pictures are stored but not handed in yet."""

    def power_cut(items):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "_hand_in", power_cut)
        with pytest.raises(KeyboardInterrupt):
            _run(wardrobe)
    assert set(Item.objects.values_list("state", flat=True)) == {"draft"}
    _run(wardrobe)
    assert Item.objects.filter(state="pending").count() == 3
    assert Embedding.objects.count() == 3


def test_a_folder_tree_of_pictures_and_videos(tmp_path):
    folder = tmp_path / "clips"
    (folder / "anna-b").mkdir(parents=True)
    (folder / "anna-b" / "red_coat.png").write_bytes(files.as_bytes(files.picture(), "PNG"))
    files.clip(folder / "at the sea.mp4", seconds=0.4, sound_rate=44100)
    (folder / "notes.txt").write_text("not media")
    out, _ = _run(folder)
    assert "2 imported" in out
    coat = Item.objects.get(kind="image")
    assert (coat.owner.username, coat.title) == ("anna-b", "Red coat")
    video = Item.objects.get(kind="video")
    assert (video.owner.username, video.title) == ("clips", "At the sea")
    assert video.asset("master").has_sound


def test_an_empty_or_missing_folder_is_said_so(tmp_path):
    with pytest.raises(CommandError, match="nothing to import"):
        _run(tmp_path)
    with pytest.raises(CommandError, match="not a folder"):
        _run(tmp_path / "nowhere")


@pytest.mark.data
def test_a_dozen_real_photographs(shared_data):
    out, problems = _run(shared_data / "wardrobe", limit=12)
    assert problems == ""
    assert "12 imported" in out
    for item in Item.objects.with_assets():
        assert item.owner.username.startswith("wardrobe-")
        assert item.colours
        assert min(item.asset("master").width, item.asset("master").height) >= 300
        assert item.poster_url
    assert Item.objects.exclude(garment_type="").count() >= 8


def test_reembedding_makes_up_what_is_missing(wardrobe):
    _run(wardrobe)
    Embedding.objects.filter(item__source_key="wardrobe/a").delete()
    Embedding.objects.filter(item__source_key="wardrobe/b").update(model="older:1")
    out = io.StringIO()
    call_command("reembed", prune=True, stdout=out)
    assert "2 items embedded with plain:1" in out.getvalue()
    assert "1 vectors of other encoders deleted" in out.getvalue()
    assert Embedding.objects.filter(model="plain:1").count() == 3
