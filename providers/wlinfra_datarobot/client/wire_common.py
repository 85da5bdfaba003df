"""Names the platform gives to states, kinds and roles, and what workloads and artifacts have in common on the wire.

Used by the other modules of wire types; values of enumerations are `str` in answers, because the platform adds some.
"""

from __future__ import annotations

from typing import Literal, Required, TypeAlias, TypedDict

WorkloadStatus: TypeAlias = Literal[
    "unknown",
    "submitted",
    "provisioning",
    "launching",
    "running",
    "suspended",
    "interrupted",
    "stopping",
    "stopped",
    "errored",
    "terminated",
]
ArtifactStatus: TypeAlias = Literal["draft", "locked"]
ArtifactType: TypeAlias = Literal["service", "nim", "agent", "mcp"]
Importance: TypeAlias = Literal["critical", "high", "moderate", "low"]
WorkloadOrder: TypeAlias = Literal[
    "name",
    "-name",
    "createdAt",
    "-createdAt",
    "updatedAt",
    "-updatedAt",
    "status",
    "-status",
    "importance",
    "-importance",
]
ArtifactOrder: TypeAlias = Literal["name", "-name", "createdAt", "-createdAt", "updatedAt", "-updatedAt"]
Metric: TypeAlias = Literal[
    "totalRequests", "requestsOverN", "requestsPerMinute", "concurrentRequests", "responseTime", "totalErrorRate"
]


class User(TypedDict, total=False):
    """A person as the platform shows them."""

    id: Required[str]
    email: str | None
    fullName: str | None
    userhash: str | None
    username: str | None


class Tag(TypedDict):
    """A tag; list filters call its name key."""

    id: str
    name: str
    value: str
