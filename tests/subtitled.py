"""Videos with a text subtitle stream inside, as editors export them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from tests.media_files import clip

HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Text\n"


def subtitled(
    folder: Path, said: Sequence[tuple[float, float, str]], form: str = "mp4", seconds: float = 2.0
) -> bytes:
    """Return an MP4 (mov_text) or Matroska (SubRip) in which this is said: start, end, text."""
    source, target = folder / "plain.mp4", folder / f"subtitled.{form}"
    clip(source, seconds=seconds)
    with av.open(str(source)) as read, av.open(str(target), "w", format=form) as made:
        video = read.streams.video[0]
        picture = made.add_stream_from_template(video)
        words = made.add_stream("mov_text" if form == "mp4" else "subrip")
        words.codec_context.subtitle_header = HEADER
        words.codec_context.time_base = words.time_base = Fraction(1, 1000)
        for packet in read.demux(video):
            if packet.dts is not None:
                packet.stream = picture
                made.mux(packet)
        for start, end, text in said:
            data = text.encode()
            # mov_text says how long it is.
            packet = av.Packet(len(data).to_bytes(2, "big") + data if form == "mp4" else data)
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = round(start * 1000)
            packet.duration = max(1, round((end - start) * 1000))
            made.mux(packet)
    return target.read_bytes()
