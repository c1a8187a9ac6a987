"""A real OpenAI-compatible HTTP server on this machine, whose behaviour a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What one request gets: (status, body, headers).
Answer = tuple[int, bytes, dict[str, str]]


def tool_call(arguments: Any, **usage: int) -> Answer:
    """Return a chat completion that calls our tool with these arguments."""
    raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {"type": "function", "function": {"name": "understood", "arguments": raw}}
    body: dict[str, Any] = {"choices": [{"message": {"content": None, "tool_calls": [call]}}]}
    if usage:
        body["usage"] = usage
    return 200, json.dumps(body).encode(), {}


def status(code: int, **headers: str) -> Answer:
    """Return a refusal."""
    return (
        code,
        b'{"error": {"message": "no"}}',
        {k.replace("_", "-"): v for k, v in headers.items()},
    )


class LanguageModel:
    """The server: `script` holds the answers in order, the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Answer] = [status(500)]
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        # Set to keep answers back until the test lets them go.
        self.gate: threading.Event | None = None
        self.during: Callable[[], None] = lambda: None
        self.url = ""

    @property
    def calls(self) -> int:
        return len(self.requests)

    def sent(self) -> dict[str, Any]:
        """Return the data block of the last request, decoded."""
        marker, data, end = self.requests[-1]["messages"][1]["content"].split("\n")
        assert marker == end
        return json.loads(data)


@contextmanager
def serving() -> Iterator[LanguageModel]:
    """Run the server for as long as the block runs."""
    model = LanguageModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            answers = model.script
            code, body, headers = answers[min(model.calls, len(answers) - 1)]
            model.requests.append(json.loads(raw))
            model.headers.append(dict(self.headers) | {"path": self.path})
            model.during()
            if model.gate is not None:
                model.gate.wait(20)
            try:
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the client has gone, as some tests want

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield model
    finally:
        if model.gate is not None:
            model.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
