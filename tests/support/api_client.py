"""A plain client for emulators: one call, its status and its JSON, no retries and no redirects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Any


class ApiClient:
    """Sends JSON to one base address; close it at the end of the test."""

    def __init__(self, base: str, token: str | None = "test") -> None:
        self.base = base
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._pool = urllib3.PoolManager(retries=False, timeout=60)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request; `path` may carry a query."""
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, path, data, {"Content-Type": "application/json", **headers})

    def send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        """Send one request with a body of any kind."""
        reply = self._pool.request(
            method, self.base + path, body=data, headers={**self._headers, **headers}, redirect=False, retries=False
        )
        return Answer(reply.status, json.loads(reply.data) if reply.data else None, reply.headers)

    def upload(self, path: str, name: str, content: bytes) -> Answer:
        """Send one file as the multipart part `file`."""
        body, kind = urllib3.encode_multipart_formdata({"file": (name, content)})
        return self.send("POST", path, body, {"Content-Type": kind})

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the JSON of a call that must succeed."""
        answer = self.call(method, path, body, **headers)
        assert answer.status < 400, f"{method} {path} -> {answer.status}: {answer.body}"
        return answer.body

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
