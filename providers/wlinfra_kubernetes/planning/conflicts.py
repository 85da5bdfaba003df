"""Fields that other managers own: who, since when, and which of the three ways out was chosen.

`plan_existing` takes out with `yielded` what is left to others, and calls `settle` with what a dry run refused. A path
is forced, yielded or an error; ``force`` applies to all of a request, so yielded paths are taken out of it first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.provider import DeclaredPaths
from wlinfra.values import Address, Json
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_kubernetes.documents.fieldpath import (
    FieldPath,
    by_key,
    find,
    leaves_of,
    owners_of,
    owns,
    parse,
    resolved,
    shown,
    without,
)
from wlinfra_kubernetes.documents.policies import policy_of
from wlinfra_kubernetes.ownership.identity import HANDOVER, Identity, is_mark, shown_manager

from .handover import Scaler

__all__ = [
    "AUTOSCALERS",
    "Conflict",
    "Resolved",
    "Terms",
    "conflicts_of",
    "settle",
    "with_scalers",
    "yielded",
    "yielded_fields",
]

AUTOSCALERS: Final = frozenset({"kube-controller-manager", "keda", "keda-operator"})
"""Managers that write replicas through the scale subresource."""

_TAKEN_OVER: Final = ("kubectl", "before-first-apply")
"""How managers begin whose fields an import takes over without being asked: the ways people made objects before."""

_LONGEST: Final = 100
"""Characters of a value that an error still quotes."""
_REPLICAS: Final = ("spec", "replicas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One path that another manager owns with another value."""

    path: FieldPath
    manager: str
    shown: str
    """The manager as users are shown it, which for a stack is its name."""
    subresource: str = ""
    time: str = ""
    declared: str = ""
    """The path as the program has it; empty where it is the cluster's."""
    live: Json = field(default=None, repr=False)
    """What the other manager set; it may be secret where a secret is declared."""
    scalers: tuple[Scaler, ...] = ()
    """Who continues setting the path, when it is the number of replicas."""

    @property
    def is_scale(self) -> bool:
        """True for replicas that were set through the scale subresource."""
        return self.path == _REPLICAS and self.subresource == "scale"

    def __str__(self) -> str:
        path = f"{self.declared} ({shown(self.path)})" if self.declared else shown(self.path)
        text = f"{path} is managed by {self.shown}"
        text += f" through its {self.subresource} subresource" if self.subresource else ""
        if self.time:
            return f"{text} since {self.time}"
        if self.is_scale and self.manager in AUTOSCALERS and self.scalers:
            return f"{text} for {' and '.join(one.last_shown for one in self.scalers)}"
        return f"{text}, at a time the cluster does not note" if self.subresource else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What decides about conflicts."""

    policies: Mapping[str, str]
    adopting: bool = False
    """Take over what people applied by hand, for the object was not ours so far."""
    held: Mapping[str, Any] = field(default_factory=dict)
    """What we own, as ``fieldsV1``: what people applied by hand there before is live with our value."""
    hands_back: bool = False
    """No autoscaler holds the replicas any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What is sent after all conflicts were settled."""

    body: Json
    force: bool = False
    notes: tuple[str, ...] = ()


# ---------------------------------------------------------------- who


def conflicts_of(error: ClusterError, live: Mapping[str, Any], body: Json, declared: DeclaredPaths) -> list[Conflict]:
    """Return the conflicts of a refusal, with what the object itself records of the owners."""
    found = []
    for cause in error.causes:
        path = resolved(cause.field, body) or resolved(cause.field, dict(live)) or parse(cause.field)
        entries = [entry for entry in owners_of(live, path) if f'"{entry["manager"]}"' in cause.message]
        entry = max(entries, key=lambda entry: str(entry.get("time") or ""), default={})
        manager = str(entry.get("manager") or cause.message.removeprefix("conflict with "))
        found.append(replace(_conflict(path, manager, entry, live), declared=declared.find(by_key(path))))
    return found


def _conflict(path: FieldPath, manager: str, entry: Mapping[str, Any], live: Mapping[str, Any]) -> Conflict:
    return Conflict(
        path=path,
        manager=manager,
        shown=shown_manager(manager, live),
        subresource=str(entry.get("subresource") or ""),
        time=str(entry.get("time") or ""),
        live=find(dict(live), path),
    )


def with_scalers(conflicts: Sequence[Conflict], scalers: Sequence[Scaler]) -> list[Conflict]:
    """Return the conflicts, those about replicas with the autoscalers of the object."""
    return [replace(one, scalers=tuple(scalers)) if one.path == _REPLICAS else one for one in conflicts]


# ---------------------------------------------------------------- left to others


def yielded(body: Json, live: Mapping[str, Any], policies: Mapping[str, str], identity: Identity) -> Resolved:
    """Return the body without the fields that are to be left to managers who hold them, equal or not.

    Were equal ones claimed, each plan would claim or release what another manager keeps changing.
    """
    notes: list[str] = []
    for conflict in yielded_fields(body, live, policies, identity):
        if find(body, conflict.path) not in (None, find(dict(live), conflict.path)):
            notes.append(_left(conflict))
        body = without(body, conflict.path)
    return Resolved(body=body, notes=tuple(notes))


def yielded_fields(
    body: Json, live: Mapping[str, Any], policies: Mapping[str, str], identity: Identity
) -> list[Conflict]:
    """Return the declared fields that other managers hold and that are to be left to them."""
    if "yield" not in policies.values():
        return []
    return [
        _conflict(path, str(entry["manager"]), entry, live)
        for entry in (live.get("metadata") or {}).get("managedFields") or ()
        if entry.get("manager") not in (identity.manager, HANDOVER)
        for path in leaves_of(entry.get("fieldsV1") or {})
        if find(body, path) is not None and not is_mark(path) and policy_of(path, policies) == "yield"
    ]


def _left(conflict: Conflict) -> str:
    return f"{conflict}; it is left to that manager"


# ---------------------------------------------------------------- deciding


def settle(address: Address, body: Json, conflicts: Sequence[Conflict], terms: Terms) -> Resolved:
    """Return what to send; raises ProviderError that names every conflict nothing was decided about."""
    open_conflicts: list[Conflict] = []
    notes: list[str] = []
    forced = False
    for conflict in conflicts:
        match _policy(conflict, terms):
            case "force":
                forced = True
                notes += [] if is_mark(conflict.path) else [_taken(conflict)]
            case "yield":
                body = without(body, conflict.path)
                notes.append(_left(conflict))
            case _:
                open_conflicts.append(conflict)
    if open_conflicts:
        raise ProviderError(_open(address, body, open_conflicts))
    return Resolved(body=body, force=forced, notes=tuple(notes))


def _policy(conflict: Conflict, terms: Terms) -> str:
    if is_mark(conflict.path):  # whose the object is was decided before
        return "force"
    if decided := policy_of(conflict.path, terms.policies):
        return decided
    if conflict.is_scale or conflict.manager == HANDOVER:
        return "force" if terms.hands_back and conflict.manager in (*AUTOSCALERS, HANDOVER) else "error"
    if not conflict.manager.startswith(_TAKEN_OVER):
        return "error"
    return "force" if terms.adopting or owns(terms.held, conflict.path) else "error"


def _taken(conflict: Conflict) -> str:
    if conflict.scalers:
        return f"{conflict}; it is taken over until {_names(conflict.scalers)} scales next: end it, or do not declare replicas"
    return f"{conflict}; it is taken over"


def _names(scalers: Sequence[Scaler]) -> str:
    return " or ".join(map(str, scalers))


def _left_out(address: Address, conflicts: Sequence[Conflict]) -> str:
    """Return the third way out; of what is rendered from a workload only some fields can be left out."""
    if not address.part:
        return "or leave it out of the declaration."
    if conflicts[0].scalers:
        return f"or leave replicas out of {address.resource}: then {_names(conflicts[0].scalers)} decides."
    names = list(dict.fromkeys(conflict.declared for conflict in conflicts))
    if all(names):
        return f"or in {address.resource}:\n    ignore_changes={json.dumps(names)}   to leave them to them there alone"
    return (
        f"The path is rendered from {address.resource}, so that it cannot be left out: where an attribute sets it, "
        "declare the live value there, and else only these entries decide."
    )


def _open(address: Address, body: Json, conflicts: Sequence[Conflict]) -> Diagnostic:
    listed = "; ".join(f"{conflict}{_sides(body, conflict)}" for conflict in conflicts)
    paths = list(dict.fromkeys(shown(conflict.path) for conflict in conflicts))
    scalers = next((conflict.scalers for conflict in conflicts if conflict.scalers), ())
    fought = (
        f"\nForced replicas last until {_names(scalers)} scales next: leave them out, or end it first."
        if scalers
        else ""
    )
    it = "it" if len(paths) == 1 else "them"
    return Diagnostic(
        summary="Fields are owned by others",
        detail=f"{address} declares values for fields that others set to something else: {listed}.",
        fix="Decide for each path, in the environment's options:\n"
        f"    conflicts={_decided(paths, 'force')}   to take {it} over\n"
        f"    conflicts={_decided(paths, 'yield')}   to leave {it} to them\n"
        f"{_left_out(address, conflicts)}{fought}",
        address=address,
        path=conflicts[0].declared or paths[0],
    )


def _decided(paths: Sequence[str], policy: str) -> str:
    return "{" + ", ".join(f'"{path}": "{policy}"' for path in paths) + "}"


def _sides(body: Json, conflict: Conflict) -> str:
    """Return both values where both are short and neither is declared as a secret."""
    sides = conflict.live, find(body, conflict.path)
    if any(not isinstance(side, str | int | float) or len(str(side)) > _LONGEST for side in sides):
        return ""
    return f" (live {json.dumps(sides[0])}, declared {json.dumps(sides[1])})"
