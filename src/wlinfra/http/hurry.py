"""Connections whose answers have a deadline as a whole, however slowly and steadily they come.

A read timeout bounds the pause between two bytes only: one byte a second would hold a request as long as its body
lasts. `pool` installs these connections and names the deadline; everything of one answer is read under it.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import pool_classes_by_scheme
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from .tls import closing

__all__ = ["AnswerDeadlineError", "answers_until", "hurried"]

_DEADLINE: ContextVar[float | None] = ContextVar("wlinfra_answer_deadline", default=None)


class AnswerDeadlineError(TimeoutError):
    """The answer had begun, and was not complete in time."""


@contextmanager
def answers_until(deadline: float | None) -> Iterator[None]:
    """Let the answers this thread asks for be complete at that monotonic time; None sets no limit."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def hurried(manager: PoolManager) -> PoolManager:
    """Return the same pool, whose new connections keep the deadline; one with classes of its own stays as it is."""
    if manager.pool_classes_by_scheme is pool_classes_by_scheme:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _Raw(io.RawIOBase):
    """The socket's bytes; each read waits no longer than the deadline allows."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._source = source
        self._socket = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise AnswerDeadlineError
        usual = self._socket.gettimeout()
        if usual is not None and usual <= left:
            return cast("int | None", self._source.readinto(buffer))
        self._socket.settimeout(left)
        try:
            return cast("int | None", self._source.readinto(buffer))
        except TimeoutError as error:
            raise AnswerDeadlineError from error
        finally:
            if self._socket.fileno() >= 0:
                self._socket.settimeout(usual)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        deadline = _DEADLINE.get()
        if deadline is not None:
            self.fp = io.BufferedReader(_Raw(cast("Any", self.fp).detach(), sock, deadline))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def connect(self) -> None:
        if self.ssl_context is None:  # as urllib3 makes it, so that its sockets can be ours
            self.ssl_context = create_urllib3_context(
                cert_reqs=resolve_cert_reqs(self.cert_reqs),
                ssl_minimum_version=self.ssl_minimum_version,
                ssl_maximum_version=self.ssl_maximum_version,
            )
            if not (self.ca_certs or self.ca_cert_dir or self.ca_cert_data):
                self.ssl_context.load_default_certs()
        closing(self.ssl_context)
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
