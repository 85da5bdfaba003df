"""NIMServices: a group that the NIM Operator runs."""

from __future__ import annotations

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.resources.container import Container
from wlinfra.resources.declaring import Problem
from wlinfra.values import Json

from .environment import literal, render_environment
from .group import Group
from .hardware import (
    claims_devices,
    gpu_count,
    render_claim_template,
    render_placement,
    render_resources,
)
from .hpa import render_metrics
from .images import Image, split_image
from .probes import render_probe
from .scaling import Scaling
from .storage import cache_name, is_cached, model_profile, volume_name

__all__ = ["render_nim"]


def render_nim(group: Group, scaling: Scaling | None, needs: tuple[str, ...]) -> RenderedObject:
    """Return the NIMService; ``needs`` are the parts its pods cannot start without."""
    _check(group)
    return RenderedObject(
        part=group.part("NIMService"),
        manifest={
            "apiVersion": "apps.nvidia.com/v1alpha1",
            "kind": "NIMService",
            "metadata": group.main_metadata(),
            "spec": _spec(group, scaling),
        },
        depends_on=needs,
    )


def _spec(group: Group, scaling: Scaling | None) -> Manifest:
    spec: dict[str, Json] = {"image": _image(group, group.primary)}
    if group.target.ngc_secret:
        spec["authSecret"] = group.target.ngc_secret
    if group.primary.entrypoint:
        spec["command"] = [literal(part) for part in group.primary.entrypoint]
    environment = render_environment(group, group.primary)
    if environment:
        spec["env"] = environment
    spec["storage"] = _storage(group)
    spec["labels"] = group.selector
    spec["expose"] = {"service": {"type": "ClusterIP", "port": group.port}}
    spec |= _hardware(group)
    for name, probe in group.primary.probes():
        spec[f"{name}Probe"] = {"enabled": True, "probe": render_probe(probe, group.primary)}
    if group.description.priority_class:
        spec["priorityClassName"] = group.description.priority_class
    spec |= _replicas(group, scaling)
    sidecars = [_sidecar(group, other) for other in group.containers.containers if not other.primary]
    if sidecars:
        spec["sidecarContainers"] = sidecars
    return spec


def _replicas(group: Group, scaling: Scaling | None) -> dict[str, Json]:
    """Return the number, or the operator's own autoscaler, or neither where KEDA scales beside it."""
    if group.is_stopped:
        return {"replicas": 0}
    if not group.policies:
        return {"replicas": group.runtime.bounds[0]}
    if scaling is None or scaling.by == "keda":
        return {}
    metrics = render_metrics(scaling)
    return {
        "scale": {
            "enabled": True,
            "hpa": {"minReplicas": scaling.fewest, "maxReplicas": scaling.most, "metrics": metrics},
        }
    }


def _hardware(group: Group) -> dict[str, Json]:
    """Return resources and placement; a custom resource gets no defaults, so requests name GPUs too."""
    rendered = render_placement(group)
    resources = render_resources(group, group.primary)
    resources.pop("claims", None)
    if claims_devices(group):
        template = next(iter(render_claim_template(group)))
        rendered["draResources"] = [{"resourceClaimTemplateName": template.name}]
    elif gpu_count(group, group.primary):
        counted = {name: value for name, value in resources["limits"].items() if name != "memory"}
        resources["requests"] = {**resources.get("requests", {}), **counted}
    return {**rendered, **({"resources": resources} if resources else {})}


def _storage(group: Group) -> dict[str, Json]:
    if is_cached(group):
        profile = model_profile(group)
        return {"nimCache": {"name": cache_name(group), **({"profile": profile} if profile else {})}}
    return {"pvc": {"create": False, "name": volume_name(group)}}


def _image(group: Group, container: Container) -> Manifest:
    """Return repository and tag; the operator joins them with a colon, which a digest survives as well."""
    image = split_image(container.image) if isinstance(container.image, str) else Image("")
    if image.digest:
        named = {"repository": f"{image.repository}@sha256", "tag": image.digest}
    else:
        named = {"repository": image.repository, "tag": image.tag}
    if not image.repository or not (image.tag or image.digest):
        group.refuse_container(
            container,
            "image",
            Problem(
                summary="Image needs a tag",
                detail="A NIMService takes repository and tag apart, so both must be known when planning.",
                fix='Write the image out with a tag or a digest, or set nim="plain" in the target options of the environment.',
            ),
        )
    secrets = list(group.target.image_pull_secrets)
    return {**named, **({"pullSecrets": secrets} if secrets else {})}


def _sidecar(group: Group, container: Container) -> Manifest:
    rendered: dict[str, Json] = {"name": container.name, "image": _image(group, container)}
    if container.entrypoint:
        rendered["command"] = [literal(part) for part in container.entrypoint]
    environment = render_environment(group, container)
    if environment:
        rendered["env"] = environment
    return rendered


def _check(group: Group) -> None:
    """Report what a NIMService has no words for."""
    for container in group.containers.containers:
        if container.security is not None:
            _refuse(group, container, "security", "security context")
        if container.primary:
            continue
        for name, _ in container.probes():
            _refuse(group, container, name, "probe of a sidecar")
        if container.port is not None:
            _refuse(group, container, "port", "port of a sidecar")
        if group.runtime.allocation(container.name or "main") is not None:
            group.refuse_workload(group.in_allocation(container, "cpu"), _wordless("allocation of a sidecar"))
    if group.workload.replacement is not None and group.workload.replacement.warmup_minutes:
        group.warn_workload(
            ("replacement", "warmup_minutes"),
            Problem(
                summary="No warm-up here",
                detail="A NIMService has no words for a warm-up; requests come when the readiness probe passes.",
                fix='Leave warmup_minutes out, or set nim="plain" in the target options of the environment.',
            ),
        )


def _refuse(group: Group, container: Container, attribute: str, what: str) -> None:
    group.refuse_container(container, attribute, _wordless(what))


def _wordless(what: str) -> Problem:
    return Problem(
        summary="No word in a NIMService",
        detail=f"A NIMService cannot express a {what}.",
        fix='Leave it out, or set nim="plain" in the target options of the environment.',
    )
