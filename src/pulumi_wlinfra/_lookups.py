"""What exists and is not of the program: functions that look it up."""

from __future__ import annotations

from typing import Any, TypedDict

import pulumi

from pulumi_wlinfra._base import version
from pulumi_wlinfra._values import from_wire

__all__ = ["ArtifactFound", "WorkloadFound", "get_artifact", "get_workload"]


class ArtifactFound(TypedDict):
    """An artifact that was looked up."""

    name: str
    artifact_id: str
    """The id of the version that is current."""
    version: int | str | None
    repository_id: str | None


class WorkloadFound(TypedDict):
    """A workload that was looked up."""

    name: str
    workload_id: str
    endpoint: str | None
    """The URL that serves it."""


def get_artifact(
    id: pulumi.Input[str] | None = None,  # noqa: A002 - the platform's word
    name: pulumi.Input[str] | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[ArtifactFound]:
    """Return an artifact by its id or its name; the program fails when there is none."""
    found: pulumi.Output[ArtifactFound] = _look_up("Artifact", id, name, opts)
    return found


def get_workload(
    id: pulumi.Input[str] | None = None,  # noqa: A002 - the platform's word
    name: pulumi.Input[str] | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[WorkloadFound]:
    """Return a workload by its id or its name; the program fails when there is none."""
    found: pulumi.Output[WorkloadFound] = _look_up("Workload", id, name, opts)
    return found


def _look_up(
    kind: str, identity: pulumi.Input[str] | None, name: pulumi.Input[str] | None, opts: pulumi.InvokeOptions | None
) -> Any:
    asked = {"id": identity, "name": name}
    given = {word: value for word, value in asked.items() if value is not None}
    asked_with = pulumi.InvokeOptions.merge(pulumi.InvokeOptions(version=version()), opts)
    found: pulumi.Output[Any] = pulumi.runtime.invoke_output(f"wlinfra:index:get{kind}", given, asked_with)
    return found.apply(lambda result: from_wire(result, kind))
