"""What a program calls the places in an artifact and a workload, in the form it chose: short, or with all groups.

`expand` gives each object its table. Both forms are understood in `ignore_changes`; the one chosen is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wlinfra.provider import DeclaredPaths
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import Workload

from .artifact import ARTIFACT_ROWS
from .workload import WORKLOAD_ROWS

__all__ = ["artifact_paths", "workload_paths"]

_ARTIFACT: Final = (("type", "type"), *ARTIFACT_ROWS.names())
_WORKLOAD: Final = tuple(WORKLOAD_ROWS.names())
_GROUP: Final = "container_groups[]."
_GIVEN: Final = f"runtime.{_GROUP}containers"
_IN_SHORT: Final = ("replicas", "autoscaling", "bundles")


def _containers() -> Iterator[tuple[str, str]]:
    """Yield the places of the one group's containers."""
    for wire, ours in _ARTIFACT:
        if ours.startswith(f"{_GROUP}containers"):
            yield _of_any_group(wire), ours.removeprefix(_GROUP)


def _scale() -> Iterator[tuple[str, str]]:
    """Yield what the one group of a workload has."""
    for wire, ours in _WORKLOAD:
        short = ours.removeprefix(f"runtime.{_GROUP}")
        if short != ours and short.startswith(_IN_SHORT):
            yield _of_any_group(wire), short


def _allocations() -> Iterator[tuple[str, str]]:
    """Yield what each container gets."""
    for wire, ours in _WORKLOAD:
        if ours.startswith(_GIVEN):
            yield _of_any_group(wire), "allocations" + ours.removeprefix(_GIVEN).replace("[].allocation", "[]")


def _sole() -> Iterator[tuple[str, str]]:
    """Yield what the one container gets."""
    for wire, ours in _allocations():
        if ours.startswith("allocations[].") and not ours.endswith(".name"):
            yield wire.replace("[]", "[*]"), ours.removeprefix("allocations[].")


def _of_any_group(wire: str) -> str:
    return wire.replace("[]", "[*]", 1)


_GROUPS: Final = DeclaredPaths(lambda: (*_ARTIFACT, *_containers()))
_CONTAINERS: Final = DeclaredPaths(lambda: (*_containers(), *_ARTIFACT))
_RUNTIME: Final = DeclaredPaths(lambda: (*_WORKLOAD, *_scale(), *_allocations(), *_sole()))
_ALLOCATED: Final = DeclaredPaths(lambda: (*_scale(), *_allocations(), *_sole(), *_WORKLOAD))
_SHORT: Final = DeclaredPaths(lambda: (*_scale(), *_sole(), *_allocations(), *_WORKLOAD))


def artifact_paths(artifact: Artifact) -> DeclaredPaths:
    """Return the table of an artifact."""
    return _GROUPS if artifact.container_groups else _CONTAINERS


def workload_paths(workload: Workload) -> DeclaredPaths:
    """Return the table of a workload."""
    if workload.runtime is not None:
        return _RUNTIME
    return _ALLOCATED if workload.allocations else _SHORT
