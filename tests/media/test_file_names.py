"""Names of uploads: what hides another file is refused, what is shown is one clean line."""

from __future__ import annotations

import pytest

from media.file_names import MAX_SHOWN, clean_name, problem_of_name


@pytest.mark.parametrize(
    "name",
    [
        "skirt.jpg",
        "IMG_2024.HEIC",
        "A. P. C. coat.v2.final.jpeg",
        "Kleid für Größe 40.png",
        "スカート.webp",
        "تنورة.jpg",
        "no ending",
        "",
        "Next.js conference shirt.jpg",
        "wool (100 %).mov",
    ],
)
def test_plain_names_are_fine(name: str) -> None:
    assert problem_of_name(name) == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("photo.jpg.exe", ".exe"),
        ("photo.EXE", ".exe"),
        ("photo.php.jpg", "hides another kind of file (.php)"),
        ("photo.exe    .jpg", "hides another kind of file (.exe)"),
        ("photo.ｅｘｅ.jpg", ".exe"),
        ("../../etc/shell.sh", ".sh"),
        ("look.svg", ".svg"),
        ("photo\u202egpj.exe", "turn its letters"),
        ("photo\u2066x\u2069.jpg", "turn its letters"),
        ("photo\x00.jpg", "cannot be seen"),
        ("photo\r\nSet-Cookie: a.jpg", "cannot be seen"),
        ("a" * 256, "too long"),
    ],
)
def test_what_hides_something_is_refused(name: str, says: str) -> None:
    assert says in problem_of_name(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("skirt.jpg", "skirt.jpg"),
        ("C:\\Users\\anna\\skirt.jpg", "skirt.jpg"),
        ("/home/anna/skirt.jpg", "skirt.jpg"),
        ("../../", "file"),
        ("two\n lines \t.jpg", "two lines .jpg"),
        ("zero\u200bwidth\u200f\u202e.jpg", "zerowidth.jpg"),
        ("", "file"),
        ("...", "file"),
        ("<b>bold</b>.jpg", "b>.jpg"),
    ],
)
def test_what_is_shown_is_the_last_part_in_one_line(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_long_name_loses_its_middle_and_keeps_its_ending() -> None:
    shown = clean_name("a very long name " * 12 + ".jpeg")
    assert len(shown) <= MAX_SHOWN
    assert shown.endswith(".jpeg")
    assert "…" in shown
