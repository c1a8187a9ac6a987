"""Pictures that people send: what becomes of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from media.images import make_image_renditions
from tests import media_files as files


def _open(rendition) -> Image.Image:
    with Image.open(rendition.data) as image:
        image.load()
        return image


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_accepted_format_becomes_three_jpegs(read, form):
    import pillow_heif

    pillow_heif.register_heif_opener()
    made = read(files.as_bytes(files.picture(), form))
    assert set(made) == {"master", "poster", "thumb"}
    assert {one.mime for one in made.values()} == {"image/jpeg"}
    assert (made["master"].width, made["master"].height) == (240, 320)
    red, green, blue = _open(made["master"]).getpixel((120, 160))
    assert red > 150
    assert green < 80
    assert blue < 90


def test_position_name_and_comment_are_gone_from_every_file(read):
    original = files.jpeg_with_metadata()
    assert files.SECRET.encode() in original
    for made in read(original).values():
        content = made.data.read_bytes()
        image = _open(made)
        assert files.SECRET.encode() not in content
        assert b"Exif" not in content
        assert not image.getexif()
        assert "comment" not in image.info


def test_orientation_is_applied_to_the_pixels(read):
    # 6: the camera was held so that the picture must be turned a quarter clockwise.
    master = _open(read(files.jpeg_with_metadata(orientation=6))["master"])
    assert master.size == (320, 240)
    # The blue corner was top left; turned, it is top right.
    assert master.getpixel((310, 6))[2] > 150
    assert master.getpixel((6, 6))[2] > 200  # the light ground


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_like_a_viewer_shows_it(read, orientation):
    from PIL import ImageOps

    content = files.jpeg_with_metadata(orientation)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    master = _open(read(content)["master"])
    assert master.size == expected.size
    difference = np.asarray(master).astype(int) - np.asarray(expected.convert("RGB")).astype(int)
    assert np.abs(difference).mean() < 4


def test_a_broken_exif_block_does_not_cost_the_picture(read):
    content = files.jpeg_with_metadata(6)
    at = content.index(b"Exif\x00\x00") + 14
    assert read(content[:at] + b"\xff" * 60 + content[at + 60 :])["master"].width == 240


def test_a_large_picture_is_made_smaller_in_the_same_shape(read):
    made = read(files.jpeg(2400, 3200))
    assert (made["master"].width, made["master"].height) == (1200, 1600)
    assert (made["poster"].width, made["poster"].height) == (600, 800)
    assert (made["thumb"].width, made["thumb"].height) == (240, 320)


def test_transparent_parts_become_white(read):
    clear = Image.new("RGBA", (120, 160), (0, 0, 0, 0))
    master = _open(read(files.as_bytes(clear, "PNG"))["master"])
    assert min(master.getpixel((60, 80))) > 250


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16", "1", "LA"])
def test_unusual_pixels_are_read(read, mode):
    if mode == "I;16":
        ramp = np.linspace(0, 65535, 120 * 160).reshape(160, 120).astype(np.uint16)
        image, form = Image.fromarray(ramp), "PNG"
    else:
        image, form = files.picture().convert(mode), "JPEG" if mode == "CMYK" else "PNG"
    master = _open(read(files.as_bytes(image, form))["master"])
    assert master.mode == "RGB"
    # Not all black, not all white: the range was kept.
    assert np.asarray(master).std() > 20


def test_a_colour_profile_is_applied(read):
    from PIL import ImageCms

    # The same numbers under a profile with another white: they must not come out unchanged.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = _open(read(files.as_bytes(files.picture(), icc_profile=profile))["master"])
    assert abs(same.getpixel((120, 160))[0] - 196) < 8
    assert "icc_profile" not in same.info


def test_a_broken_colour_profile_does_no_harm(read):
    made = read(files.as_bytes(files.picture(), icc_profile=b"not a profile" * 20))
    assert abs(_open(made["master"]).getpixel((120, 160))[0] - 196) < 8


def test_our_own_pictures_need_no_child():
    made = make_image_renditions(np.full((160, 120, 3), 90, np.uint8))
    assert [one.role for one in made] == ["master", "poster", "thumb"]
    assert all(isinstance(one.data, bytes) for one in made)
