"""A stand-in for the scaler of KEDA's HTTP add-on: KEDA's real operator asks it over gRPC how many requests a route has.

The operator's starter runs it as `python -m engines.keda.fake_http_scaler FILE PORT`: the file holds the
cluster's handle, the port is for the proxy by which the operator finds this.
The target comes from the InterceptorRoute that a trigger names, the number from the fake Prometheus, where tests set
it. Six messages of one or two fields need no compiler: they are read and written here.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import grpc

from engines.keda.tunnel import make_tunnel
from engines.kubernetes.client import ApiError
from engines.kubernetes.handle import ClusterHandle

__all__: list[str] = []

SERVICE = "externalscaler.ExternalScaler"
STREAMS = 200
"""Each ScaledObject with such a trigger holds one thread."""

Fields: TypeAlias = Mapping[int, list[bytes]]


class Scaler:
    """The four questions of an external scaler."""

    def __init__(self, cluster: ClusterHandle) -> None:
        self._client = cluster.api_as("fakes")
        self._prometheus = cluster.prometheus

    def is_active(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer whether anybody waits to be served."""
        return _active(self._requests(*_route(request)) > 0)

    def stream_is_active(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer that at once, and again whenever it changes."""
        said: bool | None = None
        while context.is_active():
            found = self._requests(*_route(request)) > 0
            if found is not said:
                said = found
                yield _active(found)
            time.sleep(0.3)

    def metric_spec(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer how many requests one replica is meant for."""
        namespace, route = _route(request)
        path = f"/apis/http.keda.sh/v1beta1/namespaces/{namespace}/interceptorroutes/{route}"
        try:
            target = self._client.get(path)["spec"]["scalingMetric"]["concurrency"]["targetValue"]
        except ApiError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, f"InterceptorRoute {namespace}/{route}: {error}")
        return _text(1, _text(1, _metric(route)) + _number(3, float(target)))

    def metrics(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer how many requests there are."""
        namespace, route = _route(_fields(request)[1][0])
        return _text(1, _text(1, _metric(route)) + _number(3, self._requests(namespace, route)))

    def _requests(self, namespace: str, route: str) -> float:
        query = quote(f'http_requests{{namespace="{namespace}",route="{route}"}}')
        with urllib.request.urlopen(f"{self._prometheus}/api/v1/query?query={query}", timeout=5) as answer:
            series = json.load(answer)["data"]["result"]
        return float(series[0]["value"][1]) if series else 0.0


def main(cluster: ClusterHandle, proxy: int) -> None:
    """Serve until killed."""
    scaler = Scaler(cluster)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "IsActive": grpc.unary_unary_rpc_method_handler(scaler.is_active),
        "StreamIsActive": grpc.unary_stream_rpc_method_handler(scaler.stream_is_active),
        "GetMetricSpec": grpc.unary_unary_rpc_method_handler(scaler.metric_spec),
        "GetMetrics": grpc.unary_unary_rpc_method_handler(scaler.metrics),
    }
    server = grpc.server(ThreadPoolExecutor(STREAMS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=make_tunnel(proxy, port).serve_forever, daemon=True).start()
    server.wait_for_termination()


def _metric(route: str) -> bytes:
    return f"http-{route}".encode()


def _route(reference: bytes) -> tuple[str, str]:
    """Return namespace and name of the route that a ScaledObjectRef names in its metadata."""
    fields = _fields(reference)
    metadata = [_fields(entry) for entry in fields.get(3, ())]
    named = {entry[1][0]: entry[2][0].decode() for entry in metadata}
    return fields[2][0].decode(), named[b"interceptorRoute"]


def _fields(message: bytes) -> Fields:
    """Return the values of a message's fields, all of which are texts or messages."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        length, at = _varint(message, at)
        found.setdefault(tag >> 3, []).append(message[at : at + length])
        at += length
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


def _text(number: int, value: bytes) -> bytes:
    assert len(value) < 0x4000
    length = [len(value)] if len(value) < 0x80 else [len(value) & 0x7F | 0x80, len(value) >> 7]
    return bytes([number << 3 | 2, *length]) + value


def _number(number: int, value: float) -> bytes:
    return bytes([number << 3 | 1]) + struct.pack("<d", value)


def _active(active: bool) -> bytes:
    return bytes([1 << 3, active])


if __name__ == "__main__":
    main(ClusterHandle.read(Path(sys.argv[1])), int(sys.argv[2]))
