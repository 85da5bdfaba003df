"""An HTTP server on a real socket that answers with what a test wrote down, in order, and remembers what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import orjson
from engines.listening import Listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; ``cut`` promises more bytes than come, ``drop`` closes the connection without a word, ``wait`` holds it back."""

    status: int = 200
    json: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False
    wait: threading.Event | None = None

    @property
    def body(self) -> bytes:
        """The bytes to send."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.json is None else orjson.dumps(self.json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedServer:
    """The script, and what came so far; the last reply is repeated when the script has ended."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies = list(replies)
        self.received: list[Received] = []
        self.url = ""
        self._lock = threading.Lock()

    @property
    def calls(self) -> list[str]:
        """Method and path of every request, in order."""
        return [f"{request.method} {request.path}" for request in self.received]

    def next_reply(self, request: Received) -> Reply:
        """Remember the request and return its answer."""
        with self._lock:
            self.received.append(request)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted(*replies: Reply) -> Iterator[ScriptedServer]:
    """Serve the replies on a free loopback port for as long as the block runs."""
    script = ScriptedServer(replies or [Reply()])
    server = Listening(("127.0.0.1", 0), _handler(script))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = script.next_reply(
                Received(method=self.command, path=self.path, headers=dict(self.headers), body=body)
            )
            if reply.wait is not None:
                reply.wait.wait()
            if reply.drop:
                self.close_connection = True
                return
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.body) + (10 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = self.close_connection or reply.cut

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names the base class looks for

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler
