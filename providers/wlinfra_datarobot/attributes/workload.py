"""The rows of a workload: its runtime, scaling, allocations, the timing of rolls, power and shared roles.

Defaults are those of the published contract; what the platform fills in by its own policy (replicas, bundles) has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wlinfra.provider import Attribute, Effect, memory_bytes
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import SharedRole, Workload
from wlinfra.values import Json

from .recipients import recipient_of, role_key
from .rows import Requirement, Row, Shape

__all__ = ["NO_ROLE", "POLICY_ROWS", "RUNTIME_ROWS", "WORKLOAD_ROWS"]

NO_ROLE: Final = "NO_ROLE"
"""The role that revokes one."""

POLICY_ROWS: Final = Shape(
    rows=(
        Row(declared="metric", wire="scalingMetric", to_wire=str),
        Row(declared="target", wire="target"),
        Row(declared="min", wire="minCount"),
        Row(declared="max", wire="maxCount"),
        Row(
            declared="priority",
            wire="priority",
            need=Requirement(has=lambda dialect: dialect.policy_priority, what="priorities of scaling policies"),
        ),
    )
)

_AUTOSCALING: Final = Shape(
    rows=(
        Row(declared="enabled", wire="enabled", attribute=Attribute(default=True)),
        Row(declared="min_replicas", wire="minReplicaCount", read=lambda _: None),  # on the policies, bounds filled in
        Row(declared="max_replicas", wire="maxReplicaCount", read=lambda _: None),
        Row(
            declared="policies",
            wire="policies",
            attribute=Attribute(keyed_by="scalingMetric"),
            shape=POLICY_ROWS,
            listed=True,
            read=lambda autoscaling: autoscaling.bounded(),
        ),
    )
)

_ALLOCATION: Final = Shape(
    rows=(
        Row(declared="cpu", wire="cpu"),
        Row(declared="memory", wire="memory", attribute=Attribute(normalize=memory_bytes)),
        Row(declared="gpu", wire="gpu"),
        Row(wire="gpuMemory", attribute=Attribute(normalize=memory_bytes)),
    )
)

_CONTAINER: Final = Shape(
    rows=(
        Row(declared="name", wire="name"),
        Row(declared="allocation", wire="resourceAllocation", shape=_ALLOCATION),
    )
)

_GROUP: Final = Shape(
    rows=(
        Row(declared="name", wire="name", attribute=Attribute(default="default")),
        Row(declared="autoscaling", wire="autoscaling", shape=_AUTOSCALING),
        Row(declared="replicas", wire="replicaCount"),
        # The order is one of preference, so it has a meaning.
        Row(
            declared="bundles",
            wire="resourceBundles",
            attribute=Attribute(items=Attribute()),
            to_wire=lambda bundles: list(bundles) or None,
        ),
        Row(
            declared="bundle_selection_policy",
            wire="bundleSelectionPolicy",
            attribute=Attribute(default="availability"),
        ),
        Row(wire="resolvedBundle", attribute=Attribute(computed=True), server_only=True),
        Row(
            declared="containers",
            wire="containers",
            attribute=Attribute(keyed_by="name"),
            shape=_CONTAINER,
            listed=True,
            read=lambda group: [entry for entry in group.containers if entry.allocation is not None] or None,
        ),
    )
)

RUNTIME_ROWS: Final = Shape(
    root=Attribute(effect=Effect.ROLLS),
    rows=(
        Row(
            declared="container_groups",
            wire="containerGroups",
            attribute=Attribute(keyed_by="name"),
            shape=_GROUP,
            listed=True,
            read=lambda workload: workload.groups,
        ),
    ),
)

_TIMING: Final = Shape(
    rows=(
        Row(wire="strategy", attribute=Attribute(default="rolling")),
        Row(declared="warmup_minutes", wire="warmupDurationMinutes", attribute=Attribute(default=0)),
        Row(
            declared="keep_old_minutes",
            wire="keepOldVersionMinutes",
            attribute=Attribute(default=0),
            need=Requirement(
                has=lambda dialect: dialect.keeps_old_version,
                what="old versions that are kept",
                neutral=(None, 0),
                ignored=True,
                fix="Leave it out, or expect the cluster's own setting.",
            ),
        ),
    )
)


def _artifact(workload: Workload) -> Json:
    return workload.artifact.ref("id") if isinstance(workload.artifact, Artifact) else workload.artifact


def _roles(roles: tuple[SharedRole, ...]) -> dict[str, Json]:
    """Return the roles by recipient; one whose id is not known while the program runs is refused by `check`."""
    return {
        role_key(role.recipient, id=role.id if isinstance(role.id, str) else None, username=role.username): role.role
        for role in roles
    }


def _declared_roles(roles: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"role": role, **recipient_of(key)} for key, role in roles.items()]


WORKLOAD_ROWS: Final = Shape(
    rows=(
        Row(declared="platform_name", wire="name", read=lambda workload: workload.name_on_platform),
        Row(
            declared="power",
            wire="power",
            attribute=Attribute(default="running"),
            to_declared=lambda power: "stopped" if power == "stopped" else "running",  # no one declares "errored"
        ),
        Row(declared="artifact", wire="artifactId", attribute=Attribute(effect=Effect.ROLLS), read=_artifact),
        Row(
            declared="runtime",
            wire="runtime",
            attribute=Attribute(effect=Effect.ROLLS),
            shape=RUNTIME_ROWS,
            read=lambda workload: workload if workload.groups else None,
        ),
        # The platform takes the timing with each replacement and never returns it.
        Row(
            declared="replacement",
            wire="replacement",
            attribute=Attribute(effect=Effect.STORED, write_only=True),
            shape=_TIMING,
        ),
        Row(
            declared="shared_roles",
            wire="sharedRoles",
            attribute=Attribute(values=Attribute(default=NO_ROLE)),
            to_wire=_roles,
            to_declared=_declared_roles,
            inner=(("[]", "[]"),),
        ),
        Row(declared="description", wire="description", attribute=Attribute(default="", normalize=lambda v: v or "")),
        Row(declared="importance", wire="importance", attribute=Attribute(default="low")),
    )
)
"""A workload; ``power`` and ``sharedRoles`` have calls of their own, ``replacement`` is how a roll is timed."""
