"""A small JSON client of an API server; the fakes, the starters and the tests speak to the cluster through it."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from wlinfra.http.tls import closing

__all__ = ["ApiClient", "ApiError", "Json", "follow"]

Json = dict[str, Any]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
CONNECTION_LOST = (OSError, http.client.HTTPException)


class ApiError(Exception):
    """The server refused; ``status`` is the HTTP code and ``body`` its Status object, or the text it sent."""

    def __init__(self, status: int, body: Any) -> None:
        message = body.get("message", "") if isinstance(body, dict) else str(body)
        super().__init__(f"{status}: {message}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """Requests to one server as one user; safe to share between threads, since every request has its own connection."""

    server: str
    ca_file: Path | None = None
    token: str | None = None
    timeout: float = 30.0

    def get(self, path: str, **query: str) -> Json:
        """Return the object or list at a path."""
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path)

    def create(self, path: str, body: Json) -> Json:
        """Post an object to its collection."""
        return self.request("POST", path, body)

    def merge(self, path: str, body: Json) -> Json:
        """Merge a patch into the object at a path."""
        return self.request("PATCH", path, body, content=MERGE)

    def apply(self, path: str, body: Json, *, manager: str = "test", force: bool = True) -> Json:
        """Apply an object on the server's side under a field manager."""
        query = urlencode({"fieldManager": manager, "force": str(force).lower()})
        return self.request("PATCH", f"{path}?{query}", body, content=APPLY)

    def delete(self, path: str, body: Json | None = None) -> Json:
        """Delete the object at a path."""
        return self.request("DELETE", path, body)

    def exists(self, path: str) -> bool:
        """Say whether the path answers, as opposed to 404."""
        try:
            self.get(path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def request(self, method: str, path: str, body: Json | None = None, *, content: str = "application/json") -> Json:
        """Send one request and return its JSON; raises ApiError on any status of 400 and above."""
        connection = self._connection(self.timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, self._headers(content))
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        found = _decoded(text)
        if response.status >= 400:
            raise ApiError(response.status, found)
        return found if isinstance(found, dict) else {"text": found}

    def watch(self, path: str, version: str, stop: threading.Event) -> Generator[Json, None, None]:
        """Yield the events of a collection after a resource version, until the server ends the stream."""
        query = urlencode({"watch": "1", "resourceVersion": version, "timeoutSeconds": "240"})
        connection = self._connection(250.0)
        try:
            connection.request("GET", f"{path}?{query}", headers=self._headers("application/json"))
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError(response.status, _decoded(response.read().decode()))
            while not stop.is_set() and (line := response.readline()).endswith(b"\n"):  # else it was cut off
                event: Json = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(int(event["object"].get("code", 500)), event["object"])
                yield event
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.server)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=timeout)
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=_trusting(self.ca_file))

    def _headers(self, content: str) -> Mapping[str, str]:
        headers = {"Accept": "application/json", "Content-Type": content}
        return headers if self.token is None else {**headers, "Authorization": f"Bearer {self.token}"}


@cache
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    return closing(ssl.create_default_context(cafile=str(ca_file) if ca_file else None))


def follow(client: ApiClient, path: str, handle: Callable[[str, Json], None], stop: threading.Event) -> None:
    """Call ``handle(event type, object)`` for what a collection holds and for each change, until told to stop.

    A lost connection, an expired version and a kind that does not exist yet are met by listing again a little later.
    """
    while not stop.is_set():
        try:
            found = client.get(path)
            kind, version = str(found["kind"]).removesuffix("List"), str(found["apiVersion"])
            for item in found["items"]:
                handle("ADDED", {"kind": kind, "apiVersion": version, **item})
            for event in client.watch(path, str(found["metadata"]["resourceVersion"]), stop):
                handle(str(event["type"]), event["object"])
        except (ApiError, *CONNECTION_LOST):
            stop.wait(0.3)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
