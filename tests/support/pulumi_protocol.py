"""An engine's side of Pulumi's protocol, for tests of the service: a client of the plugin, and the engine's log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from wlinfra.pulumi.contract import Bridge
from wlinfra.pulumi.service.codec import encode
from wlinfra.pulumi.service.servicer import Service

LARGE = [(f"grpc.max_{what}", 400 << 20) for what in ("receive_message_length", "send_message_length", "metadata_size")]
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:wlinfra::default_1_2_3"


WORKLOAD = "wlinfra:index:Workload"


def urn(name: str, token: str = WORKLOAD) -> str:
    return f"urn:pulumi:dev::shop::{token}::{name}"


class Client:
    """Asks a plugin as the engine does; answers are messages, errors are grpc.RpcError."""

    def __init__(self, address: str) -> None:
        options = [*LARGE, ("grpc.use_local_subchannel_pool", 1)]  # a connection of its own, as every engine has
        self.channel = grpc.insecure_channel(address, options=options)
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def handshake(self, engine: str = "127.0.0.1:1") -> Any:
        return self.stub.Handshake(pb.ProviderHandshakeRequest(engine_address=engine, configure_with_urn=True))

    def configure(self, config: dict[str, Any] | None = None, identity: str = "provider-1") -> Any:
        args = encode({"version": "1.2.3", **({"endpoint": "emulator"} if config is None else config)})
        return self.stub.Configure(
            pb.ConfigureRequest(
                urn=PROVIDER, id=identity, name="default_1_2_3", type="pulumi:providers:wlinfra", args=args
            )
        )

    def check(self, new: Any, old: Any = None, name: str = "chat", token: str = WORKLOAD) -> Any:
        return self.stub.Check(pb.CheckRequest(**self._about(name, token), news=tree(new), olds=tree(old or {})))

    def diff(
        self,
        new: Any,
        *,
        inputs: Any = None,
        outputs: Any = None,
        ignored: tuple[str, ...] = (),
        name: str = "chat",
        token: str = WORKLOAD,
    ) -> Any:
        return self.stub.Diff(
            pb.DiffRequest(
                **self._about(name, token),
                id="id-1",
                old_inputs=tree(inputs or {}),
                olds=tree(outputs or {}),
                news=tree(new),
                ignoreChanges=ignored,
            )
        )

    def create(
        self, properties: Any, *, preview: bool = False, timeout: float = 0, name: str = "chat", token: str = WORKLOAD
    ) -> Any:
        return self.stub.Create(
            self.create_request(properties, preview=preview, timeout=timeout, name=name, token=token)
        )

    def create_request(
        self, properties: Any, *, preview: bool = False, timeout: float = 0, name: str = "chat", token: str = WORKLOAD
    ) -> Any:
        return pb.CreateRequest(
            **self._about(name, token), properties=tree(properties), preview=preview, timeout=timeout
        )

    def read(
        self,
        identity: str,
        *,
        inputs: Any = None,
        outputs: Any = None,
        timeout: float = 0,
        name: str = "chat",
        token: str = WORKLOAD,
    ) -> Any:
        return self.stub.Read(
            pb.ReadRequest(
                **self._about(name, token),
                id=identity,
                inputs=tree(inputs or {}),
                properties=tree(outputs or {}),
                timeout=timeout,
            )
        )

    def update(
        self,
        new: Any,
        *,
        inputs: Any = None,
        outputs: Any = None,
        preview: bool = False,
        ignored: tuple[str, ...] = (),
        timeout: float = 0,
        name: str = "chat",
        token: str = WORKLOAD,
    ) -> Any:
        return self.stub.Update(
            pb.UpdateRequest(
                **self._about(name, token),
                id="id-1",
                old_inputs=tree(inputs or {}),
                olds=tree(outputs or {}),
                news=tree(new),
                preview=preview,
                ignoreChanges=ignored,
                timeout=timeout,
            )
        )

    def delete(
        self,
        identity: str,
        *,
        inputs: Any = None,
        outputs: Any = None,
        timeout: float = 0,
        name: str = "chat",
        token: str = WORKLOAD,
    ) -> Any:
        return self.stub.Delete(
            pb.DeleteRequest(
                **self._about(name, token),
                id=identity,
                old_inputs=tree(inputs or {}),
                properties=tree(outputs or {}),
                timeout=timeout,
            )
        )

    def cancel(self, timeout: float | None = None) -> None:
        self.stub.Cancel(Empty(), timeout=timeout)

    @staticmethod
    def _about(name: str, token: str) -> dict[str, Any]:
        return {"urn": urn(name, token), "name": name, "type": token}


def tree(value: Any) -> Struct:
    return value if isinstance(value, Struct) else encode(value)


def refusal(ask: Callable[[], Any]) -> Any:
    """Return the error that a question ends with; it has ``code()``, ``details()`` and ``trailing_metadata()``."""
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    return caught.value


def details_of(error: Any, kind: type[Any]) -> Any:
    """Return the one message of the kind that an error carries beside its text."""
    (packed,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    (detail,) = status.details
    message = kind()
    assert detail.Unpack(message)
    return message


@contextmanager
def engine_listening() -> Iterator[tuple[str, list[Any]]]:
    """Listen as an engine; yield the address and the lines that plugins show."""
    lines: list[Any] = []

    def log(request: Any, context: grpc.ServicerContext) -> Empty:
        lines.append(request)
        return Empty()

    handler = grpc.unary_unary_rpc_method_handler(log, engine_pb2.LogRequest.FromString, Empty.SerializeToString)
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("pulumirpc.Engine", {"Log": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", lines
    finally:
        server.stop(None).wait()


@contextmanager
def service_over(open_bridge: Callable[[], Bridge], *, engine: str = "", schema: str = "{}") -> Iterator[Client]:
    """Serve the bridge in this process, over a real connection, and yield a client."""
    service: Any = Service(open_bridge, schema=lambda: schema, version="1.2.3", engine=engine)
    server = grpc.server(ThreadPoolExecutor(16), options=LARGE)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    client = Client(f"127.0.0.1:{port}")
    try:
        yield client
    finally:
        client.channel.close()
        server.stop(None).wait()
