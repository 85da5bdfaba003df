"""The questions of Pulumi's protocol, each answered by one question to the bridge."""

from __future__ import annotations

import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, Final, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from wlinfra.pulumi.contract import Bridge, BridgeError, Failure, Place, Recorded, Refusal
from wlinfra.pulumi.service.answers import Ended, check_response, diff_response, failures, not_ready, refused
from wlinfra.pulumi.service.codec import SENTINEL, decode, encode, find_assets
from wlinfra.pulumi.service.scrubbing import Scrubber
from wlinfra.pulumi.service.session import Session
from wlinfra.values import contains_unknown

__all__ = ["Service"]

_PACKAGE: Final = "wlinfra"
_NOT_OURS: Final = ("version", "pluginDownloadURL", "__internal")
"""Keys that the engine keeps among the configuration of a provider."""
_NO_ID: Final = frozenset({"", SENTINEL, "unconfigured", "unknown"})
"""What a provider's id is as long as it has none."""
_URN: Final = re.compile(r"urn:pulumi:(?P<stack>.*?)::(?P<project>.*?)::.*?::(?P<name>.*)", re.DOTALL)
_ASSET: Final = "It is an asset or an archive, which wlinfra does not take: give what is in the file as a string."

Answer = TypeVar("Answer")


class _EndedError(Exception):
    """A question ends here with an error."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.text)
        self.ended = ended


def _question(
    ask: Callable[[Service, Any, Session], Answer],
) -> Callable[Concatenate[Service, Any, grpc.ServicerContext, ...], Answer]:
    """Answer with what ``ask`` returns, or with the error that it raises, in words for the user."""

    @wraps(ask)
    def answer(self: Service, request: Any, context: grpc.ServicerContext) -> Answer:
        session = self.session(context)
        try:
            with session.asking():
                return ask(self, request, session)
        except BridgeError as error:
            ended = refused(error, self.scrubber, namespace=_PACKAGE)
        except _EndedError as error:
            ended = error.ended
        except Exception as error:  # noqa: BLE001 - the engine must hear of it, in our words
            ended = self.bug(ask.__name__, error)
        context.set_trailing_metadata(ended.trailing)
        return context.abort(ended.code, ended.text)

    return answer


class Service:
    """Pulumi's ResourceProvider for as long as the process lives.

    ``engine`` is the address of the engine that started the process; empty for a process that was started by hand and
    that engines attach to. ``schema`` returns the package's schema as JSON.
    """

    def __init__(
        self, open_bridge: Callable[[], Bridge], *, schema: Callable[[], str], version: str, engine: str = ""
    ) -> None:
        self.scrubber = Scrubber()
        self._open = open_bridge
        self._schema = schema
        self._version = version
        self._engine = engine
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def session(self, context: grpc.ServicerContext) -> Session:
        """Return the session that the question belongs to."""
        key = "" if self._engine else context.peer()
        with self._lock:
            if key not in self._sessions:
                session = self._sessions[key] = Session(self._open, self.scrubber)
                session.log.attach(self._engine)
            return self._sessions[key]

    def cancel(self) -> None:
        """End what runs in every session; returns at once."""
        for session in list(self._sessions.values()):
            session.cancel()

    def close(self) -> None:
        """Close every session."""
        for session in list(self._sessions.values()):
            session.close()

    def bug(self, verb: str, error: Exception) -> Ended:
        """Log an unexpected error, and return what the engine shows of it."""
        trace = "".join(traceback.format_exception(error))
        sys.stderr.write(self.scrubber.text(f"{verb} failed:\n{trace}"))
        text = (
            f"This is a bug in wlinfra: {verb} ended with {type(error).__name__}. "
            "Please report it; to see where it happened, run the command again with --logtostderr -v=9."
        )
        return Ended(grpc.StatusCode.INTERNAL, text)

    def _read(self, properties: Struct) -> dict[str, Any]:
        decoded = decode(properties)
        self.scrubber.learn(decoded)
        return decoded

    def _config(self, properties: Struct) -> dict[str, Any]:
        return {key: value for key, value in self._read(properties).items() if key not in _NOT_OURS}

    # ---------------------------------------------------------------- the plugin

    @_question
    def Handshake(self, request: Any, session: Session) -> pb.ProviderHandshakeResponse:  # noqa: N802
        """Agree on what the values of properties may be."""
        if not self._engine:
            session.log.attach(request.engine_address)
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    @_question
    def Attach(self, request: Any, session: Session) -> Empty:  # noqa: N802
        """Speak to the engine that found this process running."""
        session.log.attach(request.address)
        return Empty()

    @_question
    def GetPluginInfo(self, request: Any, session: Session) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return the version."""
        return plugin_pb2.PluginInfo(version=self._version)

    @_question
    def GetSchema(self, request: Any, session: Session) -> pb.GetSchemaResponse:  # noqa: N802
        """Return the schema of the package."""
        return pb.GetSchemaResponse(schema=self._schema())

    @_question
    def GetMapping(self, request: Any, session: Session) -> pb.GetMappingResponse:  # noqa: N802
        """Return nothing: there is nothing to convert to this provider from."""
        return pb.GetMappingResponse()

    @_question
    def GetMappings(self, request: Any, session: Session) -> pb.GetMappingsResponse:  # noqa: N802
        """Return nothing, as `GetMapping`."""
        return pb.GetMappingsResponse()

    @_question
    def Cancel(self, request: Any, session: Session) -> Empty:  # noqa: N802
        """End what runs; the engine sends it at the end of every command too."""
        session.cancel(in_order=True)
        if not self._engine:  # another engine may come, and would find the journal locked
            threading.Thread(target=session.close, daemon=True).start()
        return Empty()

    @_question
    def Parameterize(self, request: Any, session: Session) -> pb.ParameterizeResponse:  # noqa: N802
        """Refuse: there is one package."""
        raise _unimplemented("wlinfra is one package, which takes no parameters.")

    @_question
    def Construct(self, request: Any, session: Session) -> pb.ConstructResponse:  # noqa: N802
        """Refuse: components run in programs."""
        raise _unimplemented("wlinfra has no component that the plugin could construct.")

    @_question
    def Call(self, request: Any, session: Session) -> pb.CallResponse:  # noqa: N802
        """Refuse: resources have no methods."""
        raise _unimplemented("The resources of wlinfra have no methods.")

    # ---------------------------------------------------------------- the provider

    @_question
    def CheckConfig(self, request: Any, session: Session) -> pb.CheckResponse:  # noqa: N802
        """Check the configuration; the engine sends the secrets in it as they are."""
        return check_response(session.bridge.check_config(self._config(request.news)), self.scrubber)

    @_question
    def DiffConfig(self, request: Any, session: Session) -> pb.DiffResponse:  # noqa: N802
        """Compare two configurations."""
        old = request.old_inputs if request.HasField("old_inputs") else request.olds
        return diff_response(session.bridge.diff_config(self._config(old), self._config(request.news)))

    @_question
    def Configure(self, request: Any, session: Session) -> pb.ConfigureResponse:  # noqa: N802
        """Remember where resources are."""
        urn = _URN.fullmatch(request.urn)
        if urn is None:
            raise BridgeError(
                Refusal.REFUSED,
                "This version of the Pulumi CLI is too old for wlinfra: it does not send the provider's URN. Update it.",
            )
        place = Place(
            project=urn["project"],
            stack=urn["stack"],
            name=urn["name"],
            id="" if request.id in _NO_ID else request.id,
            config=self._config(request.args),
        )
        session.bridge.configure(place)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_question
    def Invoke(self, request: Any, session: Session) -> pb.InvokeResponse:  # noqa: N802
        """Call a function."""
        result = session.bridge.invoke(request.tok, self._read(request.args), preview=request.preview)
        return pb.InvokeResponse(**{"return": encode(result.inputs)}, failures=failures(result.failures, self.scrubber))

    @_question
    def List(self, request: Any, session: Session) -> Iterator[pb.ListResponse]:  # noqa: N802
        """Return what exists of a type, a page at a time."""
        query = self._read(request.query)
        if contains_unknown(query):
            return iter([pb.ListResponse(computed=pb.ListResponse.Computed())])
        start = request.continuation_token or "0"
        if not start.isdecimal():
            raise BridgeError(Refusal.INVALID, "The continuation token is not one that wlinfra returned.")
        found = session.bridge.enumerate(request.token, query, max(request.limit, 0))
        end = int(start) + request.page_size if request.page_size > 0 else len(found)
        page = [
            pb.ListResponse(result=pb.ListResponse.Result(id=identity, name=name))
            for identity, name in found[int(start) : end]
        ]
        if end < len(found):
            page.append(pb.ListResponse(continuation=pb.ListResponse.Continuation(continuation_token=str(end))))
        return iter(page)

    # ---------------------------------------------------------------- resources

    @_question
    def Check(self, request: Any, session: Session) -> pb.CheckResponse:  # noqa: N802
        """Check the inputs of a resource."""
        session.note_checked(request.urn)
        new = self._read(request.news)
        old = self._read(request.olds)
        if assets := [Failure(path, _ASSET) for path in find_assets(new)]:
            return pb.CheckResponse(failures=failures(assets, self.scrubber))
        return check_response(session.bridge.check(session.subject(request), old or None, new), self.scrubber)

    @_question
    def Diff(self, request: Any, session: Session) -> pb.DiffResponse:  # noqa: N802
        """Return what an update would do; a diff that belongs to a refresh shows nothing."""
        subject = session.subject(request, silent=session.is_refreshing(request.urn))
        recorded = self._recorded(request.id, request.old_inputs, request.olds)
        new = self._read(request.news)
        return diff_response(session.bridge.diff(subject, recorded, new, list(request.ignoreChanges)))

    @_question
    def Create(self, request: Any, session: Session) -> pb.CreateResponse:  # noqa: N802
        """Create the resource, or preview it."""
        subject = session.subject(request)
        inputs = self._read(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=encode(session.bridge.preview_create(subject, inputs)))
        made = session.bridge.create(subject, inputs, request.timeout)
        if made.reasons:
            raise self._not_ready(made, request.properties, subject.name)
        return pb.CreateResponse(id=made.id, properties=encode(made.outputs))

    @_question
    def Read(self, request: Any, session: Session) -> pb.ReadResponse:  # noqa: N802
        """Return what is live; an empty answer is a resource that is gone."""
        subject = session.subject(request)
        recorded = self._recorded(request.id, request.inputs, request.properties)
        found = session.bridge.read(subject, recorded, request.timeout)
        if found is None:
            return pb.ReadResponse()
        inputs = encode(found.inputs)
        if found.reasons:
            raise self._not_ready(found, inputs, subject.name)
        return pb.ReadResponse(id=found.id, inputs=inputs, properties=encode(found.outputs))

    @_question
    def Update(self, request: Any, session: Session) -> pb.UpdateResponse:  # noqa: N802
        """Update the resource, or preview it."""
        subject = session.subject(request)
        recorded = self._recorded(request.id, request.old_inputs, request.olds)
        new, ignored = self._read(request.news), list(request.ignoreChanges)
        if request.preview:
            return pb.UpdateResponse(properties=encode(session.bridge.preview_update(subject, recorded, new, ignored)))
        made = session.bridge.update(subject, recorded, new, ignored, request.timeout)
        if made.reasons:
            raise self._not_ready(made, request.news, subject.name)
        return pb.UpdateResponse(properties=encode(made.outputs))

    @_question
    def Delete(self, request: Any, session: Session) -> Empty:  # noqa: N802
        """Delete the resource."""
        recorded = self._recorded(request.id, request.old_inputs, request.properties)
        session.bridge.delete(session.subject(request), recorded, request.timeout)
        return Empty()

    def _recorded(self, identity: str, inputs: Struct, outputs: Struct) -> Recorded:
        return Recorded(id=identity, inputs=self._read(inputs), outputs=self._read(outputs))

    def _not_ready(self, left: Any, inputs: Struct, name: str) -> _EndedError:
        return _EndedError(not_ready(left.id, left.outputs, inputs, left.reasons, self.scrubber, name=name))


def _unimplemented(text: str) -> _EndedError:
    return _EndedError(Ended(grpc.StatusCode.UNIMPLEMENTED, text))
