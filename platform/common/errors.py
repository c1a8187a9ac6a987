"""Errors that carry a sentence a person can read."""


class DomainError(Exception):
    """Base of every refusal; `str(error)` is shown to the person as it stands."""


class InvalidInputError(DomainError):
    """What was sent cannot be used; the message says what to change."""


class NotAllowedError(DomainError):
    """The person may not do this."""


class ConflictError(DomainError):
    """It was already done, or somebody else is doing it."""


class QuotaExceededError(DomainError):
    """The person has used up what they may use for now."""
