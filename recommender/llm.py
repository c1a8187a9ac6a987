"""The instructor's second engine: a language model behind an OpenAI-compatible address.

It turns a message into an `Understanding` and nothing more; decision, permissions, quota and
screening lie behind it as behind the embedded engine, which answers whenever this one cannot: not
configured, over its cost cap, slow, broken, or talking nonsense. What is sent: see
`recommender.core.llm_reading._data`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from django.conf import settings

from recommender.core.dialogue import ShownItem, State, Understanding
from recommender.core.instructor import EmbeddedEngine, Engine
from recommender.core.llm_reading import (
    MAX_TOKENS,
    TOOL,
    BadReplyError,
    build_messages,
    find_arguments,
    read_arguments,
    tool_schema,
)
from recommender.llm_spending import OverCapError, release, reserve, settle_cost

logger = logging.getLogger(__name__)

EMBEDDED: Engine = EmbeddedEngine()
MAX_BODY_BYTES = 64 * 1024
# Commands to the program itself are understood here and go nowhere else.
LOCAL_TOPICS = frozenset(("undo", "reset", "memory", "status", "privacy"))
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 2.0
# Bytes of text a token has at least, on average: for the cost that is reserved before a call.
BYTES_PER_TOKEN = 2.5


class LlmError(Exception):
    """The model gave nothing that can be used. `billed`: it may have cost money all the same."""

    def __init__(self, reason: str, *, billed: bool = False, again: bool = False) -> None:
        super().__init__(reason)
        self.billed, self.again = billed, again
        # Seconds that the server asked us to wait.
        self.after_s = 0.0


@dataclass(frozen=True)
class Config:
    """Where the model is and what it may cost; all from settings."""

    base_url: str
    model: str
    api_key: str
    timeout_s: float
    max_retries: int
    price_input: float  # a million tokens
    price_output: float

    def cost_micros(self, tokens_in: float, tokens_out: float) -> int:
        """Return what so many tokens cost, in millionths of the currency."""
        return round(tokens_in * self.price_input + tokens_out * self.price_output)


def get_config() -> Config | None:
    """Return the configured model; None without one."""
    if not (settings.WEFT_LLM_BASE_URL and settings.WEFT_LLM_MODEL):
        return None
    return Config(
        base_url=settings.WEFT_LLM_BASE_URL.rstrip("/"),
        model=settings.WEFT_LLM_MODEL,
        api_key=settings.WEFT_LLM_API_KEY,
        timeout_s=settings.WEFT_LLM_TIMEOUT,
        max_retries=settings.WEFT_LLM_MAX_RETRIES,
        price_input=settings.WEFT_LLM_PRICE_INPUT,
        price_output=settings.WEFT_LLM_PRICE_OUTPUT,
    )


def engine_for(user_id: int) -> Engine:
    """Return the engine that listens to this person."""
    config = get_config()
    return EMBEDDED if config is None else LlmEngine(config, user_id)


class LlmEngine:
    """Asks the model and reads its answer; one call of `understand` a message.

    `answered` says afterwards whether the model's answer was used.
    """

    def __init__(self, config: Config, user_id: int) -> None:
        self.config, self.user_id = config, user_id
        self.answered = False

    def understand(self, text: str, *, state: State, shown: Sequence[ShownItem]) -> Understanding:
        """Return what the message means; by the embedded engine where the model cannot tell.

        Raises InvalidInputError for an empty or overlong message. Makes network calls: no lock
        should be held.
        """
        first = EMBEDDED.understand(text, state=state, shown=shown)
        if first.refusal or first.topic in LOCAL_TOPICS or not BREAKER.lets_through():
            return first
        try:
            heard = self._ask(first.text, state, shown)
        except OverCapError as error:
            BREAKER.let_go()
            logger.info("language model not asked: %s", error)
            return first
        except (LlmError, BadReplyError) as error:
            BREAKER.failed()
            logger.warning("language model: %s; the embedded engine answers", error)
            return first
        BREAKER.worked()
        self.answered = True
        return heard

    def _ask(self, text: str, state: State, shown: Sequence[ShownItem]) -> Understanding:
        request = {
            "model": self.config.model,
            "messages": build_messages(text, state=state, shown=shown),
            "tools": [tool_schema()],
            "tool_choice": {"type": "function", "function": {"name": TOOL}},
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
        }
        most = self.config.cost_micros(len(json.dumps(request)) / BYTES_PER_TOKEN, MAX_TOKENS)
        reserved = reserve(user_id=self.user_id, cost_micros=most)
        try:
            body = asyncio.run(_call(self.config, request))
        except LlmError as error:
            if not error.billed:
                release(reserved)
            raise
        tokens_in, tokens_out = _usage(body)
        cost = self.config.cost_micros(tokens_in, tokens_out) if tokens_in else most
        settle_cost(reserved, cost_micros=cost, tokens=tokens_in + tokens_out)
        ids = {item.id for item in shown} | ({state.focus_id} if state.focus_id else set())
        return read_arguments(find_arguments(body), text=text, shown_ids=ids)


def _usage(body: Any) -> tuple[int, int]:
    usage = body.get("usage") if isinstance(body, dict) else None
    counts = [usage.get(k) for k in ("prompt_tokens", "completion_tokens")] if usage else []
    if len(counts) == 2 and all(isinstance(n, int) and 0 <= n < 10**7 for n in counts):
        return counts[0], counts[1]
    return 0, 0


async def _call(config: Config, request: dict[str, Any]) -> Any:
    """Return the decoded answer within the time there is, trying again where that may help."""
    try:
        async with asyncio.timeout(config.timeout_s):
            return await _with_retries(config, request)
    except TimeoutError as error:
        raise LlmError(f"no answer within {config.timeout_s:g} s", billed=True) from error


async def _with_retries(config: Config, request: dict[str, Any]) -> Any:
    headers = {"Accept-Encoding": "identity", "Accept": "application/json"}
    if config.api_key:
        headers["Authorization"] = f"Bearer {config.api_key}"
    async with httpx2.AsyncClient(timeout=config.timeout_s, headers=headers) as client:
        for attempt in range(config.max_retries + 1):
            try:
                return await _post(client, f"{config.base_url}/chat/completions", request)
            except LlmError as error:
                if not error.again or attempt == config.max_retries:
                    raise
                pause = min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S)
                await asyncio.sleep(max(pause * random.uniform(0.5, 1.0), error.after_s))
    raise AssertionError("the loop returns or raises")


async def _post(client: httpx2.AsyncClient, url: str, request: dict[str, Any]) -> Any:
    """Return one decoded answer; `LlmError.again` where another try may do better."""
    body = bytearray()
    try:
        async with client.stream("POST", url, json=request) as response:
            if response.status_code != 200:
                raise _refused(response)
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise LlmError("its answer is too large", billed=True)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise LlmError(f"{type(error).__name__}", again=True) from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise LlmError("its answer is not JSON", billed=True) from error


def _refused(response: httpx2.Response) -> LlmError:
    code = response.status_code
    error = LlmError(f"status {code}", again=code == 429 or code >= 500)
    after = response.headers.get("Retry-After", "")
    # Waiting longer than the whole time there is ends in the time-out, and so in an answer.
    error.after_s = float(after) if after.isdecimal() and len(after) < 6 else 0.0
    return error


class Breaker:
    """Stops asking after failures in a row; one message tries again after a pause.

    One for each process: no process waits for a dead model more than so many times.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._failures, self._open_until, self._is_probing = 0, 0.0, False

    def lets_through(self) -> bool:
        """Return whether a call may be made now."""
        with self._lock:
            if self._failures < settings.WEFT_LLM_BREAKER_FAILURES:
                return True
            if self._is_probing or time.monotonic() < self._open_until:
                return False
            self._is_probing = True
            return True

    def worked(self) -> None:
        with self._lock:
            self.reset()

    def failed(self) -> None:
        with self._lock:
            self._failures, self._is_probing = self._failures + 1, False
            self._open_until = time.monotonic() + settings.WEFT_LLM_BREAKER_PAUSE

    def let_go(self) -> None:
        """The call was not made after all: neither good nor bad."""
        with self._lock:
            self._is_probing = False


BREAKER = Breaker()
