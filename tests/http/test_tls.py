"""A peer that goes away before the TLS handshake leaves no open socket behind."""

from __future__ import annotations

import gc
import socket
import ssl
import warnings

import pytest
import urllib3

from wlinfra.http.hurry import hurried
from wlinfra.http.options import HttpOptions
from wlinfra.http.pool import new_pool
from wlinfra.http.tls import TlsSocket, closing


def connection_that_was_reset() -> socket.socket:
    """Return the client's end of a connection that its server dropped without accepting it."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    listener.close()
    return client


def test_a_reset_before_the_handshake_closes_the_socket() -> None:
    client = connection_that_was_reset()
    context = closing(ssl.create_default_context())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(OSError, match="reset"):
            context.wrap_socket(client, server_hostname="localhost")
        gc.collect()
    assert [str(one.message) for one in seen if one.category is ResourceWarning] == []


@pytest.mark.parametrize(
    "manager",
    [
        pytest.param(urllib3.PoolManager, id="a client of its own"),
        pytest.param(lambda: new_pool(HttpOptions(base_url="https://127.0.0.1", platform="Example")), id="ours"),
    ],
)
def test_every_pool_makes_such_sockets(manager: object) -> None:
    assert callable(manager)
    with socket.socket() as silent:  # bound, so that no other server has the port, and not listening
        silent.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        connection = hurried(manager()).connection_from_url(url)._new_conn()
        with pytest.raises(urllib3.exceptions.NewConnectionError):
            connection.connect()
    assert vars(connection)["ssl_context"].sslsocket_class is TlsSocket
