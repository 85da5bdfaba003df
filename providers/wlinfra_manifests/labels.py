"""Labels and annotations: what finds an object, and what people wrote about it.

`render` calls `describe` once for a workload; every object takes its metadata from `group.Group.metadata`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from wlinfra.resources.artifact import Artifact
from wlinfra.resources.declaring import Problem
from wlinfra.resources.model import Model
from wlinfra.resources.variables import EnvVar
from wlinfra.resources.workload import Workload
from wlinfra.values import Json, Ref, Secret, Template

from .model import Target
from .names import object_name
from .problems import Problems

__all__ = [
    "GROUP",
    "RESOLVED_BUNDLE",
    "WORDS",
    "WORKLOAD",
    "Description",
    "artifact_version",
    "describe",
    "description_key",
    "is_free",
    "is_label_value",
]

WORKLOAD: Final = "wlinfra.dev/workload"
GROUP: Final = "wlinfra.dev/group"
WORDS: Final = ("wlinfra.dev/description", "wlinfra.dev/artifact-description", "wlinfra.dev/importance")
"""How the marks begin that hold what people wrote."""
RESOLVED_BUNDLE: Final = "wlinfra.dev/resolved-bundle"

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_OURS = re.compile(r"(?:.*\.)?(?:wlinfra\.dev|kubernetes\.io|k8s\.io)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the objects of a workload carry: all of them the labels, the one that runs the pods the annotations."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Json] = field(default_factory=dict)
    """Values may hold references."""
    priority_class: str = ""


def describe(workload: Workload, artifact: Artifact, target: Target, problems: Problems) -> Description:
    """Return labels and annotations of tags, descriptions, importance and version; they stand on no pod.

    A pod that carried them would restart when someone corrects a description.
    """
    labels, annotations = _tags(workload, target, problems)
    priority_class = _importance(workload, target, labels, problems)
    for field_name, text in (("description", workload.description), ("artifact-description", artifact.description)):
        if isinstance(text, Ref | Template) or text:
            annotations[f"wlinfra.dev/{field_name}"] = text
    for group in artifact.groups:
        for container in group.containers:
            if isinstance(container.description, Ref | Template) or container.description:
                annotations[description_key(group.name, str(container.name))] = container.description
    annotations["wlinfra.dev/artifact"] = str(artifact.address)
    annotations["wlinfra.dev/artifact-status"] = artifact.status
    annotations["wlinfra.dev/artifact-version"] = artifact_version(artifact)
    return Description(labels={**labels, **target.labels}, annotations=annotations, priority_class=priority_class)


def description_key(group: str, container: str) -> str:
    """Return the annotation that holds the description of a container."""
    return f"wlinfra.dev/description.{object_name(f'{group}-{container}', longest=50)}"


def artifact_version(artifact: Artifact) -> str:
    """Return twelve hexadecimal digits for what runs; of a secret only its source counts, never its text.

    Two artifacts that run the same thing have the same version, whatever they are called.
    """
    content = {
        "type": artifact.artifact_type,
        "groups": _plain(artifact.groups),
        "storage": _plain(artifact.storage),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    match value:
        case Model():
            # Descriptions change nothing that runs.
            return {name: _plain(item) for name, item in value.__dict__.items() if name != "description"}
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case EnvVar():
            return [value.name, _plain(value.value)]
        case Secret():
            return {"secret": value.describe}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return repr(value)


def _importance(workload: Workload, target: Target, labels: dict[str, str], problems: Problems) -> str:
    importance = workload.importance
    if importance is None:
        return ""
    if importance in target.priority_classes:
        return target.priority_classes[importance]
    labels["wlinfra.dev/importance"] = importance
    problems.warn(
        workload,
        Problem(
            summary="Importance is only a label",
            detail=f"No priority class is named for importance {importance}, so it changes nothing when things are scarce.",
            fix=f'Name one in the target options of the environment: priority_classes={{"{importance}": "..."}}.',
            path=("importance",),
        ),
    )
    return ""


def is_free(key: str) -> bool:
    """True for a key that people may give to a label, as it is."""
    prefix, slash, name = key.rpartition("/")
    legal = bool(_NAME.fullmatch(name)) and (not slash or bool(_PREFIX.fullmatch(prefix)))
    return legal and not _OURS.fullmatch(prefix)


def is_label_value(value: Json) -> TypeGuard[str]:
    """True for a text that a label takes."""
    return isinstance(value, str) and (value == "" or bool(_NAME.fullmatch(value)))


def _tags(workload: Workload, target: Target, problems: Problems) -> tuple[dict[str, str], dict[str, Json]]:
    labels: dict[str, str] = {}
    annotations: dict[str, Json] = {}
    for key, value in (workload.tags or {}).items():
        prefix, slash, name = key.rpartition("/")
        if key in target.labels or _OURS.fullmatch(prefix):
            problems.refuse(
                workload,
                Problem(
                    summary="Tag not allowed here",
                    detail=f"The label {key} belongs to the cluster or to this tool.",
                    fix="Choose another key for the tag.",
                    path=("tags", key),
                ),
            )
        elif not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
            legal = f"tags.wlinfra.dev/{object_name(key)}"
            annotations[legal] = value
            problems.note(f"The tag {key} is no legal key of a label, so it becomes the annotation {legal}.")
        elif is_label_value(value):
            labels[key] = value
        else:
            annotations[key] = value
    return labels, annotations
