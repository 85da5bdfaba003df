"""The verbs this provider needs, on plain JSON: get, list, watch, apply, create, delete; discovery once.

The questions call it through `platform`. Every failure is a `ClusterError`; when a request is sent again is decided
by the sender of `wlinfra.http`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from wlinfra.http.options import SendOptions
from wlinfra.http.paging import pages
from wlinfra.http.pool import PoolWire
from wlinfra.http.sender import Refusal, Sender, Sending
from wlinfra.http.wire import Outcome, Timeouts, Wire, WireAnswer, WireStream
from wlinfra_manifests.document import Key

from .answers import AnsweredDocument, answered, confirm
from .failures import ClusterError, Failure, refusal_of, unless
from .session import Session
from .wire import Deletion, Discovery, Listing, Resources, Thing, shape_of

__all__ = ["ClusterClient", "Served"]

_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_MERGE: Final = "application/merge-patch+json"
_APPLY: Final = "application/apply-patch+yaml"
_SYSTEM: Final = Key("v1", "Namespace", "", "kube-system")
_PAGE: Final = 500
_WATCH: Final = 60
"""Seconds after which the server is to end a watch; shortly before, it reports up to which version it has sent."""
_QUIET: Final = 75.0
"""Seconds without a word after which a watch counts as broken."""
_OPENING: Final = 10.0
"""Seconds until a watch has to begin."""
_REPEATED: Final = frozenset({Failure.BUSY, Failure.UNREACHABLE, Failure.LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How the cluster serves a kind."""

    plural: str
    namespaced: bool


class ClusterClient:
    """One API server; safe to use from several threads."""

    def __init__(self, session: Session, options: SendOptions, wire: Wire | None = None, *, manager: str) -> None:
        """``manager`` owns the fields; ``wire`` is for tests, by default it is the session's own connections."""
        self._session = session
        self._manager = manager
        self.options = options
        self._sender = Sender(wire or PoolWire(lambda: session.pool), session, self._explain, options)
        self._lock = threading.Lock()
        self._served: dict[tuple[str, str], Served] | None = None
        self._written: dict[Key, str | None] = {}

    @property
    def server(self) -> str:
        """The address of the API server and, by its digest, the authority that vouches for it."""
        authority = self._session.authority
        return f"{self._session.address}{f' with authority {authority}' if authority else ''}"

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._sender.requests

    def place(self) -> Mapping[str, str]:
        """Return which cluster this is, the most certain fact first; raises ClusterError when it does not answer.

        The namespace ``kube-system`` lives exactly as long as its cluster. An account that may not read it goes by the
        address and the authority of the server.
        """
        system = unless(Failure.FORBIDDEN, lambda: self.get(_SYSTEM), None)
        return {**({"cluster": str(system["metadata"]["uid"])} if system else {}), "server": self.server}

    # ------------------------------------------------------------ discovery

    def served(self, api: str, kind: str) -> Served:
        """Return how the kind is served; raises ClusterError with NO_KIND when it is not."""
        with self._lock:
            if self._served is None:
                self._served = self._discover()
            found = self._served.get((api, kind))
            if found is None:  # its definition may have been made a moment ago
                self._served.update(self._look_again(api))
                found = self._served.get((api, kind))
        if found is None:
            raise ClusterError(Failure.NO_KIND, f"The cluster does not serve {kind} of {api}.", status=404)
        return found

    def serves(self, api: str, kind: str) -> bool:
        """Return whether the cluster has the kind in that version."""
        return unless(Failure.NO_KIND, lambda: self.served(api, kind), None) is not None

    def _discover(self) -> dict[tuple[str, str], Served]:
        found: dict[tuple[str, str], Served] = {}
        for path in ("/api", "/apis"):
            answer = self._read(path, {}, Discovery, accept=f"{_DISCOVERY},application/json")
            for group in answer.get("items") or ():
                name = (group.get("metadata") or {}).get("name") or ""
                for version in group.get("versions") or ():
                    api = f"{name}/{version['version']}" if name else version["version"]
                    for entry in version.get("resources") or ():
                        kind = (entry.get("responseKind") or {}).get("kind") or ""
                        found.setdefault(
                            (api, kind), Served(plural=entry["resource"], namespaced=entry["scope"] == "Namespaced")
                        )
        return found

    def _look_again(self, api: str) -> dict[tuple[str, str], Served]:
        try:
            answer = self._read(_root(api), {}, Resources)
        except ClusterError as error:
            if error.failure in (Failure.NO_KIND, Failure.NOT_FOUND):
                return {}
            raise
        return {
            (api, entry["kind"]): Served(plural=entry["name"], namespaced=entry["namespaced"])
            for entry in answer.get("resources") or ()
            if "/" not in entry["name"]
        }

    def version_of(self, group: str, kind: str) -> str:
        """Return a version in which the kind is served, the preferred one where there are several; empty for none."""
        with self._lock:
            if self._served is None:
                self._served = self._discover()
            served = list(self._served)
        return next((api for api, name in served if name == kind and api.rpartition("/")[0] == group), "")

    def path(self, key: Key, *, named: bool = True) -> str:
        """Return where the object, or its kind in its namespace, is served."""
        served = self.served(key.api, key.kind)
        where = f"/namespaces/{quote(key.namespace)}" if served.namespaced and key.namespace else ""
        return f"{_root(key.api)}{where}/{served.plural}" + (f"/{quote(key.name)}" if named else "")

    # ------------------------------------------------------------ reading

    def get(self, key: Key) -> dict[str, Any] | None:
        """Return the object; None when it, its namespace or its kind does not exist."""
        try:
            found = self._read(self.path(key), {}, shape_of(key.group))
        except ClusterError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NO_KIND):
                return None
            raise
        if (found.get("kind"), found["metadata"]["name"]) != (key.kind, key.name):
            raise ClusterError(Failure.LOST, f"GET {self.path(key)} was answered with another object.", status=200)
        return found

    def list(self, key: Key, *, labels: str = "", fields: str = "", metadata: bool = False) -> list[dict[str, Any]]:
        """Return the objects of the key's kind in its namespace, or in all; empty for a kind that is not served."""
        try:
            return [*self.listed(key, labels=labels, fields=fields, metadata=metadata)[0]]
        except ClusterError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NO_KIND):
                return []
            raise

    def listed(
        self, key: Key, *, labels: str = "", fields: str = "", metadata: bool = False
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return the same with the version to watch from; raises ClusterError for a kind that is not served, too."""
        query = {"labelSelector": labels} if labels else {}
        query |= {"fieldSelector": fields} if fields else {}
        pages = list(self._pages(key, query, metadata=metadata))
        found = [item for items, _ in pages for item in items]
        for item in found:  # items of a list bear neither
            if not metadata:
                item.setdefault("apiVersion", key.api)
                item.setdefault("kind", key.kind)
        return found, str(pages[-1][1].get("resourceVersion") or "")

    def names(self, key: Key, *, most: int) -> frozenset[str] | None:
        """Return the names of all objects of the kind in its namespace; None when that takes more pages than allowed."""
        found: set[str] = set()
        for number, (items, about) in enumerate(self._pages(key, {}, metadata=True), start=1):
            found.update(item["metadata"]["name"] for item in items)
            if (about.get("remainingItemCount") or 0) > (most - number) * _PAGE:
                return None
        return frozenset(found)

    def _pages(
        self, key: Key, query: Mapping[str, str], *, metadata: bool
    ) -> Iterator[tuple[Sequence[dict[str, Any]], Mapping[str, Any]]]:
        path = self.path(key, named=False)
        accept = f"{_METADATA},application/json" if metadata else "application/json"

        def fetch(at: str) -> tuple[tuple[Sequence[dict[str, Any]], Mapping[str, Any]], str | None]:
            more = {"limit": str(_PAGE), **({"continue": at} if at else {})}
            answer = self._read(path, {**query, **more}, Listing, accept=accept)
            about = answer.get("metadata") or {}
            return (answer.get("items") or (), about), about.get("continue") or None

        return pages("", fetch, circle=lambda: ClusterError(Failure.LOST, f"The pages of {path} go in circles."))

    def watch(self, key: Key, *, labels: str = "", fields: str = "", version: str) -> WireStream:
        """Return the changes since a version as they come; raises ClusterError, and is not repeated."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        query["timeoutSeconds"] = str(_WATCH)
        query |= {"labelSelector": labels} if labels else {}
        query |= {"fieldSelector": fields} if fields else {}
        limits = Timeouts(connect=self.options.connect_timeout, read=min(_OPENING, self.options.read_timeout))
        headers = {"Accept": "application/json"}
        path = self.path(key, named=False)
        answer = self._sender.send(_sending("GET", path, query, headers=headers, timeouts=limits, is_stream=True))
        if answer.stream is None:
            raise ClusterError(Failure.LOST, "The cluster answered a watch with nothing to read.")
        answer.stream.wait_at_most(_QUIET)
        return answer.stream

    def written(self, key: Key) -> str | None:
        """Return the version the object has by our last apply: empty without one, None when its answer was lost."""
        return self._written.get(key, "")

    # ------------------------------------------------------------ changing

    def apply(
        self, key: Key, body: Mapping[str, Any], *, dry_run: bool = False, force: bool = False, manager: str = ""
    ) -> AnsweredDocument:
        """Apply the fields of the body, secrets still closed, as ours (or as ``manager``'s) and return the object."""
        query = {"fieldManager": manager or self._manager, "force": "true" if force else "false"}
        if dry_run:
            return self._write(
                "PATCH", self.path(key), query, body, dry_run=True, content_type=_APPLY, shape=shape_of(key.group)
            )
        path = self.path(key)
        self._written[key] = None
        made = self._write("PATCH", path, query, body, content_type=_APPLY, key=key)
        self._written[key] = str((made.get("metadata") or {}).get("resourceVersion") or "") or None
        return made

    def merge(self, key: Key, patch: Mapping[str, Any]) -> AnsweredDocument:
        """Return the object as a JSON merge patch would leave it, by a dry run."""
        query = {"fieldManager": self._manager}
        return self._write("PATCH", self.path(key), query, patch, dry_run=True, content_type=_MERGE)

    def delete(self, key: Key, uid: str) -> None:
        """Delete the object with that uid, and in the foreground what it owns; what is gone is gone."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        body |= {"preconditions": {"uid": uid}} if uid else {}  # type: ignore[dict-item] # of a JSON object
        self._write("DELETE", self.path(key), {}, body, shape=Deletion)

    # ------------------------------------------------------------ requests

    def _read(
        self, path: str, query: Mapping[str, str], shape: Any, *, accept: str = "application/json"
    ) -> AnsweredDocument:
        return self._send(_sending("GET", path, query, headers={"Accept": accept}), shape)

    def _write(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        content_type: str = "application/json",
        shape: Any = Thing,
        key: Key | None = None,
    ) -> AnsweredDocument:
        """Return the answer, which has the shape and, where a key is given, is that object as it was sent."""
        headers = {"Accept": "application/json", "Content-Type": content_type}
        content = self._sender.redactor.dumps(body)
        sending = _sending(method, path, query, headers=headers, body=content, dry_run=dry_run)
        answer = self._send(sending, shape)
        return answer if key is None else confirm(sending, answer, key, body)

    def _send(self, sending: Sending, shape: Any) -> AnsweredDocument:
        return answered(sending, self._sender.send(sending), shape, hide=self.hide)

    def _explain(self, sending: Sending, outcome: Outcome) -> Refusal:
        error = refusal_of(sending.method, sending.path, outcome, server=self._session.shown_url)
        is_final = not isinstance(outcome, WireAnswer) and outcome.is_final
        return Refusal(error=error, is_passing=error.failure in _REPEATED and not is_final)

    def hide(self, text: str) -> str:
        """Return a text of the cluster without any secret that was sent to it."""
        return self._sender.redactor.text(text)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _sending(
    method: str,
    path: str,
    query: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    dry_run: bool = False,
    timeouts: Timeouts | None = None,
    is_stream: bool = False,
) -> Sending:
    """Return the request; one that changes something is pinned to a version or a uid, so that a second does no harm."""
    asked = {**query, "dryRun": "All"} if dry_run else query
    is_harmless = method == "GET" or dry_run
    return Sending(
        method=method,
        path=path,
        query=urlencode(asked),
        body=body,
        headers=headers,
        is_mutating=not is_harmless,
        is_repeatable=is_harmless,
        is_pinned=True,
        is_stream=is_stream,
        note=" (dry run)" if dry_run else "",
        timeouts=timeouts,
    )


def _root(api: str) -> str:
    return f"/apis/{api}" if "/" in api else f"/api/{api}"
