"""One cluster for all processes of a test run: whoever comes first starts it, whoever leaves last stops it.

The pytest plugin calls `joined`. The cluster runs in a process of its own, which counts its holders by their open
connections; a holder that is killed lets go as well, because the kernel closes its connection.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from engines.build import EngineMissingError, is_built
from engines.keda.engine import KEDA as KEDA_ENGINE
from engines.keda.operator import KedaOperator, keda_definitions
from engines.kubernetes.client import ApiError
from engines.kubernetes.cluster import TESTS, Cluster, ClusterOptions
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.processes import StartFailedError

__all__ = ["Holder", "joined", "keep"]

START_SECONDS = 240.0
NOBODY_SECONDS = 60.0
READY, LEAVE, KEDA = b"ready\n", b"leave\n", b"keda\n"


class Holder:
    """This process's hold on the shared cluster."""

    def __init__(self, connection: socket.socket, handle: ClusterHandle) -> None:
        self._connection = connection
        self.handle = handle

    def start_keda(self) -> None:
        """Have KEDA's operator run beside the cluster; raises what kept the keeper from it."""
        self._connection.sendall(KEDA)
        answer = _line(self._connection)
        if answer != READY:
            raise _heard(answer.decode()) if answer else StartFailedError("the keeper of the cluster is gone")


@contextmanager
def joined(folder: Path) -> Iterator[Holder]:
    """Hold the cluster of a folder, which is started when no process holds it yet.

    Raises:
        EngineMissingError: A program is not to be had.
        StartFailedError: The cluster did not start; the text says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = _connected(folder)
            if connection is None:
                _spawn(folder)
                connection = _connected(folder)
        if connection is None:
            raise StartFailedError(f"the keeper of {folder} ended at once: see {folder / 'keeper.log'}")
        stack.enter_context(connection)
        yield Holder(connection, ClusterHandle.read(folder / "handle.json"))
        with suppress(ConnectionError):  # a keeper that was killed need not be told
            connection.sendall(LEAVE)
        _line(connection)


def keep(folder: Path) -> None:
    """Run a cluster until its last holder has left; this is the keeper's process."""
    try:
        with ExitStack() as stack:
            logs = folder / f"cluster-{os.getpid()}"
            cluster = stack.enter_context(Cluster(ClusterOptions(folder=logs, definitions=_known())))
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            cluster.handle.write(folder / "handle.json")
            _write(folder / "keeper.port", str(listener.getsockname()[1]))
            Keeper(cluster, listener, folder, stack).serve()
    except (EngineMissingError, StartFailedError, OSError, subprocess.CalledProcessError) as error:
        _write(folder / "keeper.failed", _said(error))


def _known() -> tuple[Path, ...]:
    """Return KEDA's definitions where it is built: the garbage collector looks for new kinds only every 30 seconds."""
    with suppress(EngineMissingError):
        return tuple(keda_definitions()) if is_built(KEDA_ENGINE) else ()
    return ()


class Keeper:
    """Serves the holders on the main thread, because a program ends with the thread that started it."""

    def __init__(self, cluster: Cluster, listener: socket.socket, folder: Path, stack: ExitStack) -> None:
        self._cluster = cluster
        self._listener = listener
        self._folder = folder
        self._stack = stack
        self._holders: list[socket.socket] = []
        self._keda: KedaOperator | None = None

    def serve(self) -> None:
        """Answer holders until the last has left, or nobody came within a minute; then stop the cluster."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            came = False
            while self._holders or not came:
                events = selector.select(None if self._holders else NOBODY_SECONDS)
                if not events:
                    break
                for key, _ in events:
                    came = True
                    self._meet(key.fileobj, selector)
        (self._folder / "keeper.port").unlink()
        self._listener.close()

    def _meet(self, ready: object, selector: selectors.BaseSelector) -> None:
        if ready is self._listener:
            connection, _ = self._listener.accept()
            self._holders.append(connection)
            selector.register(connection, selectors.EVENT_READ)
            _say(connection, READY)
            return
        connection = next(one for one in self._holders if one is ready)
        match _line(connection):
            case b"keda\n":
                _say(connection, self._start_keda())
            case word:
                selector.unregister(connection)
                self._holders.remove(connection)
                self._let_go(connection, word)

    def _let_go(self, connection: socket.socket, word: bytes) -> None:
        """Close a holder's connection at once, or after the cluster has stopped when it was the last."""
        if self._holders or word != LEAVE:
            connection.close()
        else:
            self._stack.callback(connection.close)
            # The stack unwinds backwards: the cluster has to be stopped before the last holder hears of it.
            self._stack.callback(self._cluster.stop)

    def _start_keda(self) -> bytes:
        if self._keda is None:
            try:
                self._keda = self._stack.enter_context(KedaOperator(self._cluster))
            except (EngineMissingError, StartFailedError, ApiError, subprocess.CalledProcessError) as error:
                return f"{_said(error)}\n".encode()
        return READY


def _connected(folder: Path) -> socket.socket | None:
    """Return a connection that the keeper has welcomed, or None when there is no keeper, or one about to end."""
    try:
        port = int((folder / "keeper.port").read_text())
        connection = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
    except (FileNotFoundError, ConnectionError):
        return None
    if _line(connection) == READY:
        return connection
    connection.close()
    return None


def _spawn(folder: Path) -> None:
    """Start a keeper that is nobody's child, and wait until it serves."""
    failed, port = folder / "keeper.failed", folder / "keeper.port"
    failed.unlink(missing_ok=True)
    port.unlink(missing_ok=True)
    keeper = [sys.executable, "-m", "engines.kubernetes", "--keep", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    detach = ["sh", "-c", '"$@" < /dev/null > "$0" 2>&1 &', str(folder / "keeper.log"), *keeper]
    subprocess.run(detach, env=environment, check=True, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not port.exists():
        if failed.exists():
            raise _heard(failed.read_text())
        if time.monotonic() > deadline:
            raise StartFailedError(f"no cluster after {START_SECONDS:.0f} s: see {folder / 'keeper.log'}")
        time.sleep(0.05)


def _say(connection: socket.socket, line: bytes) -> None:
    """Answer a holder; the end of one that was killed meanwhile is read next, and keeps nothing from the others."""
    with suppress(ConnectionError):
        connection.sendall(line)


def _line(connection: socket.socket) -> bytes:
    """Return the next line, or nothing at the connection's end; both sides speak in turns, a line at a time."""
    line = b""
    try:
        while not line.endswith(b"\n"):
            more = connection.recv(4096)
            if not more:
                break
            line += more
    except (ConnectionError, TimeoutError):
        return b""
    return line


def _said(error: Exception) -> str:
    """Return one line that tells another process of an error."""
    text = str(error.stderr) if isinstance(error, subprocess.CalledProcessError) else str(error)
    return json.dumps({"missing": isinstance(error, EngineMissingError), "text": text})


def _heard(line: str) -> EngineMissingError | StartFailedError:
    """Return the error that another process told of."""
    said = json.loads(line)
    return EngineMissingError(said["text"]) if said["missing"] else StartFailedError(said["text"])


def _write(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(text)
    partial.rename(file)
