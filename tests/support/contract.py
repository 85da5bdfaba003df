"""Checks emulator answers against the published contract and the emulator's overlay.

Pass a `ContractChecker` as `on_exchange`: an answer that breaks the contract then fails the test when the server stops.
"""

from __future__ import annotations

import functools
import json
import threading
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a separate package

from wlinfra.emulation import Match, Request, Response, Routes

_CONTRACT = Path(__file__).parents[1] / "contracts" / "datarobot-workloads.openapi.json"
_OVERLAY = Path(__file__).parents[2] / "providers" / "wlinfra_datarobot" / "emulator" / "contract" / "overlay.json"
_PREFIX = "/api/v2"


class ContractChecker:
    """Validates each exchange of one dialect; `seen` collects the operations that were exercised."""

    def __init__(self, dialect: str) -> None:
        self._document = _document(dialect)
        self._refusal = self._validator("#/components/schemas/Refusal")
        self._refusals = frozenset(_read(_OVERLAY)["refusals"]["statuses"])
        self._routes = Routes()
        self._lock = threading.Lock()
        self._validators: dict[str, Any] = {}
        self.seen: set[str] = set()
        self.operations: set[str] = set()
        for path, methods in self._document["paths"].items():
            for method in methods:
                self._routes.add(method.upper(), _PREFIX + path, Response)
                self.operations.add(f"{method.upper()} {path}")

    def __call__(self, request: Request, response: Response) -> None:
        """Check as a hook of the server."""
        self.check(request, response)

    def check(self, request: Request, response: Response) -> None:
        """Raise an AssertionError that names the operation when answer or accepted request break the contract."""
        found = self._routes.find(request.method, request.path)
        if not isinstance(found, Match):
            return
        path = found.route.template.removeprefix(_PREFIX)
        name = f"{request.method} {path}"
        if response.status in self._refusals:
            self._expect(self._refusal, response.json(), f"{name} -> {response.status}")
            return
        operation = self._document["paths"][path][request.method.lower()]
        answers = operation["responses"]
        if str(response.status) not in answers:
            raise AssertionError(f"{name} answered {response.status}, the contract has {sorted(answers)}")
        self.seen.add(name)
        here = f"#/paths/{_escape(path)}/{request.method.lower()}"
        if "content" in answers[str(response.status)]:
            pointer = f"{here}/responses/{response.status}/content/{_escape('application/json')}/schema"
            self._expect(self._cached(pointer), response.json(), f"{name} -> {response.status}")
        elif response.body:
            raise AssertionError(f"{name} -> {response.status} has a body, the contract has none")
        if "requestBody" in operation:
            pointer = f"{here}/requestBody/content/{_escape('application/json')}/schema"
            self._expect(self._cached(pointer), self._typed(request, path), f"{name} accepted a body that")

    def _typed(self, request: Request, path: str) -> Any:
        """Return the request's body with `spec.type` filled in: without it a spec fits several variants."""
        body = request.json()
        if path == "/artifacts/{artifact_id}" and request.method == "PATCH":
            return body if "spec" not in body else {name: value for name, value in body.items() if name != "spec"}
        if "spec" in body:
            return _with_type(body)
        return {**body, "artifact": _with_type(body["artifact"])} if body.get("artifact") else body

    def _cached(self, pointer: str) -> Any:
        with self._lock:
            if pointer not in self._validators:
                self._validators[pointer] = self._validator(pointer)
            return self._validators[pointer]

    def _validator(self, pointer: str) -> Any:
        return jsonschema.Draft202012Validator({**self._document, "$ref": pointer})

    def _expect(self, validator: Any, value: Any, name: str) -> None:
        problems = [
            f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}" for one in validator.iter_errors(value)
        ]
        if problems:
            raise AssertionError(f"{name} breaks the contract: {'; '.join(problems)}")


def _with_type(artifact: dict[str, Any]) -> dict[str, Any]:
    return {**artifact, "spec": {**artifact["spec"], "type": artifact.get("type", "service")}}


@functools.cache
def _document(dialect: str) -> dict[str, Any]:
    base, overlay = _read(_CONTRACT), _read(_OVERLAY)
    schemas = {
        **base["components"]["schemas"],
        **overlay["schemas"],
        **overlay["dialects"][dialect]["schemas"],
    }
    return {"components": {"schemas": schemas}, "paths": {**base["paths"], **overlay["paths"]}}


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


def _escape(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")
