"""Micro-videos by masked conditional latent diffusion, and the hub's video models beside it."""

from generation.core.video.backends import (
    VideoBackend,
    VideoRequest,
    VideoResult,
    load_video_backend,
)

__all__ = ["VideoBackend", "VideoRequest", "VideoResult", "load_video_backend"]
