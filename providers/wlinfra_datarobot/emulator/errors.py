"""How the emulated API refuses: a status and a detail, either a text or the validation list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wlinfra.emulation import Response, json_response


class ApiError(Exception):
    """Raised by a handler to answer with an error; nothing the request changed is kept."""

    def __init__(self, status: int, detail: str | Sequence[Mapping[str, Any]], **headers: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.headers = headers

    def response(self) -> Response:
        """Return the answer to send."""
        return json_response({"detail": self.detail}, self.status, self.headers)


def not_found(kind: str, key: str) -> ApiError:
    """Return the 404 of an object that is not there (or was deleted)."""
    return ApiError(404, f"{kind} {key} not found")


def conflict(detail: str) -> ApiError:
    """Return a 409: the request is well formed, the object's present state forbids it."""
    return ApiError(409, detail)


def unprocessable(detail: str) -> ApiError:
    """Return a 422 with a plain text, as the API answers for rules that span several objects."""
    return ApiError(422, detail)


def invalid(location: Sequence[str | int], message: str, kind: str, value: Any = None) -> ApiError:
    """Return a 422 with a validation list of one entry."""
    return ApiError(422, [{"loc": list(location), "msg": message, "type": kind, "input": value}])
