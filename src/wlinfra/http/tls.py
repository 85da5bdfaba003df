"""TLS sockets that are closed when their peer goes away before the handshake.

A peer that resets the connection between `connect` and the handshake makes `SSLSocket` raise from its constructor
without closing the descriptor (CPython 3.11 and early 3.12): it stays open until the garbage collector finds it. A
server that restarts does that to every watch that connects again.
"""

from __future__ import annotations

import ssl
from typing import Any

__all__ = ["TlsSocket", "closing"]


class TlsSocket(ssl.SSLSocket):
    """A socket that reports a peer's reset before the handshake, and is closed then."""

    def recv(self, *arguments: Any) -> bytes:
        """Return what was received; raises OSError."""
        try:
            return super().recv(*arguments)
        except OSError:
            if (
                getattr(self, "_sslobj", None) is None
            ):  # the constructor looks for data that came in before the handshake
                self.close()
            raise


def closing(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return the same context, whose sockets are closed then."""
    context.sslsocket_class = TlsSocket
    return context
