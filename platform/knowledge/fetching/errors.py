"""What can go wrong with an address; each carries a sentence for the operator."""

from __future__ import annotations

from common.errors import InvalidInputError


class FetchError(InvalidInputError):
    """The address cannot be read."""


class BlockedAddressError(FetchError):
    """The address leads where Weft must not go: our own machines, a private network."""


class TemporaryFetchError(FetchError):
    """It may work later; `retry_after_s` is what the site asked for, if it did."""

    def __init__(self, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
