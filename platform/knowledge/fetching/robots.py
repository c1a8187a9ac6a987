"""What a site asks robots not to read (RFC 9309), asked once for each reading of a source."""

from __future__ import annotations

from dataclasses import replace
from urllib.robotparser import RobotFileParser

from knowledge.fetching.addresses import FetchPolicy, parse_url
from knowledge.fetching.client import USER_AGENT, fetch
from knowledge.fetching.errors import BlockedAddressError, FetchError, TemporaryFetchError

MAX_BYTES = 256 * 1024


def check_robots(url: str, policy: FetchPolicy) -> None:
    """Raise `BlockedAddressError` where the site's robots.txt asks us to stay away.

    No robots.txt allows everything; one that cannot be reached now is a temporary error.
    """
    target = parse_url(url, policy)
    address = replace(target, path="/robots.txt").url
    small = replace(policy, max_wire_bytes=MAX_BYTES, max_body_bytes=MAX_BYTES)
    try:
        body = fetch(address, policy=small).body
    except (TemporaryFetchError, BlockedAddressError):
        raise
    except FetchError:
        return
    rules = RobotFileParser()
    rules.parse(body.decode("utf-8", "replace").splitlines())
    if not rules.can_fetch(USER_AGENT.split("/")[0], target.url):
        raise BlockedAddressError("The site asks not to be read by machines (robots.txt).")
