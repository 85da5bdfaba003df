"""The server over real sockets: connections, faults in their phases, recording, admin routes."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from wlinfra.emulation import (
    Delay,
    Drop,
    EmulatorServer,
    Invoke,
    ManualClock,
    Phase,
    Reply,
    Request,
    Response,
    Truncate,
    json_response,
)


class Counter:
    """An application that counts the requests it handled."""

    def __init__(self) -> None:
        self.handled: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Answer with the number of requests so far."""
        self.handled.append(request)
        return json_response({"count": len(self.handled)})


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def server(counter: Counter) -> Iterator[EmulatorServer]:
    with EmulatorServer(counter, clock=ManualClock()) as started:
        yield started


def _ask(
    server: EmulatorServer, path: str = "/things", method: str = "POST", body: bytes | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_connection_is_kept_for_many_requests(server: EmulatorServer, counter: Counter) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(50):
        connection.request("GET", "/things?a=1&a=2&b=", headers={"X-Thing": "yes"})
        assert connection.getresponse().read()
    connection.close()

    assert counter.handled[0].query == {"a": ["1", "2"], "b": [""]}
    assert counter.handled[0].headers["x-thing"] == "yes"
    assert [one.number for one in server.requests] == list(range(1, 51))


def test_chunked_body_is_read(server: EmulatorServer, counter: Counter) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/things", iter([b'{"a"', b":1}"]), encode_chunked=True)
    connection.getresponse().read()
    connection.close()

    assert counter.handled[0].json() == {"a": 1}


def test_nonsense_is_answered_with_400(server: EmulatorServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"hello\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("phase", "handled"), [(Phase.BEFORE, 0), (Phase.AFTER, 1)])
def test_dropped_connection_before_and_after_the_effect(
    server: EmulatorServer, counter: Counter, phase: Phase, handled: int
) -> None:
    server.faults.on(Drop(), phase=phase)

    with pytest.raises(http.client.RemoteDisconnected):
        _ask(server)

    assert (len(counter.handled), server.requests[0].status) == (handled, None)


def test_reply_after_the_handler_keeps_its_effect(server: EmulatorServer, counter: Counter) -> None:
    server.faults.on(Reply(503, {"Retry-After": "7"}), phase=Phase.AFTER)

    assert _ask(server) == (503, b'{"detail":"Injected fault"}')
    assert _ask(server) == (200, b'{"count":2}')
    assert [one.status for one in server.requests] == [503, 200]


def test_truncated_body_ends_the_connection(server: EmulatorServer) -> None:
    server.faults.on(Truncate(4))

    with pytest.raises(http.client.IncompleteRead) as caught:
        _ask(server)

    assert caught.value.partial == b'{"co'


def test_function_runs_after_the_reply(server: EmulatorServer) -> None:
    seen: SimpleQueue[str] = SimpleQueue()
    server.faults.on(Invoke(lambda request: seen.put(request.path)), phase=Phase.REPLIED)
    server.faults.on(Delay(0.01))

    assert _ask(server)[0] == 200
    assert _ask(server, "/more")[0] == 200
    assert seen.get(timeout=60) == "/things"
    assert seen.empty()


def test_failing_application_answers_500_and_fails_the_stop() -> None:
    def broken(_request: Request) -> Response:
        raise LookupError("no such thing")

    server = EmulatorServer(broken).start()

    assert _ask(server)[0] == 500
    with pytest.raises(LookupError, match="no such thing"):
        server.stop()


def test_hook_that_objects_fails_the_stop() -> None:
    def object_to(request: Request, response: Response) -> None:
        assert response.status == 201, f"{request.method} answered {response.status}"

    server = EmulatorServer(Counter(), on_exchange=object_to).start()
    _ask(server)

    with pytest.raises(AssertionError, match="POST answered 200"):
        server.stop()


def test_stop_ends_open_connections() -> None:
    server = EmulatorServer(Counter()).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/things")
    connection.getresponse().read()

    server.stop()

    assert connection.sock is not None
    assert connection.sock.recv(1) == b""
    connection.close()


def test_admin_routes_drive_clock_faults_and_recording(server: EmulatorServer, counter: Counter) -> None:
    before = server.clock.now()
    _ask(server, "/_emulator/clock", body=b'{"advance": 30}')
    _ask(server, "/_emulator/faults", body=b'{"action": "reply", "status": 418}')

    assert server.clock.now() == before + 30
    assert _ask(server)[0] == 418
    recorded = json.loads(_ask(server, "/_emulator/requests", "GET")[1])["requests"]
    assert [(one["path"], one["status"]) for one in recorded] == [("/things", 418)]
    assert _ask(server, "/_emulator/reset")[0] == 204
    assert (list(server.requests), counter.handled) == ([], [])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_emulator/clock", b'{"advance": -1}', 400),
        ("/_emulator/clock", b"[]", 400),
        ("/_emulator/faults", b'{"action": "explode"}', 400),
        ("/_emulator/nothing", b"{}", 404),
    ],
)
def test_wrong_admin_request_is_explained(server: EmulatorServer, path: str, body: bytes, status: int) -> None:
    answer = _ask(server, path, body=body)

    assert answer[0] == status
    assert json.loads(answer[1])["detail"]


def test_rate_limit_is_set_over_the_admin_route(server: EmulatorServer) -> None:
    _ask(server, "/_emulator/faults", body=b'{"requestsPerSecond": 1}')

    assert [_ask(server)[0] for _ in range(2)] == [200, 429]
    _ask(server, "/_emulator/faults", "DELETE")
    assert _ask(server)[0] == 200
