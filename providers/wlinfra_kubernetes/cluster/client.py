"""The verbs this provider needs, on plain JSON: get, list, watch, apply, create, delete; discovery once.

The questions call it through `platform`. Every failure is a `ClusterError`; what may be repeated without harm is
repeated here, a mutating call never.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import orjson

from wlinfra.provider.retry import Clock, SystemClock
from wlinfra_kubernetes.documents.document import Key

from .failures import ClusterError, Failure, failure_of
from .session import Session
from .streams import Stream

if TYPE_CHECKING:
    import urllib3

__all__ = ["ClientOptions", "ClusterClient", "Served"]

_LOG: Final = logging.getLogger("wlinfra.http")
"""That of the transport of all other platforms; it is told paths, never queries, headers or bodies."""

_DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_APPLY: Final = "application/apply-patch+yaml"
_PAGE: Final = 500
_WATCH: Final = 60
"""Seconds after which the server is to end a watch; shortly before, it says up to which version it has told."""
_QUIET: Final = 75.0
"""Seconds without a word after which a watch counts as broken."""
_OPENING: Final = 10.0
"""Seconds until a watch has to begin."""
_LONGEST_PAUSE: Final = 30.0
_REPEATED: Final = frozenset({Failure.BUSY, Failure.UNREACHABLE, Failure.LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How requests are made; times are in seconds."""

    manager: str
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    retries: int = 5
    user_agent: str = "wlinfra"
    guard: Callable[[], None] = lambda: None
    """Called before every request that changes something."""
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How the cluster serves a kind."""

    plural: str
    namespaced: bool


class ClusterClient:
    """One API server; safe to use from several threads."""

    def __init__(self, session: Session, options: ClientOptions) -> None:
        self._session = session
        self.options = options
        self._lock = threading.Lock()
        self._served: dict[tuple[str, str], Served] | None = None
        self._count = 0
        self._written: dict[Key, str | None] = {}

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._count

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
        try:
            self.served(api, kind)
        except ClusterError as error:
            if error.failure is not Failure.NO_KIND:
                raise
            return False
        return True

    def _discover(self) -> dict[tuple[str, str], Served]:
        found: dict[tuple[str, str], Served] = {}
        for path in ("/api", "/apis"):
            answer = self._read(path, {}, accept=f"{_DISCOVERY},application/json")
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
            answer = self._read(_root(api), {})
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
            return self._read(self.path(key), {})
        except ClusterError as error:
            if error.failure in (Failure.NOT_FOUND, Failure.NO_KIND):
                return None
            raise

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

    def names(self, key: Key, *, pages: int) -> frozenset[str] | None:
        """Return the names of all objects of the kind in its namespace; None when that takes more pages than allowed."""
        found: set[str] = set()
        for page, (items, about) in enumerate(self._pages(key, {}, metadata=True), start=1):
            found.update(item["metadata"]["name"] for item in items)
            if (about.get("remainingItemCount") or 0) > (pages - page) * _PAGE:
                return None
        return frozenset(found)

    def _pages(
        self, key: Key, query: Mapping[str, str], *, metadata: bool
    ) -> Iterator[tuple[Sequence[dict[str, Any]], Mapping[str, Any]]]:
        path, more = self.path(key, named=False), {"limit": str(_PAGE)}
        while True:
            answer = self._read(path, {**query, **more}, accept=f"{_METADATA},application/json" if metadata else "")
            about = answer.get("metadata") or {}
            yield answer.get("items") or (), about
            if not about.get("continue"):
                return
            more["continue"] = about["continue"]

    def watch(self, key: Key, *, labels: str = "", fields: str = "", version: str) -> Stream:
        """Return the changes since a version as they come; raises ClusterError, and is not repeated."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version}
        query["timeoutSeconds"] = str(_WATCH)
        query |= {"labelSelector": labels} if labels else {}
        query |= {"fieldSelector": fields} if fields else {}
        path = self.path(key, named=False)
        answer = self._request("GET", path, query, None, {"Accept": "application/json"}, stream=True)
        return Stream(answer, quiet=_QUIET)

    def written(self, key: Key) -> str | None:
        """Return the version the object has by our last apply: empty without one, None when its answer was lost."""
        return self._written.get(key, "")

    # ------------------------------------------------------------ changing

    def apply(
        self, key: Key, body: Mapping[str, Any], *, dry_run: bool = False, force: bool = False, manager: str = ""
    ) -> dict[str, Any]:
        """Apply the fields of the body as ours (or as ``manager``'s) and return the object."""
        query = {"fieldManager": manager or self.options.manager, "force": "true" if force else "false"}
        if dry_run:
            return self._write("PATCH", self.path(key), query, body, dry_run=True, content=_APPLY)
        path = self.path(key)
        self._written[key] = None
        made = self._write("PATCH", path, query, body, content=_APPLY)
        self._written[key] = str((made.get("metadata") or {}).get("resourceVersion") or "") or None
        return made

    def create(self, key: Key, body: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Create the object and return it."""
        query = {"fieldManager": self.options.manager}
        return self._write("POST", self.path(key, named=False), query, body, dry_run=dry_run)

    def delete(self, key: Key, uid: str) -> None:
        """Delete the object with that uid, and in the foreground what it owns; what is gone is gone."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        body |= {"preconditions": {"uid": uid}} if uid else {}  # type: ignore[dict-item] # of a JSON object
        self._write("DELETE", self.path(key), {}, body)

    # ------------------------------------------------------------ requests

    def _read(self, path: str, query: Mapping[str, str], *, accept: str = "") -> dict[str, Any]:
        return self._repeated(lambda: self._send("GET", path, query, None, {"Accept": accept or "application/json"}))

    def _write(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        content: str = "application/json",
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", "Content-Type": content}
        if dry_run:
            asked = {**query, "dryRun": "All"}
            return self._repeated(lambda: self._send(method, path, asked, body, headers))
        self.options.guard()
        return self._send(method, path, query, body, headers)

    def _repeated(self, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        for attempt in range(self.options.retries + 1):
            try:
                return send()
            except ClusterError as error:
                if error.failure not in _REPEATED or attempt == self.options.retries or self.options.stop.is_set():
                    raise
                delay = min(max(error.after, 0.2 * 2**attempt), _LONGEST_PAUSE)
                _LOG.debug("attempt %d in %.1f s: %s", attempt + 2, delay, error.failure.value)
                self.options.clock.sleep(delay)
        raise AssertionError("the loop returns or raises")

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Any, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        answer = self._request(method, path, query, body, headers)
        return _document(method, path, answer.status, answer.data)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Any,
        headers: Mapping[str, str],
        *,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer, with its body unread where it is a stream; raises ClusterError for a refusal."""
        import urllib3

        signed = self._session.sign_in()
        patience = min(_OPENING, self.options.read_timeout) if stream else self.options.read_timeout
        options = {
            "body": None if body is None else orjson.dumps(body),
            "timeout": urllib3.Timeout(connect=self.options.connect_timeout, read=patience),
            "preload_content": not stream,
        }
        url = f"{path}?{urlencode(query)}" if query else path
        try:
            answer = self._called(method, url, {**headers, **signed}, options)
            if answer.status == 401 and self._session.renew(signed):
                answer.drain_conn()
                answer = self._called(method, url, {**headers, **self._session.sign_in()}, options)
            if answer.status >= 400:
                raise failure_of(method, path, answer.status, answer.data, answer.headers)
        except urllib3.exceptions.HTTPError as error:
            raise _unreached(error, self._session) from error
        return answer

    def _called(
        self, method: str, url: str, headers: Mapping[str, str], options: Mapping[str, Any]
    ) -> urllib3.BaseHTTPResponse:
        import urllib3

        self._count += 1
        started = self.options.clock.monotonic()
        try:
            answer = self._session.pool.request(
                method,
                f"{self._session.host}{url}",
                headers={**headers, "User-Agent": self.options.user_agent},
                retries=False,
                redirect=False,
                **options,
            )
        except urllib3.exceptions.HTTPError as error:
            self._log(method, url, type(error).__name__, started)
            raise
        size = f", {len(answer.data)} bytes" if options["preload_content"] else ", a watch begins"
        self._log(method, url, f"{answer.status}{size}", started)
        return answer

    def _log(self, method: str, url: str, result: str, started: float) -> None:
        """Log what was called; of the query only that nothing was to be changed, for selectors may name anything."""
        path, _, query = url.partition("?")
        what = f"{method} {path}" + (" (dry run)" if "dryRun=" in query else "")
        _LOG.debug("%s -> %s in %d ms", what, result, 1000 * (self.options.clock.monotonic() - started))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _root(api: str) -> str:
    return f"/apis/{api}" if "/" in api else f"/api/{api}"


def _document(method: str, path: str, status: int, body: bytes) -> dict[str, Any]:
    """Return what was answered; raises ClusterError for what is no JSON object, such as the page of a proxy."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        return found
    said = f"{method} {path} was answered with {status} and no JSON object, so not by the API server."
    raise ClusterError(Failure.LOST, said, status=status)


def _unreached(error: urllib3.exceptions.HTTPError, session: Session) -> ClusterError:
    from urllib3 import exceptions

    from wlinfra.provider.connections import failure_reason, is_final, was_sent

    if was_sent(error):
        return ClusterError(Failure.LOST, failure_reason(error))
    if is_final(error) and isinstance(error, exceptions.SSLError):  # it cannot heal, so it is not tried again
        return ClusterError(Failure.UNTRUSTED, f"The certificate of {session.told} is not trusted.")
    return ClusterError(Failure.UNREACHABLE, f"{failure_reason(error)} The server is {session.told}.")
