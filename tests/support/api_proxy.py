"""Stands between a command and an API server, counts what changes something, and does harm at the chosen request."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["ApiProxy", "Harm", "Moment", "api_proxy"]


class Moment(Enum):
    """When harm is done to a request."""

    BEFORE = "before"
    """The API server has not seen it."""
    AFTER = "after"
    """The API server has done it, and the client has not heard so."""
    REPLIED = "replied"
    """The client has been told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What happens to one mutating request, counted from 1; ``status`` None closes the connection without a word."""

    at: int
    moment: Moment
    run: Callable[[], None] | None = None
    """Called instead of meddling with the answer; the request goes on where it can."""
    status: int | None = None


@dataclass(slots=True, kw_only=True)
class ApiProxy:
    """The address to use instead of the server's, the mutating requests so far, and the harm to come."""

    server: str
    authority: Path | None
    url: str = ""
    harm: Harm | None = None
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self, harm: Harm | None = None) -> None:
        """Count from one again, with this harm to come."""
        with self.lock:
            self.harm, self.calls = harm, []

    def arriving(self, method: str, path: str) -> Harm | None:
        """Count the request and return the harm that is meant for it."""
        if method == "GET" or "dryRun=" in path:
            return None
        with self.lock:
            self.calls.append(f"{method} {urlsplit(path).path}")
            return self.harm if self.harm is not None and self.harm.at == len(self.calls) else None


@contextmanager
def api_proxy(server: str, authority: Path | None) -> Iterator[ApiProxy]:
    """Give a proxy over plain HTTP to an API server over TLS."""
    proxy = ApiProxy(server=server, authority=authority)

    class Handler(_Handler):
        pass

    Handler.proxy = proxy
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: ApiProxy

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Serve until the client is gone, killed or not."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        harm = self.proxy.arriving(self.command, self.path)
        if harm is not None and harm.moment is Moment.BEFORE and self._strike(harm):
            return
        status, kind, answer = self._forward(body)
        if harm is not None and harm.moment is Moment.AFTER and self._strike(harm):
            return
        self._answer(status, kind, answer)
        if harm is not None and harm.moment is Moment.REPLIED:
            self._strike(harm)

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 (the names of the standard library)

    def _strike(self, harm: Harm) -> bool:
        """Do the harm; True when it was the answer."""
        if harm.run is not None:
            harm.run()
            return harm.moment is Moment.BEFORE
        if harm.status is None:
            self.close_connection = True
        else:
            self._answer(harm.status, "text/plain", b"from something in between")
        return True

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        parts = urlsplit(self.proxy.server)
        context = ssl.create_default_context(cafile=str(self.proxy.authority) if self.proxy.authority else None)
        upstream = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=30, context=context)
        passed = ("Authorization", "Accept", "Content-Type")
        headers = {name: self.headers[name] for name in passed if self.headers[name]}
        try:
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheader("Content-Type") or "", answer.read()
        finally:
            upstream.close()
