"""Many calls of one function, spread over child processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

# Calls that a child answers before it is asked for more.
CHUNK = 16

ResultT = TypeVar("ResultT")


def in_order(
    call: Callable[..., ResultT], arguments: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[ResultT]:
    """Yield `call(*one)` for each of the arguments, in order, by that many child processes."""
    if processes <= 1:
        yield from (call(*one) for one in arguments)
        return
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(partial(_call, call), arguments, chunksize=CHUNK)


def _call(call: Callable[..., ResultT], one: tuple[Any, ...]) -> ResultT:
    return call(*one)
