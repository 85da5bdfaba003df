"""What the versions of the Workload API can do, as one table each.

The provider asks the `Dialect` wherever versions differ, and nothing else decides by version.
`2026-06` is the published specification; `2026-10` is what the live service answers since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from wlinfra.errors import ConfigurationError

if TYPE_CHECKING:
    from wlinfra_datarobot.client import DataRobotClient

__all__ = ["DIALECTS", "NEWEST", "BoundsPlace", "Dialect", "detect", "dialect_named"]


class BoundsPlace(Enum):
    """Where the smallest and largest number of replicas stand."""

    POLICY = "policy"
    """`minCount` and `maxCount` in every policy."""
    GROUP = "group"
    """`minReplicaCount` and `maxReplicaCount` once in the group's autoscaling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The capabilities of one version of the API."""

    name: str
    bounds: BoundsPlace
    api_key_source: str
    """The `source` of an environment variable that carries a key of the calling user."""
    artifact_types: frozenset[str]
    free_metric_types: frozenset[str] = frozenset({"nim"})
    """The artifact types whose policies may name any metric."""
    probe_success_threshold: bool
    policy_priority: bool
    keeps_old_version: bool
    """Whether `keepOldVersionMinutes` has an effect; otherwise it is accepted and ignored."""
    replacement_statuses: frozenset[str]


_COMMON_REPLACEMENT_STATUSES: Final = frozenset({"unknown", "submitted", "initializing", "completed", "errored"})

_PUBLISHED: Final = Dialect(
    name="2026-06",
    bounds=BoundsPlace.POLICY,
    api_key_source="dr-api-token",
    artifact_types=frozenset({"service", "nim"}),
    probe_success_threshold=False,
    policy_priority=True,
    keeps_old_version=True,
    replacement_statuses=_COMMON_REPLACEMENT_STATUSES | {"awaiting_promotion", "switching", "deleting", "cleaning_up"},
)

NEWEST: Final = Dialect(
    name="2026-10",
    bounds=BoundsPlace.GROUP,
    api_key_source="api-key",
    artifact_types=frozenset({"service", "nim", "agent", "mcp"}),
    probe_success_threshold=True,
    policy_priority=False,
    keeps_old_version=False,
    replacement_statuses=_COMMON_REPLACEMENT_STATUSES | {"staged", "promoting", "canceling", "finalizing"},
)
"""What is assumed when nothing shows the version."""

DIALECTS: Final[Mapping[str, Dialect]] = {dialect.name: dialect for dialect in (_PUBLISHED, NEWEST)}

_CONSOLE = "console-2.41"


def dialect_named(name: str) -> Dialect:
    """Return the dialect an environment asks for with ``api=``; raises ConfigurationError for others."""
    dialect = DIALECTS.get(name)
    if dialect is not None:
        return dialect
    why = (
        "It is the interface before workloads had settings and replacements."
        if name == _CONSOLE
        else "There is no such version."
    )
    raise ConfigurationError.of(
        "API version is not supported",
        f"The DataRobot API version {name!r} is not supported. {why}",
        f"Set `api` to one of {', '.join(DIALECTS)}, or leave it out to find it out from the server.",
    )


def detect(client: DataRobotClient) -> Dialect:
    """Return the dialect of a server, judged by one page of its workloads; raises ApiError when that cannot be read.

    The versions differ in what a workload shows; without any workload that shows it, the newest is assumed.
    """
    shown = map(_shown, client.workloads.list().first()["data"])
    return next((dialect for dialect in shown if dialect is not None), NEWEST)


def _shown(workload: Mapping[str, Any]) -> Dialect | None:
    """Return the dialect that a workload can only have been shown in: by its bounds, its replacement or its type."""
    for autoscaling in _autoscalings(workload):
        if "minReplicaCount" in autoscaling or "maxReplicaCount" in autoscaling:
            return NEWEST
        if any("minCount" in policy or "maxCount" in policy for policy in autoscaling.get("policies") or ()):
            return _PUBLISHED
    status = (workload.get("replacement") or {}).get("status")
    for dialect in DIALECTS.values():
        if status in dialect.replacement_statuses - _COMMON_REPLACEMENT_STATUSES:
            return dialect
    return NEWEST if workload.get("type") in NEWEST.artifact_types - _PUBLISHED.artifact_types else None


def _autoscalings(workload: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for group in (workload.get("runtime") or {}).get("containerGroups") or ():
        if group.get("autoscaling"):
            yield group["autoscaling"]
