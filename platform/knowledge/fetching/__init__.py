"""Reading strangers' addresses without being turned against our own network."""

from knowledge.fetching.addresses import FetchPolicy, Resolver
from knowledge.fetching.client import Fetched, Validators, fetch
from knowledge.fetching.errors import BlockedAddressError, FetchError, TemporaryFetchError

__all__ = [
    "BlockedAddressError",
    "FetchError",
    "FetchPolicy",
    "Fetched",
    "Resolver",
    "TemporaryFetchError",
    "Validators",
    "fetch",
]
