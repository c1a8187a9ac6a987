"""What an upload may be, and what a child process that reads it may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024

MAX_UPLOAD_BYTES = 200 * MIB
# A telephone's 48-megapixel picture passes; a decoded row of bytes still fits the child's memory.
MAX_PIXELS = 50_000_000
MIN_SIDE = 32
MAX_VIDEO_SIDE = 4096
MAX_VIDEO_SECONDS = 180.0
# Three minutes at 120 frames a second.
MAX_VIDEO_FRAMES = 21_600
MAX_NAME_CHARS = 255

# What we make of an upload.
MASTER_LONG_SIDE = 1600
POSTER_BOX = (600, 800)
THUMB_BOX = (240, 320)
VIDEO_SHORT_SIDE = 720
MAX_FPS = 30


@dataclass(frozen=True)
class ChildLimits:
    """What one call in a child process may use before it is stopped."""

    memory_bytes: int
    cpu_s: int
    wall_s: float
    file_bytes: int


IMAGE_LIMITS = ChildLimits(memory_bytes=1536 * MIB, cpu_s=30, wall_s=60.0, file_bytes=64 * MIB)
VIDEO_LIMITS = ChildLimits(memory_bytes=3072 * MIB, cpu_s=900, wall_s=600.0, file_bytes=400 * MIB)
# Somebody waits for the answer.
SECONDS_LIMITS = ChildLimits(memory_bytes=2048 * MIB, cpu_s=60, wall_s=60.0, file_bytes=64 * MIB)
TEXT_LIMITS = ChildLimits(memory_bytes=768 * MIB, cpu_s=20, wall_s=40.0, file_bytes=64 * MIB)
