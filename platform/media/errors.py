"""What can go wrong with a file; each carries a sentence for the person who sent it."""

from __future__ import annotations

from common.errors import InvalidInputError


class BadMediaError(InvalidInputError):
    """The file itself is at fault: trying again will not help."""


class MediaCrashError(InvalidInputError):
    """Reading the file broke or outgrew its child process; another attempt may work."""


DAMAGED = "This file is damaged or incomplete. Please export it again and upload the new file."
