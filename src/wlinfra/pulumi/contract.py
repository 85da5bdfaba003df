"""What the gRPC service asks of the bridge, in plain values.

Properties are JSON values with camelCase keys, in which any value may be a `SecretValue` and any value may be
`wlinfra.values.UNKNOWN`, at every level. The service decodes and encodes them; the bridge never sees the protocol.

Outputs are the inputs, what the platform says of the resource in camelCase, and the secret string ``record``. The
platform's own id, which may be one of a version, is called after the type: ``artifactId``, ``workloadId``; Pulumi's id
never changes. A workload's ``artifact`` is an id, a declaration, or for one declared elsewhere its declaration with its
``artifactId`` as ``id``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias

from wlinfra.errors import Severity
from wlinfra.values import Secret

__all__ = [
    "Bridge",
    "BridgeError",
    "Checked",
    "Diffed",
    "Difference",
    "Differs",
    "Failure",
    "Found",
    "Made",
    "Place",
    "Properties",
    "Recorded",
    "Refusal",
    "Report",
    "SecretValue",
    "Subject",
]

Properties: TypeAlias = Mapping[str, Any]
Report: TypeAlias = Callable[[Severity | None, str, bool], None]
"""Shows one line beside the resource: its severity (None for progress), its text, whether a later line replaces it."""


class SecretValue(Secret):
    """A value of any kind that the program marked as secret: JSON, UNKNOWN, or a tree with both in it.

    `reveal` works for strings only; `value` is what was marked. What the bridge returns may have any `Secret` in it.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__(self._only_strings, describe="a secret of the Pulumi program")
        self.value = value

    def _only_strings(self) -> str:
        if not isinstance(self.value, str):
            raise TypeError("This secret is no string.")
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The provider that was configured: one platform, reached in one way."""

    project: str
    stack: str
    name: str
    """The provider's name in the program, such as ``default_0_1_0``."""
    id: str
    """The provider's id in the stack's state, the key of the journal; empty in a preview of a new stack."""
    config: Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The resource that a question is about."""

    urn: str
    type: str
    """The token, such as ``wlinfra:index:Workload``."""
    name: str
    """The resource's name in the program."""
    report: Report = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What Pulumi's state has of a resource."""

    id: str
    inputs: Properties
    outputs: Properties


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong with the properties."""

    path: str
    """As Pulumi writes paths: ``containers[0].env["a.b"].value``; empty for the resource as a whole."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The inputs to go on with, and what is wrong with them."""

    inputs: Properties
    failures: tuple[Failure, ...] = ()


class Differs(Enum):
    """How one path differs."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One path as the user wrote it, and what its change does."""

    path: str
    differs: Differs
    replaces: bool = False
    of_inputs: bool = True
    """Whether the program's input differs; otherwise what is live does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffed:
    """What an update would do; without differences and without ``changes``, no call follows."""

    changes: bool
    differences: tuple[Difference, ...] = ()
    deletes_first: bool = False
    """Whether a replacement deletes the old object before it creates the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a create or an update left; with ``reasons``, the object exists and is not ready."""

    id: str
    outputs: Properties
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is live, in the program's own shape and spelling."""

    id: str
    inputs: Properties
    outputs: Properties
    reasons: tuple[str, ...] = ()


class Refusal(Enum):
    """What kind of failure ended a question."""

    INVALID = "invalid"
    """The properties or the configuration are wrong; nothing was called."""
    REFUSED = "refused"
    """It was understood and not done; nothing is in doubt."""
    UNREACHABLE = "unreachable"
    """The platform did not answer."""
    CANCELLED = "cancelled"
    """The engine cancelled it."""
    UNCLEAR = "unclear"
    """What a call did is not known; the journal has it."""


class BridgeError(Exception):
    """A question that could not be answered, in words for the user; it never quotes a secret."""

    def __init__(self, refusal: Refusal, text: str, *, missing: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.refusal = refusal
        self.missing = dict(missing or {})
        """Configuration keys that are required and absent, each with what it is."""


class Bridge(Protocol):
    """Plans and applies single resources; every method may be called from many threads at once.

    Every method raises BridgeError. ``timeout`` is in seconds, 0 for the default.
    """

    def check_config(self, config: Properties) -> Checked:
        """Check a provider's configuration; needs no `configure`, calls nothing."""
        ...

    def diff_config(self, old: Properties, new: Properties) -> Diffed:
        """Compare two configurations; another place is a difference that replaces nothing, see `Place`."""
        ...

    def configure(self, place: Place) -> None:
        """Remember where resources live; calls nothing."""
        ...

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> Checked:
        """Check the inputs of a resource; pure."""
        ...

    def diff(self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]) -> Diffed:
        """Return what an update would do, planned from the record in the outputs; calls nothing."""
        ...

    def preview_create(self, subject: Subject, inputs: Properties) -> Properties:
        """Return the outputs of a create, UNKNOWN where only the create will tell; calls nothing."""
        ...

    def create(self, subject: Subject, inputs: Properties, timeout: float) -> Made:
        """Create the resource, or continue a create that was interrupted."""
        ...

    def preview_update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]
    ) -> Properties:
        """Return the outputs of an update; what it leaves as it was is known; calls nothing."""
        ...

    def update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str], timeout: float
    ) -> Made:
        """Update the resource, planned from what is live; refuses what goes beyond the `diff` of the record."""
        ...

    def read(self, subject: Subject, recorded: Recorded, timeout: float) -> Found | None:
        """Return what is live; None only where the platform says that it is gone.

        For an import, and for `.get()`, only the id is recorded: an id of the platform or a name.
        """
        ...

    def delete(self, subject: Subject, recorded: Recorded, timeout: float) -> None:
        """Delete the resource."""
        ...

    def enumerate(self, token: str, query: Properties, limit: int) -> Sequence[tuple[str, str]]:
        """Return id and name of what exists of a type; 0 sets no limit."""
        ...

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> Checked:
        """Call a function such as ``wlinfra:index:getWorkload``; its result are the ``inputs``."""
        ...

    def cancel(self, *, in_order: bool = False) -> None:
        """End waits now, and everything after 3 s; returns at once.

        ``in_order``: the engine asks for it, at the end of each command too, and keeps all answers; otherwise it may be gone.
        """
        ...

    def close(self) -> None:
        """Release the journal and the connections."""
        ...
