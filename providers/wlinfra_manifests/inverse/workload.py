"""The workload and the artifact that live objects would be declared as.

Nothing is left out in silence: the result is rendered again, and what differs from the live objects is reported by path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wlinfra.errors import DeclarationError, Diagnostic
from wlinfra.provider import merge_shared
from wlinfra.resources.artifact import Artifact, Storage
from wlinfra.resources.autoscaling import Autoscaling, ScalingPolicy
from wlinfra.resources.container import Container, ContainerGroup, Probe, SecurityContext
from wlinfra.resources.runtime import Allocation, ContainerRuntime, GroupRuntime, Runtime
from wlinfra.resources.workload import ReplacementPolicy, Workload
from wlinfra.values import Address, Json

from ..labels import is_free, is_label_value
from ..model import Target
from ..quantities import canonical
from ..render import render_workload
from .containers import allocations_of, containers_of
from .live import RUNNERS, Document, LiveGroup, SecretOf, Shown
from .remainder import Remaining, remainder
from .scaling import policies_of

__all__ = ["Inverted", "declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverted:
    """What objects would be declared as; None and None when nothing among them is a workload."""

    workload: Workload | None = None
    artifact: Artifact | None = None
    left: tuple[Remaining, ...] = ()
    """What the declaration does not say; with any of it, an apply would change what is live."""
    missing: tuple[str, ...] = ()
    """The objects, as ``kind/name``, that the workload would bring along and that are not among those given."""


def declared(documents: Iterable[Document], target: Target, *, name: str, secret: SecretOf) -> Inverted:
    """Return the workload of that name that would be rendered as the live objects, and what it does not say.

    ``documents`` are the objects of one workload. A variable whose value is secret is declared by what ``secret``
    returns for its name, such as `wl.secret_env`: no value of a Secret is looked at.
    """
    shown = Shown.of(documents)
    groups = [LiveGroup(runner=runner, shown=shown, target=target, secret=secret) for runner in shown.of_kind(*RUNNERS)]
    if not groups:
        return Inverted(
            left=tuple(left for one in shown.documents for left in remainder(one, None, target, scaled=False))
        )
    for index, group in enumerate(groups):
        tried = [replace(group, bundle_id=bundle) for bundle in group.bundles()]
        results = [_inverted([*groups[:index], one, *groups[index + 1 :]], name) for one in tried]
        best = min(range(len(tried)), key=lambda at: len(results[at].left))
        groups[index] = tried[best]
    return _inverted(groups, name)


def _inverted(groups: list[LiveGroup], name: str) -> Inverted:
    first = groups[0]
    try:
        artifact = Artifact(_artifact_name(first) or name, **_artifact(groups))
        workload = Workload(name, artifact=artifact, **_workload(groups, name))
    except DeclarationError as error:
        return Inverted(left=tuple(_refused(first, error.diagnostics)))
    chosen = {group.group: group.bundle_id for group in groups if group.bundle_id}
    rendered = render_workload(workload, artifact, first.target, chosen=chosen)
    made = {(item.manifest["kind"], item.name): item.manifest for item in merge_shared(rendered.objects)}
    scaled = {group.name for group in groups if group.shown.scaler(group.name) is not None}
    left = [
        one
        for document in first.shown.documents
        for one in remainder(
            document,
            made.pop((document["kind"], document["metadata"]["name"]), None),
            first.target,
            scaled=document["metadata"]["name"] in scaled,
        )
    ]
    left += _refused(first, [problem for problem in rendered.problems if problem.is_error])
    left += [_guessed(group) for group in groups if group.is_stopped and policies_of(group)]
    return Inverted(
        workload=workload,
        artifact=artifact,
        left=tuple(left),
        missing=tuple(f"{kind}/{own}" for kind, own in made),
    )


def _refused(live: LiveGroup, problems: Iterable[Diagnostic]) -> Iterator[Remaining]:
    for one in problems:
        why = f"{one.summary}: {one.detail}"
        yield Remaining(kind=str(live.runner["kind"]), name=live.name, path=one.path or "", why=why)


def _guessed(group: LiveGroup) -> Remaining:
    why = "The bounds of what is stopped are on no cluster: set min and max."
    return Remaining(kind="InterceptorRoute", name=group.name, path="", why=why)


# ---------------------------------------------------------------- the artifact


def _artifact_name(live: LiveGroup) -> str:
    address = live.annotations.get("wlinfra.dev/artifact", "")
    return Address(address).name if address else ""


def _artifact(groups: list[LiveGroup]) -> dict[str, Any]:
    first = groups[0]
    made = {group.group: tuple(map(_container, containers_of(group))) for group in groups}
    found: dict[str, Any] = {
        "containers": made.get("default") if len(made) == 1 else None,
        "type": "nim" if first.is_nim else None,
        "status": "draft" if first.annotations.get("wlinfra.dev/artifact-status") == "draft" else None,
        "description": first.annotations.get("wlinfra.dev/artifact-description"),
        "storage": _storage(first),
    }
    if found["containers"] is None:
        found["container_groups"] = tuple(ContainerGroup(name=name, containers=own) for name, own in made.items())
    return _given(found)


def _container(attributes: Mapping[str, Json]) -> Container:
    found = dict(attributes)
    for name in ("startup", "readiness", "liveness"):
        if name in found:
            found[name] = Probe(**found[name])
    if "security" in found:
        found["security"] = SecurityContext(**found["security"])
    return Container(**found)


def _storage(live: LiveGroup) -> Storage | None:
    """Return where model files are, None for a volume of its own of the usual size."""
    if not live.is_nim:
        return None
    if live.claim.startswith("nimcache-") or (live.spec.get("storage") or {}).get("nimCache"):
        return Storage(mode="nim_cache")
    claim = live.shown.find("PersistentVolumeClaim", live.claim)
    size = claim["spec"]["resources"]["requests"]["storage"] if claim is not None else None
    return None if size is None or canonical(size) == canonical(live.target.volume_size) else Storage(pvc_size=size)


# ---------------------------------------------------------------- the workload


def _workload(groups: list[LiveGroup], name: str) -> dict[str, Any]:
    first = groups[0]
    owner = first.owner or first.name
    minutes = (0 if first.by_operator else first.spec.get("minReadySeconds", 0)) // 60
    stopped = all(group.is_stopped for group in groups)
    return _given(
        {
            "platform_name": None if first.is_called(name) else owner,
            **(_short(first) if len(groups) == 1 else {"runtime": _long(groups)}),
            "description": first.annotations.get("wlinfra.dev/description"),
            "importance": _importance(first),
            "power": "stopped" if stopped else None,
            "replacement": ReplacementPolicy(warmup_minutes=minutes) if minutes else None,
            "tags": _tags(first),
        }
    )


def _runtime(live: LiveGroup) -> dict[str, Any]:
    policies = policies_of(live)
    scaled = bool(policies) or live.is_stopped or live.shown.scaler(live.name) is not None
    return {
        "replicas": None if scaled else live.spec.get("replicas"),
        "autoscaling": _autoscaling(policies),
        "bundles": (live.bundle_id,) if live.bundle_id else None,
    }


def _autoscaling(policies: list[ScalingPolicy]) -> Autoscaling | None:
    return Autoscaling(policies=tuple(policies)) if policies else None


def _short(live: LiveGroup) -> dict[str, Any]:
    allocations = allocations_of(live)
    if len(containers_of(live)) == 1:
        return {**_runtime(live), **next(iter(allocations.values()), {})}
    return {**_runtime(live), "allocations": {name: Allocation(**one) for name, one in allocations.items()}}


def _long(groups: list[LiveGroup]) -> Runtime:
    return Runtime(
        container_groups=tuple(
            GroupRuntime(
                **_given(
                    {
                        "name": group.group,
                        **_runtime(group),
                        "containers": tuple(
                            ContainerRuntime(name=name, allocation=Allocation(**one))
                            for name, one in allocations_of(group).items()
                        ),
                    }
                )
            )
            for group in groups
        )
    )


def _importance(live: LiveGroup) -> str | None:
    named = live.pod.get("priorityClassName") if not live.by_operator else live.spec.get("priorityClassName")
    known = next((word for word, name in live.target.priority_classes.items() if name == named), None)
    return known or live.labels.get("wlinfra.dev/importance")


def _tags(live: LiveGroup) -> dict[str, str]:
    """Return the labels that are people's own, and annotations whose values no label takes."""
    own = {key: text for key, text in live.labels.items() if key not in live.target.labels and is_free(key)}
    return own | {key: text for key, text in live.annotations.items() if is_free(key) and not is_label_value(text)}


def _given(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that say something."""
    return {name: value for name, value in attributes.items() if value not in (None, (), {}, "")}
