"""A stand-in for the names of a cluster: KEDA's operator, which runs outside of it, reaches Services through this proxy.

`fake_http_scaler` serves it. gRPC clients leave it to a proxy to find a name, so that a trigger can have the address
that it has on any cluster.
"""

from __future__ import annotations

import socket
import socketserver
import threading

__all__ = ["make_tunnel"]

SERVICE = "keda-add-ons-http-external-scaler."


def make_tunnel(port: int, scaler: int) -> socketserver.ThreadingTCPServer:
    """Return the proxy, bound and not yet serving; CONNECT to the add-on's Service leads to the scaler's port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            if asked[:1] != ["CONNECT"] or not asked[1].startswith(SERVICE):
                self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", scaler)) as there:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass, args=(there, self.connection), daemon=True)
                back.start()
                _pass(self.connection, there)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    return Server(("127.0.0.1", port), Handler)


def _pass(source: socket.socket, sink: socket.socket) -> None:
    """Pass on bytes until either side ends, then end both."""
    try:
        while more := source.recv(65536):
            sink.sendall(more)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
