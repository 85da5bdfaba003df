"""Fields that other managers own: who, since when, and which of the three ways out was chosen.

`plan_existing` calls `settle` with what a dry run refused. A path is forced, yielded or an error; ``force`` holds for
a whole request, so yielded paths are taken out of it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.values import Address, Json

from .failures import ClusterError
from .fieldpath import FieldPath, owns, parse, shown, without

__all__ = ["AUTOSCALERS", "Conflict", "Settled", "conflicts_of", "owners_of", "settle"]

AUTOSCALERS: Final = frozenset({"kube-controller-manager", "keda", "keda-operator"})
"""Managers that write replicas through the scale subresource."""

_TAKEN_OVER: Final = frozenset({"kubectl-client-side-apply", "kubectl", "kubectl-edit", "before-first-apply"})
"""Managers whose fields an adoption takes over without being asked: the ways people made objects before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One path that another manager owns with another value."""

    path: FieldPath
    manager: str
    subresource: str = ""
    time: str = ""

    @property
    def is_scale(self) -> bool:
        """True for replicas that were set through the scale subresource."""
        return self.path == ("spec", "replicas") and self.subresource == "scale"

    def __str__(self) -> str:
        through = f" through its {self.subresource}" if self.subresource else ""
        since = f" since {self.time}" if self.time else ""
        return f"{shown(self.path)} is managed by {self.manager}{through}{since}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is sent after all conflicts were settled."""

    body: Json
    force: bool
    notes: tuple[str, ...] = ()


def conflicts_of(error: ClusterError, live: Mapping[str, Any]) -> list[Conflict]:
    """Return the conflicts of a refusal, with what the object itself tells about the owners."""
    found = []
    for cause in error.causes:
        path = parse(cause.field)
        entries = [entry for entry in owners_of(live, path) if f'"{entry["manager"]}"' in cause.message]
        entry = max(entries, key=lambda entry: str(entry.get("time") or ""), default={})
        found.append(
            Conflict(
                path=path,
                manager=str(entry.get("manager") or cause.message.removeprefix("conflict with ")),
                subresource=str(entry.get("subresource") or ""),
                time=str(entry.get("time") or ""),
            )
        )
    return found


def owners_of(live: Mapping[str, Any], path: FieldPath) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of ``managedFields`` that hold the path."""
    for entry in (live.get("metadata") or {}).get("managedFields") or ():
        if owns(entry.get("fieldsV1") or {}, path):
            yield entry


def settle(
    address: Address,
    body: Json,
    conflicts: Sequence[Conflict],
    policies: Mapping[str, str],
    *,
    adopting: bool,
    hands_back: bool,
) -> Settled:
    """Return what to send; raises ProviderError that names every conflict nothing was decided about.

    ``adopting`` takes over what people applied by hand; ``hands_back`` says that no autoscaler holds the replicas
    any more.
    """
    open_conflicts: list[Conflict] = []
    notes: list[str] = []
    for conflict in conflicts:
        match _policy(conflict, policies, adopting=adopting, hands_back=hands_back):
            case "force":
                notes.append(f"{conflict}; it is taken over")
            case "yield":
                body = without(body, conflict.path)
                notes.append(f"{conflict}; it is left to that manager")
            case _:
                open_conflicts.append(conflict)
    if open_conflicts:
        raise ProviderError(_open(address, open_conflicts))
    return Settled(body=body, force=any(note.endswith("taken over") for note in notes), notes=tuple(notes))


def _policy(conflict: Conflict, policies: Mapping[str, str], *, adopting: bool, hands_back: bool) -> str:
    if conflict.is_scale and hands_back and conflict.manager in AUTOSCALERS:
        return "force"
    text = shown(conflict.path)
    for pattern, policy in policies.items():
        wanted = shown(parse(pattern)) if "*" not in pattern else pattern
        if text == wanted or fnmatchcase(text, wanted) or text.startswith((f"{wanted}.", f"{wanted}[")):
            return policy
    return "force" if adopting and conflict.manager in _TAKEN_OVER and not conflict.is_scale else "error"


def _open(address: Address, conflicts: Sequence[Conflict]) -> Diagnostic:
    listed = "; ".join(map(str, conflicts))
    path = shown(conflicts[0].path)
    return Diagnostic(
        summary="Fields are owned by others",
        detail=f"{address} declares values for fields that others set to something else: {listed}.",
        fix="Decide for each path, in the environment's options:\n"
        f'    conflicts={{"{path}": "force"}}   to take it over\n'
        f'    conflicts={{"{path}": "yield"}}   to leave it to them\n'
        "or leave it out of the declaration.",
        address=address,
        path=path,
    )
