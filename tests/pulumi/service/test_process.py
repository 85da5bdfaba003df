"""The plugin as a process: what it prints, how it ends, and that no engine's death leaves it behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import support.pulumi_fake_bridge
from pulumi.runtime.proto import plugin_pb2
from support.pulumi_protocol import Client, engine_listening, refusal

FAKE = support.pulumi_fake_bridge.__file__
ENGINE = f"""
import socket, subprocess, sys, time
listening = socket.create_server(("127.0.0.1", 0))
address = "127.0.0.1:" + str(listening.getsockname()[1])
plugin = subprocess.Popen([sys.executable, {FAKE!r}, sys.argv[1], address], stdout=subprocess.PIPE, text=True)
print(plugin.pid, plugin.stdout.readline().strip(), flush=True)
time.sleep(600)
"""
"""A program that starts the plugin as an engine does and listens."""


class Plugin:
    """A plugin over the fake bridge, started with arguments of an engine."""

    def __init__(self, notes: Path, *arguments: str) -> None:
        self._notes = notes
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, FAKE, str(notes), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().strip()
        self.client = Client(f"127.0.0.1:{self.port}")

    @property
    def notes(self) -> list[str]:
        return self._notes.read_text().split() if self._notes.exists() else []

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end; return exit code, the rest of standard output, and standard error."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def engine() -> Iterator[str]:
    with engine_listening() as (address, _):
        yield address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Plugin]]:
    started: list[Plugin] = []

    def start(*arguments: str) -> Plugin:
        started.append(Plugin(tmp_path / f"notes-{len(started)}", *arguments))
        return started[-1]

    yield start
    for plugin in started:
        plugin.client.channel.close()
        with plugin.process:  # which may have ended with its engine
            plugin.process.kill()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def creating(plugin: Plugin, count: int) -> Iterator[list[Any]]:
    """Yield that many creates, each of which waits for a cancel."""
    calls: list[Any] = [
        plugin.client.stub.Create.future(plugin.client.create_request({"wait": True}, name=f"n{number}"))
        for number in range(count)
    ]
    wait_until(lambda: plugin.notes.count("waiting") == count)
    yield calls
    for call in calls:
        call.cancel()


def test_standard_output_has_the_port_and_nothing_else(start: Callable[..., Plugin], engine: str) -> None:
    plugin = start("--logtostderr", "-v=9", "--tracing", "127.0.0.1:4317", engine)
    assert plugin.client.create({"print": True}).id == "id-1"
    plugin.client.cancel()
    plugin.process.send_signal(signal.SIGINT)
    code, out, err = plugin.ended()
    assert (code, out) == (0, "")
    assert "this must not be read as a port" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_records_and_closes(start: Callable[..., Plugin], engine: str, number: int) -> None:
    plugin = start(engine)
    with creating(plugin, 3) as calls:
        plugin.process.send_signal(number)
        codes = {call.exception().code() for call in calls}
    assert codes == {grpc.StatusCode.CANCELLED}
    assert plugin.ended()[0] == 0
    assert plugin.notes[6:] == ["cancel", "recorded", "recorded", "recorded", "close"]


def test_a_cancel_is_acknowledged_while_more_creates_wait_than_engines_make(
    start: Callable[..., Plugin], engine: str
) -> None:
    plugin = start(engine)
    with creating(plugin, 130) as calls:
        plugin.client.cancel(timeout=40)  # long before the 60 s that the creates would wait
        codes = [call.exception().code() for call in calls]
    assert codes == [grpc.StatusCode.CANCELLED] * 130


def test_a_cancel_before_the_first_question_holds_for_the_later_ones(start: Callable[..., Plugin], engine: str) -> None:
    plugin = start(engine)
    plugin.client.cancel()
    caught = refusal(lambda: plugin.client.create({"wait": True}))
    assert caught.code() == grpc.StatusCode.CANCELLED


def test_it_ends_when_its_engine_is_killed_and_records_what_ran(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(notes)], stdout=subprocess.PIPE, text=True, env=environ
    ) as engine:
        assert engine.stdout is not None
        pid, port = map(int, engine.stdout.readline().split())
        client = Client(f"127.0.0.1:{port}")
        call: Any = client.stub.Create.future(client.create_request({"wait": True}))
        wait_until(lambda: notes.exists() and "waiting" in notes.read_text())
        engine.kill()
    wait_until(lambda: not _runs(pid))
    assert call.exception().code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
    assert notes.read_text().split()[1:] == ["waiting", "cancel", "recorded", "close"]
    client.channel.close()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_it_ends_when_no_engine_listens_any_more_though_its_parent_lives(start: Callable[..., Plugin]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        plugin = start(f"127.0.0.1:{listening.getsockname()[1]}")
        plugin.client.check({})
    assert plugin.ended()[0] == 0
    assert plugin.notes == ["check", "cancel", "close"]


def test_it_stays_while_a_busy_engine_accepts_no_connection(start: Callable[..., Plugin]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        address = listening.getsockname()
        plugin = start(f"{address[0]}:{address[1]}")
        plugin.client.check({})
        waiting = [socket.create_connection(address)]  # the queue is full now: the next ones wait
        time.sleep(3)
        assert plugin.process.poll() is None
        for connection in waiting:
            connection.close()


# ---------------------------------------------------------------- started by hand


def test_engines_attach_one_after_another_and_several_at_once(start: Callable[..., Plugin]) -> None:
    plugin = start()
    address = f"127.0.0.1:{plugin.port}"
    with engine_listening() as (one, lines), engine_listening() as (two, others):
        clients = [Client(address), Client(address)]
        for client, engine in zip(clients, (one, two), strict=True):
            client.handshake(engine)
            client.stub.Attach(plugin_pb2.PluginAttach(address=engine))
            client.configure()
        clients[0].check({})
        clients[0].diff({})
        clients[1].diff({})  # what the first one checked is nothing to the second
        assert [line.message for line in lines] == ["chat rolls"]
        assert others == []
        clients[0].cancel()
        wait_until(lambda: "close" in plugin.notes)
        for client in clients:
            client.channel.close()
    assert plugin.process.poll() is None
    plugin.process.terminate()
    assert plugin.ended()[0] == 0


@pytest.mark.parametrize("argument", ["localhost", "127.0.0.1:", "127.0.0.1:99999", "a b", "127.0.0.1:1 127.0.0.1:2"])
def test_a_damaged_address_is_one_sentence(start: Callable[..., Plugin], argument: str) -> None:
    plugin = start(*argument.split())
    code, out, err = plugin.ended()
    assert (code, plugin.port, out) == (2, "", "")
    assert err.count("\n") == 1
    assert "are not the address of a Pulumi engine" in err


@pytest.mark.parametrize("missing", ["pulumi", "grpc"])
def test_a_missing_extra_is_one_sentence(tmp_path: Path, missing: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "wlinfra.pulumi.main", "127.0.0.1:1"],
        check=False,
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "pip install 'wlinfra[pulumi]'" in result.stderr


def test_questions_of_many_threads_get_their_own_answers(start: Callable[..., Plugin], engine: str) -> None:
    plugin = start(engine)
    wrong: list[Any] = []

    def ask(number: int) -> None:
        answer = plugin.client.check({"number": number}, name=f"n{number}")
        if answer.inputs["number"] != number:
            wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_five_megabytes_of_properties_pass(start: Callable[..., Plugin], engine: str) -> None:
    plugin = start(engine)
    text = "x" * (5 << 20)
    assert plugin.client.create({"text": text}).properties["text"] == text
