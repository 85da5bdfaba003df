"""A small HTTP server with a latency, a rate limit and counts, for the platforms that peers and wlinfra talk to.

`workload_api` and `kubernetes_api` are applications for it; `Served` runs one in a process of its own, so that it
does not share an interpreter with what is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from benchmarks.support.installed import clean_environment

__all__ = ["Answer", "App", "Request", "Served", "serve"]

_ADMIN = "/_bench"
_REASONS = {200: "OK", 201: "Created", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as an application sees it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an application answers."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    counted_as: str = ""
    """What the request was, for the counts."""


class App(Protocol):
    """A platform."""

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        ...

    def reset(self) -> None:
        """Forget every object."""
        ...


@dataclass(slots=True)
class _Behaviour:
    """What the parent process sets between runs."""

    latency: float = 0.0
    """Seconds added to every answer."""
    limit: int = 0
    """Requests in any second; 0 is no limit."""
    counts: Counter[str] = field(default_factory=Counter)
    recent: deque[float] = field(default_factory=deque)

    def is_exceeded(self) -> bool:
        if not self.limit:
            return False
        now = time.monotonic()
        while self.recent and now - self.recent[0] >= 1:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            return True
        self.recent.append(now)
        return False


class _Server:
    def __init__(self, app: App) -> None:
        self._app = app
        self._behaviour = _Behaviour()

    async def run(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=1 << 20)
        print(server.sockets[0].getsockname()[1], flush=True)
        # The parent holds our input open for as long as it lives.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        os._exit(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                started = time.monotonic()
                answer, headers = self._answer(request)
                if not request.path.startswith(_ADMIN) and self._behaviour.latency:
                    await asyncio.sleep(started + self._behaviour.latency - time.monotonic())
                writer.write(_head(answer, headers) + answer.body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()

    def _answer(self, request: Request) -> tuple[Answer, str]:
        if request.path.startswith(_ADMIN):
            return self._administer(request), ""
        if self._behaviour.is_exceeded():
            self._behaviour.counts["429"] += 1
            return Answer(status=429, body=b'{"message":"Too many requests"}'), "Retry-After: 1\r\n"
        answer = self._app.answer(request)
        self._behaviour.counts[answer.counted_as or f"{request.method} {request.path}"] += 1
        return answer, ""

    def _administer(self, request: Request) -> Answer:
        """Set what was given, and return and reset the counts."""
        given = request.json()
        if given.pop("reset", False):
            self._app.reset()
        for name, value in given.items():
            setattr(self._behaviour, name, value)
        counts = dict(self._behaviour.counts)
        self._behaviour.counts.clear()
        self._behaviour.recent.clear()
        return Answer(body=json.dumps(counts).encode())


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    parts = urlsplit(target)
    return Request(method=method, path=parts.path, query=parse_qs(parts.query), headers=headers, body=body)


def _head(answer: Answer, headers: str) -> bytes:
    reason = _REASONS.get(answer.status, "Status")
    return (
        f"HTTP/1.1 {answer.status} {reason}\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n{headers}\r\n"
    ).encode("latin-1")


def serve(app: App) -> None:
    """Serve until the input ends, the port on the first line of the output."""
    asyncio.run(_Server(app).run())


class Served:
    """A platform in a process of its own."""

    def __init__(self, module: str, root: Path) -> None:
        paths = [str(root), *(path for path in sys.path if path)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**clean_environment(), "PYTHONPATH": os.pathsep.join(paths)},
        )
        output = self._process.stdout
        port = output.readline().strip() if output is not None else ""
        if not port:
            raise RuntimeError(f"{module} did not start")
        self.url = f"http://127.0.0.1:{port}"

    def set(self, **behaviour: float) -> dict[str, int]:
        """Set ``latency`` in seconds or ``limit`` in requests per second, or forget all with ``reset``.

        Returns how often each request was made since the last call.
        """
        request = urllib.request.Request(f"{self.url}{_ADMIN}", data=json.dumps(behaviour).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            counts: dict[str, int] = json.load(answer)
        return counts

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
