"""Answers "what is there now": many objects in a few list pages, each as values, outputs and what a step relies on.

`provider` calls `read`; the planner of the engine and its revision check use the readings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wlinfra.errors import Diagnostic
from wlinfra.http.failures import ApiError
from wlinfra.provider import Absent, Ambiguous, Live, Reading, ReadRequest, Unreadable

from . import fetch
from .compared.facts import artifact_facts, workload_facts
from .compared.roles import declared_roles, role_values
from .compared.shapes import artifact_outputs, artifact_values, server_set, workload_outputs, workload_values
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, LookedUp, Platform

__all__ = ["artifact_live", "latest_versions", "read", "workload_live"]

_FEW_NAMES = 3


def read(platform: Platform, wanted: Sequence[ReadRequest]) -> list[Reading]:
    """Return one reading for each wanted object, in the same order."""
    readings: dict[int, Reading] = {}
    for kind in (WORKLOAD_KIND, ARTIFACT_KIND):
        chosen = {index: item for index, item in enumerate(wanted) if item.kind == kind}
        if chosen:
            readings.update(_read_kind(platform, kind, chosen))
    return [readings[index] for index in range(len(wanted))]


def _read_kind(platform: Platform, kind: str, wanted: Mapping[int, ReadRequest]) -> dict[int, Reading]:
    wanted = {index: _with_id(item) for index, item in wanted.items()}
    found = fetch.by_ids(platform, kind, [item.id for item in wanted.values() if item.id is not None])
    nameless = {index: item for index, item in wanted.items() if item.id is None or found.get(item.id, item) is None}
    try:
        by_name = _by_name(platform, kind, {item.name for item in nameless.values()})
    except ApiError as error:
        return {
            index: Unreadable(error=_why(error, item)) if index in nameless else _known(platform, item, found)
            for index, item in wanted.items()
        }
    return {
        index: _named(platform, item, by_name.get(item.name, []))
        if index in nameless
        else _known(platform, item, found)
        for index, item in wanted.items()
    }


def _with_id(item: ReadRequest) -> ReadRequest:
    """Return the question with the id a lookup gives."""
    private = item.desired.private if item.desired is not None else None
    given = private.id if item.id is None and isinstance(private, LookedUp) else None
    return replace(item, id=given) if given is not None else item


def _by_name(platform: Platform, kind: str, names: set[str]) -> dict[str, list[fetch.Document]]:
    if len(names) <= _FEW_NAMES:
        return {name: fetch.with_name(platform, kind, name) for name in sorted(names)}
    rows: dict[str, list[fetch.Document]] = {}
    for row in fetch.listed(platform, kind):
        if row.get("name") in names:
            rows.setdefault(row["name"], []).append(row)
    return rows


def _known(platform: Platform, item: ReadRequest, found: Mapping[str, fetch.Found]) -> Reading:
    document = found[item.id] if item.id is not None else None
    match document:
        case ApiError():
            return Unreadable(error=_why(document, item))
        case None:
            return Absent()
        case _:
            return _live(platform, item, document)


def _named(platform: Platform, item: ReadRequest, rows: Sequence[fetch.Document]) -> Reading:
    siblings = tuple(sorted(row["id"] for row in rows))
    if item.id is not None:
        return Absent(siblings=siblings)
    candidates = latest_versions(rows) if item.kind == ARTIFACT_KIND else list(rows)
    match candidates:
        case []:
            return Absent()
        case [row]:
            return _live(platform, item, row, siblings=siblings)
        case _:
            return Ambiguous(candidates=siblings)


def latest_versions(rows: Sequence[fetch.Document]) -> list[fetch.Document]:
    """Return the newest artifact of each repository: its versions share the name and are one thing."""
    newest: dict[str, fetch.Document] = {}
    for row in rows:
        repository = row.get("artifactRepositoryId") or row["id"]
        if repository not in newest or _age(row) > _age(newest[repository]):
            newest[repository] = row
    return list(newest.values())


def _age(row: fetch.Document) -> tuple[str, int]:
    return (str(row.get("createdAt") or ""), row.get("version") or 0)


def _live(
    platform: Platform, item: ReadRequest, document: fetch.Document, *, siblings: tuple[str, ...] = ()
) -> Live | Unreadable:
    try:
        fetch.refuse_implausible(document, item.kind)
        if item.kind == ARTIFACT_KIND:
            whole = document if "spec" in document else dict(platform.client.artifacts.get(document["id"]))
            return artifact_live(whole, found_by_name=item.id is None, siblings=siblings)
        names = declared_roles(item.desired, item.prior)
        roles = list(platform.client.sharing.list(document["id"])) if names else []
        return workload_live(document, item, roles=roles, siblings=siblings)
    except ApiError as error:
        return Unreadable(error=_why(error, item))


def artifact_live(document: Mapping[str, Any], *, found_by_name: bool = False, siblings: tuple[str, ...] = ()) -> Live:
    """Return an artifact's document as a reading."""
    return Live(
        id=document["id"],
        values=artifact_values(document),
        outputs=artifact_outputs(document),
        pinned={"status": document.get("status"), "version": document.get("version"), "spec": document.get("spec")},
        document=document,
        facts=artifact_facts(document),
        found_by_name=found_by_name,
        siblings=siblings,
    )


def workload_live(
    document: Mapping[str, Any],
    item: ReadRequest,
    *,
    roles: Sequence[Mapping[str, Any]] = (),
    siblings: tuple[str, ...] = (),
) -> Live:
    """Return a workload's document as a reading; of its roles only those some declaration names are values."""
    values = workload_values(document)
    names = declared_roles(item.desired, item.prior)
    if names:
        values["sharedRoles"] = role_values(roles, names)
    replacement = document.get("replacement") or {}
    return Live(
        id=document["id"],
        values=values,
        outputs=workload_outputs(document),
        pinned={
            "artifact": document.get("artifactId"),
            "proton": document.get("protonId"),
            "replacement": sorted(replacement.get("candidateProtonIds") or ()),
            "runtime": server_set(document.get("runtime") or {}),
            "roles": sorted((role["shareRecipientType"], role["id"], role["role"]) for role in roles),
        },
        document={**document, "sharedRoles": list(roles)} if names else document,
        facts=workload_facts(document),
        found_by_name=item.id is None,
        siblings=siblings,
    )


def _why(error: ApiError, item: ReadRequest) -> Diagnostic:
    said = error.diagnostics[0]
    return Diagnostic(summary=said.summary, detail=said.detail, fix=said.fix, address=item.address)
