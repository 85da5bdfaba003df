"""The HTTP server under the fakes, and under the servers that tests write themselves."""

from __future__ import annotations

from http.server import ThreadingHTTPServer

__all__ = ["Listening"]


class Listening(ThreadingHTTPServer):
    """Serves each connection on a thread, and lets clients wait that come faster than a busy machine accepts them.

    The library lets five wait. The kernel ignores a sixth, whose client asks again only after a second.
    """

    daemon_threads = True
    request_queue_size = 128
