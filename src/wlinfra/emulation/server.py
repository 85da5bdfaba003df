"""The HTTP server under every emulator: keep-alive connections, one thread each, on the loopback interface.

An emulator passes the function that answers a request; tests read `requests`, plan `faults` and hook `on_exchange`.
"""

from __future__ import annotations

import itertools
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any, Self, assert_never

from .admin import ADMIN_PREFIX, Admin
from .clock import Clock
from .exchange import Exchange
from .faults import Delay, Drop, Fault, FaultPlan, Invoke, Phase, Reply, Truncate
from .routes import Request, Response, Route, json_response
from .wire import BadRequestError, encode_response, read_request

Application = Callable[[Request], Response]
ExchangeHook = Callable[[Request, Response], None]


@dataclass(slots=True)
class _Outcome:
    """What becomes of one request."""

    response: Response | None = None
    dropped: bool = False
    keep: int | None = None
    """How many bytes of the body are sent before the connection closes; None sends all."""


_BROKEN = json_response({"detail": "The emulator failed; its output shows why."}, 500)

_KEPT_BODY = 1_000_000
"""How many bytes of a request body are recorded; a larger one, such as an upload, is recorded as empty."""


class EmulatorServer:
    """Serves an application on 127.0.0.1 until stopped; `port=0` takes a free port, `url` has it."""

    def __init__(
        self,
        application: Application,
        *,
        clock: Clock | None = None,
        port: int = 0,
        on_exchange: ExchangeHook | None = None,
        on_reset: Callable[[], None] | None = None,
        admin_routes: Iterable[Route] = (),
    ) -> None:
        self.clock = clock or Clock()
        self.faults = FaultPlan()
        self.requests: deque[Exchange] = deque(maxlen=100_000)
        self.failures: list[BaseException] = []
        """What the application or the hook raised while serving; `stop` raises the first."""
        self._application = application
        self._on_exchange = on_exchange
        self._admin = Admin(
            clock=self.clock, faults=self.faults, requests=self.requests, reset=on_reset, more=admin_routes
        )
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._listener = _Listener(("127.0.0.1", port), _Connection, self)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        """The address without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Begin to answer; returns at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for its thread; raises the first failure seen while serving."""
        self.close()
        if self.failures:
            raise self.failures[0]

    def close(self) -> None:
        """Close every connection and wait for its thread; harmless when repeated."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._thread.is_alive():
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the accepting thread at once
            self._thread.join()
        self._listener.end_connections()
        self._listener.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.stop()
        else:
            self.close()

    def _accept(self) -> None:
        """Give every connection its thread, until the one that `close` opens."""
        while True:
            try:
                connection, address = self._listener.get_request()
            except OSError:  # the client is gone already, or this process has too many files open for a moment
                self._stopping.wait(0.05)
                continue
            if self._stopping.is_set():
                self._listener.shutdown_request(connection)
                return
            self._listener.process_request(connection, address)

    def exchange(self, request: Request, send: Callable[[Response | None, int | None], None]) -> None:
        """Answer one request, faults included; `send` gets the answer (None: drop) and how much of its body to send."""
        if request.path.startswith(ADMIN_PREFIX):
            send(self._admin.answer(request), None)
            return
        request = replace(request, number=next(self._numbers))
        due = self.faults.due(request, self.clock.now())
        outcome = self._strike(due, Phase.BEFORE, request, _Outcome())
        if outcome.response is None and not outcome.dropped:
            outcome.response = _BROKEN
            try:
                outcome.response = self._answer(request)
            finally:  # an exception goes on to the listener, which records it; the client still gets its 500
                if outcome.response is _BROKEN:
                    send(_BROKEN, None)
            outcome = self._strike(due, Phase.AFTER, request, outcome)
        if outcome.dropped:
            outcome.response = None
        self._record(request, outcome.response)
        send(outcome.response, outcome.keep)
        self._strike(due, Phase.REPLIED, request, outcome)

    def _answer(self, request: Request) -> Response:
        response = self._application(request)
        if self._on_exchange is not None:
            self._on_exchange(request, response)
        return response

    def _strike(self, due: list[Fault], phase: Phase, request: Request, outcome: _Outcome) -> _Outcome:
        for fault in due:
            if fault.phase is not phase:
                continue
            match fault.action:
                case Drop():
                    outcome.dropped = True
                case Reply() as reply:
                    outcome.response = reply.response()
                case Delay(seconds):
                    self._stopping.wait(seconds)
                case Truncate(keep):
                    outcome.keep = keep
                case Invoke(function):
                    function(request)
                case other:
                    assert_never(other)
        return outcome

    def _record(self, request: Request, response: Response | None) -> None:
        self.requests.append(
            Exchange(
                number=request.number,
                method=request.method,
                path=request.path,
                query=dict(request.query),
                body=request.body if len(request.body) <= _KEPT_BODY else b"",
                status=None if response is None else response.status,
            )
        )


class _Listener(ThreadingTCPServer):
    """Accepts connections and knows the open ones, so that a stop ends them."""

    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[StreamRequestHandler], emulator: EmulatorServer) -> None:
        self.emulator = emulator
        self._open: dict[socket.socket, threading.Thread] = {}
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what was raised while a request was answered, and print it."""
        error = sys.exception()
        if error is not None:
            self.emulator.failures.append(error)
            traceback.print_exception(error, file=sys.stderr)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread, and remember both until everything is over, what is raised noted too."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._open_lock:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.pop(request, None)

    def end_connections(self) -> None:
        """Close what is still open and wait for the threads, briefly."""
        with self._open_lock:
            open_now = dict(self._open)
        for connection in open_now:
            _shut(connection)
        for thread in open_now.values():
            thread.join(timeout=5)


class _Connection(StreamRequestHandler):
    """One client connection."""

    disable_nagle_algorithm = True
    server: _Listener

    def handle(self) -> None:
        """Answer requests until one side closes."""
        try:
            while self._handle_one():
                pass
        except (ConnectionError, TimeoutError):
            return
        except BadRequestError as error:
            refusal = json_response({"detail": f"Bad request: {error}"}, 400)
            self.connection.sendall(encode_response(refusal, keep=False, head=False))

    def _handle_one(self) -> bool:
        read = read_request(self.rfile, self._proceed)
        if read is None:
            return False
        request, keep = read
        alive = [keep]

        def send(response: Response | None, only: int | None) -> None:
            alive[0] = self._send(request, response, only, keep=keep)

        self.server.emulator.exchange(request, send)
        return alive[0]

    def _send(self, request: Request, response: Response | None, only: int | None, *, keep: bool) -> bool:
        if response is None:
            _shut(self.connection)
            return False
        data = encode_response(response, keep=keep, head=request.method == "HEAD")
        if only is not None:
            data = data[: len(data) - max(0, len(response.body) - only)]
            self.connection.sendall(data)
            _shut(self.connection)
            return False
        self.connection.sendall(data)
        return keep

    def _proceed(self) -> None:
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
