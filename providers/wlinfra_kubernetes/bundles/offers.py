"""What a workload becomes with each bundle that its groups may take, so that the plan only has to choose.

`expand` renders with it and `check` looks at the problems; `bundles` chooses from an `offer`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from wlinfra.provider import RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.runtime import GroupRuntime
from wlinfra.resources.workload import Workload
from wlinfra.values import Json
from wlinfra_kubernetes.private import Offer
from wlinfra_manifests.model import Rendered, Target
from wlinfra_manifests.render import render_workload

__all__ = ["Renderings", "common_notes", "needs_of", "offer_of", "rendered_by_bundle", "spare_objects"]

Renderings: TypeAlias = Mapping[tuple[str, str], Rendered]
"""By group and bundle; under two empty names the one in which every group takes its first bundle."""


def rendered_by_bundle(target: Target, workload: Workload, artifact: Artifact) -> Renderings:
    """Return the rendering for each bundle that each group may take, the other groups with their first."""
    found = {("", ""): render_workload(workload, artifact, target)}
    for group in workload.groups:
        for bundle in map(str, group.bundles[1:]):
            found[group.name, bundle] = render_workload(workload, artifact, target, chosen={group.name: bundle})
    return found


def spare_objects(renderings: Renderings) -> Iterator[RenderedObject]:
    """Yield what only some bundle needs and is made for all of them, for it costs nothing: the templates of claims."""
    seen = {item.part for item in renderings["", ""].objects}
    for rendered in renderings.values():
        for item in rendered.objects:
            if item.part not in seen:
                seen.add(item.part)
                yield item


def needs_of(item: RenderedObject, renderings: Renderings) -> tuple[str, ...]:
    """Return the parts that an object comes after, whichever bundles are taken."""
    same = (_part(rendered, item.part) for rendered in renderings.values())
    return tuple(dict.fromkeys(part for found in same if found is not None for part in found.depends_on))


def offer_of(
    workload: Workload,
    item: RenderedObject,
    renderings: Renderings,
    values: Callable[[RenderedObject], Mapping[str, Json]],
) -> Offer | None:
    """Return what the plan chooses from for a Deployment or NIMService; None when its group names no bundles."""
    group = _group_of(workload, item)
    if group is None or not group.bundles:
        return None
    order = list(dict.fromkeys(map(str, group.bundles)))
    first = renderings["", ""]
    by_bundle = {name: renderings.get((group.name, name), first) for name in order}
    common = common_notes(by_bundle.values())
    return Offer(
        order=order,
        options={name: values(_part(found, item.part) or item) for name, found in by_bundle.items()},
        devices={name: _claimed(found, item.part) for name, found in by_bundle.items()},
        notes={name: [note for note in found.notes if note not in common] for name, found in by_bundle.items()},
    )


def common_notes(rendered: Iterable[Rendered]) -> Sequence[str]:
    """Return the notes that hold whichever bundle is taken."""
    first, *others = rendered
    return [note for note in first.notes if all(note in other.notes for other in others)]


def _group_of(workload: Workload, item: RenderedObject) -> GroupRuntime | None:
    name = item.part.rpartition("/")[0]
    return next((group for group in workload.groups if not name or group.name == name), None)


def _part(rendered: Rendered, part: str) -> RenderedObject | None:
    return next((item for item in rendered.objects if item.part == part), None)


def _claimed(rendered: Rendered, runner: str) -> Sequence[Json]:
    """Return class, expression and count of the devices of a pod, as the template of its claim asks for them."""
    prefix = runner.rpartition("/")[0]
    for item in rendered.objects:
        if item.kind == "ResourceClaimTemplate" and item.part.rpartition("/")[0] == prefix:
            spec: Any = item.manifest["spec"]
            asked = spec["spec"]["devices"]["requests"][0]["exactly"]
            expression = next((one["cel"]["expression"] for one in asked.get("selectors") or ()), "")
            return [asked["deviceClassName"], expression, asked["count"]]
    return []
