"""Stands between a command and an API server, counts what changes something, and does harm at the chosen request.

Watches pass through as they come; a test may put its own events or its own end into the next one.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from engines.listening import Listening

from wlinfra.http.tls import closing

__all__ = ["ApiProxy", "Ending", "Harm", "Moment", "api_proxy"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a watch is answered without the API server: refused with a status, or ended after these events."""

    status: int = 200
    events: tuple[bytes, ...] = ()
    silent: bool = False
    """It begins, tells nothing and does not end."""


@dataclass(slots=True, kw_only=True)
class ApiProxy:
    """The address to use instead of the server's, the mutating requests so far, and the harm to come."""

    server: str
    authority: Path | None
    url: str = ""
    harm: Harm | None = None
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    reads: list[str] = field(default_factory=list)
    """Every ``GET`` and ``WATCH`` so far, with its path."""
    watching: set[socket.socket] = field(default_factory=set)
    """The clients whose watches are passed through at this moment."""
    endings: list[Ending] = field(default_factory=list)
    """How the next watches are answered, instead of being passed through."""

    def connection(self) -> http.client.HTTPConnection:
        """Return a new connection to the API server, or to the ``kubectl proxy`` in front of somebody else's."""
        parts = urlsplit(self.server)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=90)
        context = closing(ssl.create_default_context(cafile=str(self.authority) if self.authority else None))
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=90, context=context)

    def reset(self, harm: Harm | None = None) -> None:
        """Count from one again, with this harm to come."""
        with self.lock:
            self.harm, self.calls = harm, []

    def cut(self) -> int:
        """Break every watch in its middle; return how many there were."""
        with self.lock:
            clients = list(self.watching)
        for client in clients:
            client.shutdown(socket.SHUT_RDWR)
        return len(clients)

    def ending(self) -> Ending | None:
        """Return the next ending, once."""
        with self.lock:
            return self.endings.pop(0) if self.endings else None

    def arriving(self, method: str, path: str) -> Harm | None:
        """Count the request and return the harm that is meant for it."""
        if method == "GET":
            with self.lock:
                self.reads.append(f"{'WATCH' if 'watch=true' in path else 'GET'} {urlsplit(path).path}")
            return None
        if "dryRun=" in path:
            return None
        with self.lock:
            self.calls.append(f"{method} {urlsplit(path).path}")
            return self.harm if self.harm is not None and self.harm.at == len(self.calls) else None


@contextmanager
def api_proxy(server: str, authority: Path | None) -> Iterator[ApiProxy]:
    """Give a proxy over plain HTTP to an API server over TLS, or to another proxy that signs in to one."""
    proxy = ApiProxy(server=server, authority=authority)

    class Handler(_Handler):
        pass

    Handler.proxy = proxy
    with Listening(("127.0.0.1", 0), Handler) as listening:
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
        if self.command == "GET" and "watch=true" in self.path:
            self._watch()
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
        upstream = self._ask(body)
        try:
            answer = upstream.getresponse()
            return answer.status, answer.getheader("Content-Type") or "", answer.read()
        finally:
            upstream.close()

    def _ask(self, body: bytes = b"") -> http.client.HTTPConnection:
        upstream = self.proxy.connection()
        signs_in = not isinstance(upstream, http.client.HTTPSConnection)  # by itself, with what its kubeconfig says
        passed = ("Accept", "Content-Type") if signs_in else ("Authorization", "Accept", "Content-Type")
        headers = {name: self.headers[name] for name in passed if self.headers[name]}
        try:
            upstream.request(self.command, self.path, body or None, headers)
        except OSError:
            upstream.close()
            raise
        return upstream

    def _watch(self) -> None:
        ending = self.proxy.ending()
        if ending is not None and ending.silent:
            self._begin(200, "application/json")
            self.connection.recv(1, socket.MSG_PEEK)
            self.close_connection = True
            return
        if ending is not None:
            self._answer(ending.status, "application/json", b"".join(ending.events))
            return
        upstream = self._ask()
        with self.proxy.lock:
            self.proxy.watching.add(self.connection)
        leaving = threading.Thread(target=self._hang_up, args=(upstream,), daemon=True)
        leaving.start()
        try:
            self._pass_on(upstream.getresponse())
        except (OSError, ValueError, http.client.HTTPException):
            self.close_connection = True
        finally:
            with self.proxy.lock:
                self.proxy.watching.discard(self.connection)
            upstream.close()

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        self._begin(answer.status, answer.getheader("Content-Type") or "")
        while piece := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _hang_up(self, upstream: http.client.HTTPConnection) -> None:
        """End the watch when the client is gone; the next request on its connection, which is left there, ends this."""
        try:
            gone = not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            gone = True
        upstream_socket = upstream.sock
        if gone and upstream_socket is not None:
            with suppress(OSError):
                upstream_socket.shutdown(socket.SHUT_RDWR)
