"""What a plan looks at of a live object beside its values: recorded, so that the record can stand in for the platform.

`read` and `poll` take facts from documents; the planners ask `known`, which is the document where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import Live
from wlinfra.values import Json

from .echo import echoed
from .schema import RUNTIME
from .shapes import compared_runtime, containers_of, server_set, with_containers

__all__ = ["METADATA", "artifact_facts", "known", "with_facts", "workload_facts"]


METADATA: Final = ("description", "importance")
"""What the platform keeps of a workload although no program need declare it."""


def artifact_facts(document: Mapping[str, Any]) -> dict[str, Json]:
    """Return where its versions are, what this token may do, and the images that were built for it."""
    images = {
        container["name"]: container["imageUri"]
        for container in containers_of(document.get("spec"))
        if all(container.get(name) is not None for name in ("imageBuildConfig", "name", "imageUri"))
    }
    return {**_given(document, "artifactRepositoryId", "permissions"), **({"images": images} if images else {})}


def workload_facts(document: Mapping[str, Any]) -> dict[str, Json]:
    """Return the type and status of what it runs, what this token may do, how it is described, and how it runs."""
    status = (document.get("artifact") or {}).get("status")
    runs: dict[str, Json] = {"artifact": {"status": status}} if status is not None else {}
    runtime = document.get("runtime")
    how = {"runtime": server_set(compared_runtime(runtime))} if runtime is not None else {}
    return {**_given(document, "type", "permissions", *METADATA), **runs, **how}


def known(live: Live) -> Mapping[str, Any]:
    """Return what is known of the object beside its values: its document, or the recorded facts."""
    return live.document or live.facts


def with_facts(live: Live) -> Live:
    """Return a reading; one that stands in for the platform with what its facts add to the values."""
    if live.document:
        return live
    values = dict(live.values)
    if (repository := live.facts.get("artifactRepositoryId")) is not None:
        values.setdefault("artifactRepositoryId", repository)
    for name in METADATA:
        if name in live.facts:
            values.setdefault(name, live.facts[name])
    if (runtime := live.facts.get("runtime")) is not None:
        values["runtime"] = echoed(RUNTIME, values.get("runtime", runtime), runtime)
    images = live.facts.get("images")
    if images and isinstance(values.get("spec"), Mapping):
        values["spec"] = with_containers(
            values["spec"],
            lambda container: (
                {"imageUri": images[container["name"]], **container} if container.get("name") in images else container
            ),
        )
    return replace(live, values=values)


def _given(document: Mapping[str, Any], *names: str) -> dict[str, Json]:
    return {name: document[name] for name in names if document.get(name) is not None}
