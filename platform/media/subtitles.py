"""Captions that come inside an uploaded video, as a text subtitle stream.

Bitmap subtitles (DVD, Blu-ray) are pictures and stay out. Runs in the child process only.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from media.caption_rules import fit_cues
from media.captions import MAX_CUE_CHARS, MAX_CUES, Cue, plain_text
from media.limits import MAX_VIDEO_SECONDS
from media.videos import DEMUXERS

# Decoders of text only; FFmpeg turns each into ASS lines.
DECODERS = frozenset(("mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text"))
MAX_PACKETS = 20_000
DEFAULT_S = 3.0

_OVERRIDE = re.compile(r"\{[^{}]*\}")
_TAG = re.compile(r"</?[A-Za-z0-9.][^<>]*>")
_DRAWING = re.compile(r"\\p[1-9]")


def read_embedded(source: Path, demuxer: str, duration_s: float) -> list[Cue]:
    """Return the captions of the file's first readable text subtitle stream, put right.

    A stream marked as the default one comes first. None without such a stream, or when it is
    broken: a video is not refused for its subtitles.
    """
    try:
        with av.open(
            f"file:{source.resolve()}",
            format=demuxer,
            options={
                "protocol_whitelist": "file",
                "format_whitelist": DEMUXERS[demuxer],
                "codec_whitelist": ",".join(sorted(DECODERS)),
            },
            metadata_errors="replace",
        ) as container:
            stream = _chosen(container)
            cues = _cues_of(container, stream) if stream is not None else []
    except (av.error.FFmpegError, ValueError):
        return []
    return fit_cues(cues, duration_s)


def _chosen(container: InputContainer) -> SubtitleStream | None:
    readable = [
        stream
        for stream in container.streams.subtitles
        if stream.codec_context is not None and stream.codec_context.name in DECODERS
    ]
    default = av.stream.Disposition.default
    readable.sort(key=lambda stream: not stream.disposition & default)
    return readable[0] if readable else None


def _cues_of(container: InputContainer, stream: SubtitleStream) -> list[Cue]:
    """Return what each packet says and when, on the picture's clock.

    When the picture begins is told by its packets: without a decoder for it, as here, the header's
    word for it is a guess.
    """
    begins, found, seen = float("inf"), [], 0
    for packet in container.demux(*container.streams.video[:1], stream):
        if packet.pts is None or packet.time_base is None or not packet.size:
            continue
        start = float(packet.pts * packet.time_base)
        if packet.stream.index != stream.index:
            begins = min(begins, start)
            continue
        seen += 1
        if seen > MAX_PACKETS:
            break
        if text := _text_of(packet):
            length = float((packet.duration or 0) * packet.time_base) or DEFAULT_S
            found.append(Cue(start, start + length, text))
    begins = begins if begins < float("inf") else 0.0
    return [
        replace(cue, start_s=cue.start_s - begins, end_s=cue.end_s - begins)
        for cue in found[:MAX_CUES]
        if cue.end_s - begins > 0 and cue.start_s - begins < MAX_VIDEO_SECONDS
    ]


def _text_of(packet: Packet) -> str:
    try:
        rects = [rect for rect in packet.decode() if isinstance(rect, AssSubtitle)]
    except (av.error.FFmpegError, UnicodeDecodeError):
        return ""
    said = [rect.dialogue.decode("utf-8", "replace") for rect in rects]
    kept = [_OVERRIDE.sub("", line) for line in said if not _DRAWING.search(line)]
    return plain_text(_TAG.sub("", "\n".join(kept).replace(r"\N", "\n")))[:MAX_CUE_CHARS]
