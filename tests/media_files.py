"""Makers of media files for tests, good ones and hostile ones."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import ExifTags, Image, ImageCms

GPS = {1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 1.0)}
SECRET = "Baker Street 221b"


def picture(width: int = 240, height: int = 320) -> Image.Image:
    """A red garment-like block on a light ground; its top left corner is blue."""
    pixels = np.full((height, width, 3), 235, np.uint8)
    pixels[height // 6 : -height // 8, width // 5 : -width // 5] = (196, 34, 44)
    pixels[: height // 10, : width // 10] = (20, 40, 220)
    return Image.fromarray(pixels)


def as_bytes(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def jpeg(width: int = 240, height: int = 320) -> bytes:
    return as_bytes(picture(width, height), quality=90)


def jpeg_with_metadata(orientation: int = 1) -> bytes:
    """A photograph as a telephone writes it: GPS position, owner's name, XMP, orientation."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = SECRET
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(GPS)
    return as_bytes(picture(), exif=exif, comment=SECRET.encode(), quality=92)


def jpeg_in_wide_colours() -> bytes:
    """A picture whose profile swaps what its numbers mean, so that ignoring it shows."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    lab = ImageCms.profileToProfile(picture(), srgb, profile, outputMode="LAB")
    return as_bytes(lab, "TIFF", icc_profile=profile.tobytes())


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def huge_png(side: int = 20_000) -> bytes:
    """A PNG of side × side pixels in a few kilobytes."""
    packer = zlib.compressobj(9)
    row = b"\x00" * (1 + (side + 7) // 8)
    rows = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", rows)
        + _png_chunk(b"IEND", b"")
    )


def many_framed_gif(frames: int = 10_000) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def animated(form: str) -> bytes:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    return as_bytes(frames[0], form, save_all=True, append_images=frames[1:], duration=50)


def clip(
    path: Path,
    *,
    size: tuple[int, int] = (96, 64),
    times: Sequence[float] | None = None,
    seconds: float = 1.0,
    fps: int = 30,
    codec: str = "libx264",
    form: str = "mp4",
    sound_rate: int | None = None,
    sound_layout: str = "stereo",
    picture_stream: bool = True,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Write a clip whose left half is red and right half blue, brighter as time goes; return it.

    `times` gives each frame's time in seconds, so that a variable rate can be made.
    """
    width, height = size
    times = list(times) if times is not None else [n / fps for n in range(round(seconds * fps))]
    with av.open(str(path), "w", format=form, options=options or {}) as output:
        output.metadata.update(metadata or {})
        video = sound = None
        if picture_stream:
            video = output.add_stream(codec, rate=fps)
            # 4:4:4 is what H.264 needs for odd sides.
            odd = width % 2 or height % 2
            video.width, video.height = width, height
            video.pix_fmt = "yuv444p" if odd else "yuv420p"
            video.codec_context.time_base = Fraction(1, 1000)
            video.codec_context.thread_count = 1
        if sound_rate:
            name = "libopus" if form in {"webm", "matroska"} else "aac"
            sound = output.add_stream(name, rate=sound_rate, layout=sound_layout)
        if video is not None:
            for time in times:
                frame = av.VideoFrame.from_ndarray(_pixels(width, height, time), format="rgb24")
                frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        if sound is not None and sound_rate:
            _add_tone(output, sound, sound_rate, sound_layout, seconds)
    return path.read_bytes()


def _pixels(width: int, height: int, time: float) -> np.ndarray:
    pixels = np.zeros((height, width, 3), np.uint8)
    level = int(min(230, 120 + 60 * time))
    pixels[:, : width // 2, 0] = level
    pixels[:, width // 2 :, 2] = level
    pixels[: height // 8] = 200
    return pixels


def _add_tone(output, stream, rate: int, layout: str, seconds: float) -> None:
    channels = 1 if layout == "mono" else 2
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    for start in range(0, len(wave), 1024):
        piece = wave[start : start + 1024].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(np.tile(piece, (channels, 1))), format="fltp", layout=layout
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def turned(mp4: bytes, quarter_turns: int = 1) -> bytes:
    """Set the rotation flag of an MP4's picture: shown that many quarters clockwise."""
    one, minus = 0x00010000, 0xFFFF0000
    matrix = {
        1: (0, one, 0, minus, 0, 0, 0, 0, 0x40000000),
        2: (minus, 0, 0, 0, minus, 0, 0, 0, 0x40000000),
        3: (0, minus, 0, one, 0, 0, 0, 0, 0x40000000),
    }[quarter_turns]
    at = mp4.index(b"tkhd") + 4 + 40
    return mp4[:at] + struct.pack(">9I", *matrix) + mp4[at + 36 :]


def playlist(address: str) -> bytes:
    """An HLS playlist that reads or fetches `address`."""
    return (
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
        f"#EXTINF:10.0,\n{address}\n#EXT-X-ENDLIST\n"
    ).encode()


def ffconcat(name: str) -> bytes:
    return f"ffconcat version 1.0\nfile {name}\n".encode()


def sdp(port: int) -> bytes:
    return (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    ).encode()
