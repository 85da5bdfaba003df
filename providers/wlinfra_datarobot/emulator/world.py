"""What every handler works with: one `Call` per request, the settings of the emulator and its people.

`app.py` makes the `Call`; the modules named after the API's nouns take it and answer.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlencode

from wlinfra.emulation import Document, Request, Response, Transaction, json_response

from .errors import ApiError, invalid

DEFAULT_TOKEN = "emulator"  # noqa: S105 - a local stand-in, accepted by nothing else
USER_ID = "65f0c0ffee0000000000a001"
TENANT_ID = "3f2b8c1e-5d47-4a90-9b6e-0c1d2e3f4a5b"
USER: Mapping[str, Any] = {
    "id": USER_ID,
    "email": "you@example.com",
    "fullName": "You",
    "userhash": None,
    "username": "you@example.com",
}
OWNER_PERMISSIONS = (
    "CAN_VIEW",
    "CAN_UPDATE",
    "CAN_DELETE",
    "CAN_SHARE",
    "CAN_MAKE_PREDICTIONS",
    "CAN_SHARE_ROLE_OWNER",
    "CAN_SHARE_ROLE_READ_WRITE",
    "CAN_SHARE_ROLE_READ_ONLY",
)
PAGE = 100

INDEXES: Mapping[str, Sequence[str]] = {
    "artifacts": ("artifactRepositoryId",),
    "builds": ("artifactId",),
    "events": ("workloadId",),
    "protons": ("holds", "workloadId"),
    "replacements": ("workloadId",),
    "traffic": ("protonId",),
    "workloads": ("artifactId",),
}


class Dialect(StrEnum):
    """The generations of the API that this emulator speaks."""

    JUNE = "2026-06"
    OCTOBER = "2026-10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How many seconds each stage of a lifecycle takes."""

    submitted: float = 0.2
    provisioning: float = 0.4
    launching: float = 0.6
    stopping: float = 0.4
    staged: float = 0.1
    promoting: float = 0.3
    finalizing: float = 0.2
    vanishing: float = 1.0
    """How long a completed replacement can still be read."""
    warmup_minute: float = 0.2
    """How long one minute of `warmupDurationMinutes` takes."""
    building: float = 0.4
    """How long each of the three stages of an image build takes."""
    draft_lifetime: float = 8 * 3600.0
    """After how long the platform stops a workload that runs a draft."""

    @classmethod
    def realistic(cls) -> Durations:
        """Return durations like those of a cluster that pulls images and starts GPU nodes."""
        return cls(
            submitted=5, provisioning=60, launching=90, stopping=20, staged=5,
            promoting=10, finalizing=15, vanishing=1, warmup_minute=60, building=60,
        )  # fmt: skip

    @classmethod
    def instant(cls) -> Durations:
        """Return durations for tests that do not watch a start: everything settles by the next request."""
        return cls(
            submitted=0, provisioning=0, launching=0, stopping=0, staged=0,
            promoting=0, finalizing=0, vanishing=0, warmup_minute=0, building=0,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Behaviour on which the platform's documents disagree, or which a test wants to provoke."""

    locked_created_as_draft: bool = False
    """An artifact asked for as `locked` is created as a draft."""
    second_replacement: Literal["queue", "refuse"] = "queue"
    """What happens to a replacement posted while another runs: it waits its turn, or 422."""
    default_scaling: Literal["replicas", "to-zero"] = "replicas"
    """What a group gets that asks for neither replicas nor autoscaling."""
    delete_answers_502: bool = False
    """A workload is deleted, but the answer says that its proton could not be stopped."""
    max_concurrent_workloads: int | None = None
    max_workload_replicas: int | None = None
    exhausted_bundles: frozenset[str] = field(default_factory=frozenset)
    """Bundles no node has room for: the next of the list is taken, with none left the start never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one emulator behaves."""

    dialect: Dialect = Dialect.OCTOBER
    durations: Durations = field(default_factory=Durations)
    quirks: Quirks = field(default_factory=Quirks)
    token: str | None = None
    """The token clients must send; None accepts any."""
    read_only_token: str | None = None
    """A second token, that may look and not touch."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request being answered: what it asks, the world it sees and changes, and when."""

    request: Request
    tx: Transaction
    now: float
    settings: Settings
    public_url: str
    """The base of the invoke URLs, ending in `/api/v2`; the same for all of the life of a world."""
    read_only: bool = False

    @property
    def dialect(self) -> Dialect:
        """The generation of the API that answers."""
        return self.settings.dialect

    @property
    def permissions(self) -> list[str]:
        """What the caller may do with any object."""
        return ["CAN_VIEW"] if self.read_only else list(OWNER_PERMISSIONS)

    def values(self, name: str) -> list[str]:
        """Return all values of a query key; repeated keys and comma lists both work."""
        return [part for value in self.request.query.get(name, ()) for part in value.split(",") if part]

    def value(self, name: str) -> str | None:
        """Return the last value of a query key, or None."""
        values = self.request.query.get(name)
        return values[-1] if values else None

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        """Return an integer of the query; raises the API's 422 for anything else."""
        text = self.value(name)
        if text is None:
            return default
        try:
            number = int(text)
        except ValueError:
            raise invalid(("query", name), "Input should be a valid integer", "int_parsing", text) from None
        if number < least:
            message = f"Input should be greater than or equal to {least}"
            raise invalid(("query", name), message, "greater_than_equal", text)
        return number

    def flag(self, name: str) -> bool:
        """Return a boolean of the query, False when absent."""
        return (self.value(name) or "").lower() in {"true", "1", "yes"}

    def event(self, workload_id: str, kind: str, **details: Any) -> None:
        """Record what the user did to a workload."""
        key = new_id(self.now)
        event = {"id": key, "workloadId": workload_id, "timestamp": self.now, "eventType": kind, "details": details}
        self.tx.put("events", key, {**event, "actorId": USER_ID})


Handler = Callable[[Call], Response]
RouteTable = tuple[tuple[str, str, Handler], ...]


def new_id(now: float) -> str:
    """Return 24 hexadecimal digits that nothing else has, the seconds first."""
    return f"{int(now) & 0xFFFFFFFF:08x}{secrets.token_hex(8)}"


def stamp(moment: float) -> str:
    """Return a time as the API spells it."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="microseconds")


def page(call: Call, rows: Sequence[Document], show: Callable[[Document], Any]) -> Response:
    """Return the page of `rows` that the query asks for, in the envelope with `next` and `previous`."""
    offset = call.number("offset", 0)
    limit = min(call.number("limit", PAGE, least=1), PAGE)
    shown = [show(row) for row in rows[offset : offset + limit]]
    return json_response(
        {
            "totalCount": len(rows),
            "count": len(shown),
            "next": _page_url(call, offset + limit, limit) if offset + limit < len(rows) else None,
            "previous": _page_url(call, max(0, offset - limit), limit) if offset else None,
            "data": shown,
        }
    )


def ordered(call: Call, rows: Iterable[Document], keys: Mapping[str, Callable[[Document], Any]]) -> list[Document]:
    """Return `rows` in the order that `orderBy` asks for; by default oldest first."""
    wish = call.value("orderBy")
    if not wish:
        return list(rows)
    key = keys.get(wish.removeprefix("-"))
    if key is None:
        raise invalid(("query", "orderBy"), f"Input should be one of {sorted(keys)}", "literal_error", wish)
    return sorted(rows, key=key, reverse=wish.startswith("-"))


def filtered(
    call: Call, rows: Iterable[Document], among: Mapping[str, Callable[[Document], Any]], searched: Sequence[str]
) -> Iterable[Document]:
    """Return the rows that the query lets through: any value of one filter suffices, and all filters must hold."""
    for name, read in among.items():
        if wanted := frozenset(call.values(name)):
            rows = [row for row in rows if read(row) in wanted]
    for name, attribute in (("tagKeys", "name"), ("tagValues", "value")):
        if wanted := frozenset(call.values(name)):
            rows = [row for row in rows if any(tag[attribute] in wanted for tag in row["tags"])]
    if text := (call.value("search") or "").lower():
        rows = [row for row in rows if any(text in (row[name] or "").lower() for name in searched)]
    return rows


def signed(call: Call, row: Document) -> dict[str, Any]:
    """Return what every object is shown with: whose it is, what the caller may do with it, and since when."""
    return {
        "creator": dict(USER),
        "permissions": call.permissions,
        "createdAt": stamp(row["createdAt"]),
        "updatedAt": stamp(row["updatedAt"]),
    }


BY_TIME: Mapping[str, Callable[[Document], Any]] = {
    "name": lambda row: row["name"],
    "createdAt": lambda row: row["createdAt"],
    "updatedAt": lambda row: row["updatedAt"],
}
"""What lists can be ordered by."""


def require(document: Document | None, error: ApiError) -> Document:
    """Return the document; raises the error when there is none."""
    if document is None:
        raise error
    return document


def _page_url(call: Call, offset: int, limit: int) -> str:
    query = {**call.request.query, "offset": [str(offset)], "limit": [str(limit)]}
    host = call.request.headers.get("host", "127.0.0.1")
    return f"http://{host}{call.request.path}?{urlencode(query, doseq=True)}"
