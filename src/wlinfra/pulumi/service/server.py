"""The process of the plugin: its port, its threads, and its end.

The engine starts it with flags and the engine's own address, reads one line with the port, and asks from then on. The
process ends when it is asked to, or within seconds of the engine's death: today's engines leave plugins behind.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TextIO, cast

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from wlinfra.pulumi.contract import Bridge
from wlinfra.pulumi.service.servicer import Service

__all__ = ["serve"]

_THREADS: Final = 4096
"""More than any engine has calls at once, so that a cancel never waits for one; threads start when they are needed."""
_LARGEST: Final = 400 << 20
"""Bytes of a message, as the engine's own limit."""
_GRACE: Final = 3.5
"""Seconds that running calls have to end after a cancel; the bridge ends everything after 3."""
_CLOSING: Final = 0.5
"""Seconds that closing may take; what is recorded by then is on disk."""
_GLANCE: Final = 0.25
"""Seconds between two looks at the parent process; the engine's address is tried at every fourth."""
_ADDRESS: Final = re.compile(r"(?P<host>[^\s:]+|\[[^\s\]]+\]):(?P<port>\d{1,5})")


def serve(
    arguments: Sequence[str],
    open_bridge: Callable[[], Bridge],
    *,
    schema: Callable[[], str],
    version: str,
    stdout: TextIO,
) -> int:
    """Serve until the process is asked to end or its engine is gone; return the exit code.

    ``arguments`` are those of the engine; without an address, engines attach by themselves (PULUMI_DEBUG_PROVIDERS).
    """
    try:
        engine = _engine_address(arguments)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    parent = os.getppid()
    service = Service(open_bridge, schema=schema, version=version, engine=engine)
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, thread_name_prefix="call"),
        options=[("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(cast("Any", service), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stdout.write(f"{port}\n")
    stdout.flush()
    _wait(ending, engine, parent)
    _end(service, server)
    return 0


def _engine_address(arguments: Sequence[str]) -> str:
    """Return the engine's address, the last argument; flags of the engine before it mean nothing here."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if flag in ("--tracing", "-tracing") and len(rest) > 1:
            rest.pop(0)
    if not rest:
        return ""
    if len(rest) > 1 or not (found := _ADDRESS.fullmatch(rest[0])) or not 0 < int(found["port"]) < 1 << 16:
        raise ValueError(
            f"The arguments {' '.join(rest)!r} are not the address of a Pulumi engine, such as 127.0.0.1:40123: "
            "Pulumi starts this program by itself; start it by hand without arguments for PULUMI_DEBUG_PROVIDERS."
        )
    return rest[0]


def _wait(ending: threading.Event, engine: str, parent: int) -> None:
    """Return when the process was asked to end, or when the engine that started it is gone."""
    glances = refused = 0
    while not ending.wait(_GLANCE):
        if not engine:
            continue
        glances += 1
        if glances % 4 == 0 or refused:
            refused = refused + 1 if _refuses(engine) else 0
        if os.getppid() != parent or refused > 1:
            return


def _refuses(address: str) -> bool:
    """Whether no process listens at the address any more; an engine that is only slow does."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def _end(service: Service, server: grpc.Server) -> None:
    """Let running calls record what they did, and close."""
    service.cancel()
    server.stop(_GRACE).wait(_GRACE + _GLANCE)
    closing = threading.Thread(target=service.close, daemon=True)
    closing.start()
    closing.join(_CLOSING)
