"""What containers get and where their pods may run: allocations, bundles, GPUs, dynamic resource allocation."""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.resources.container import Container
from wlinfra.resources.declaring import Problem
from wlinfra.values import Json

from .group import Group
from .model import Gpu
from .names import short_hash
from .quantities import format_amount

__all__ = [
    "CLAIM",
    "claims_devices",
    "gpu_count",
    "has_cpu",
    "render_claim_template",
    "render_placement",
    "render_resources",
    "uses_gpu",
]

CLAIM = "gpu"
"""The name of the claim in pods."""


def has_cpu(group: Group, container: Container) -> bool:
    """True when the container's share of CPU is known, so that its use in percent can be."""
    return _wanted(group, container, "cpu") is not None


def uses_gpu(group: Group) -> bool:
    """True when a pod of the group holds a GPU."""
    return any(gpu_count(group, container) for container in group.containers.containers)


def gpu_count(group: Group, container: Container) -> int:
    """Return how many GPUs the container gets; a fraction counts up."""
    return -int(-float(_wanted(group, container, "gpu") or 0) // 1)


def claims_devices(group: Group) -> bool:
    """True when GPUs are asked for by dynamic resource allocation."""
    return (
        group.bundle is not None
        and group.bundle.gpu is not None
        and group.bundle.gpu.dra is not None
        and uses_gpu(group)
    )


def render_resources(group: Group, container: Container) -> Manifest:
    """Return requests and limits: CPU is a request, memory both, GPUs a limit, which is its own request."""
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    cpu, memory = _wanted(group, container, "cpu"), _wanted(group, container, "memory")
    if cpu is not None:
        requests["cpu"] = format_amount(cpu)
    if memory is not None:
        requests["memory"] = limits["memory"] = format_amount(int(memory))
    _check_whole(group, container)
    count = gpu_count(group, container)
    rendered: Manifest = {}
    if count and claims_devices(group):
        rendered["claims"] = [{"name": CLAIM}]
    elif count:
        limits[_gpu(group).resource] = format_amount(count)
    if limits:
        rendered["limits"] = limits
    if requests:
        rendered["requests"] = requests
    return rendered


def _wanted(group: Group, container: Container, attribute: str) -> float | None:
    """Return an amount: what the container's own allocation says, else for the primary one what the bundle says."""
    allocation = group.runtime.allocation(container.name or "main")
    own: float | None = getattr(allocation, attribute) if allocation is not None else None
    if own is not None or group.bundle is None or not container.primary:
        return own
    match attribute:
        case "cpu":
            return group.bundle.cpu
        case "memory":
            return group.bundle.memory
        case _:
            return group.bundle.gpu.count if group.bundle.gpu is not None else None


def _gpu(group: Group) -> Gpu:
    return group.bundle.gpu if group.bundle is not None and group.bundle.gpu is not None else Gpu()


def _check_whole(group: Group, container: Container) -> None:
    wanted = _wanted(group, container, "gpu")
    if wanted is not None and wanted != int(wanted):
        group.refuse_workload(
            group.in_allocation(container, "gpu"),
            Problem(
                summary="Fraction of a GPU",
                detail="Kubernetes gives out whole GPUs only.",
                fix="Give a whole number, or a bundle whose resource is a slice, such as nvidia.com/mig-3g.40gb.",
            ),
        )


def render_placement(group: Group) -> Manifest:
    """Return where pods may run, in the words that pods and NIMServices share."""
    bundle = group.bundle
    if bundle is None:
        return {}
    rendered: Manifest = {}
    terms = list(_node_terms(bundle.gpu)) if bundle.gpu is not None and uses_gpu(group) else []
    if terms:
        required = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
        rendered["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    if bundle.node_selector:
        rendered["nodeSelector"] = dict(bundle.node_selector)
    if bundle.runtime_class:
        rendered["runtimeClassName"] = bundle.runtime_class
    if bundle.tolerations:
        rendered["tolerations"] = [dict(toleration) for toleration in bundle.tolerations]
    if (
        bundle.gpu is not None
        and bundle.gpu.product_regex
        and not (bundle.gpu.products or bundle.node_selector or bundle.gpu.dra)
    ):
        _warn_unpinned(group)
    return rendered


def _node_terms(gpu: Gpu) -> Iterator[dict[str, Json]]:
    """Yield what a node's labels must say; labels speak of MiB, and only `more than` can be asked."""
    if gpu.products:
        yield {"key": "nvidia.com/gpu.product", "operator": "In", "values": list(gpu.products)}
    if gpu.min_memory_mib is not None:
        yield {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": [str(gpu.min_memory_mib - 1)]}


def _warn_unpinned(group: Group) -> None:
    group.warn_workload(
        group.in_runtime("bundles"),
        Problem(
            summary="GPU product not pinned",
            detail=f"The bundle {group.bundle_id} describes its GPU by a pattern, which a scheduler cannot follow: a pod may land on another GPU.",
            fix="Give the bundle the exact products or a node_selector.",
        ),
    )


def render_claim_template(group: Group) -> Iterator[RenderedObject]:
    """Yield the template of the claims of pods; it cannot be changed, so its name shows what it asks for."""
    if not claims_devices(group):
        return
    users = [container for container in group.containers.containers if gpu_count(group, container)]
    for container in users[1:]:
        group.refuse_workload(
            group.in_allocation(container, "gpu"),
            Problem(
                summary="Claim of several containers",
                detail="Containers that name one claim share its devices, so that none would get those it asks for.",
                fix="Give GPUs to one container, or use a bundle whose GPUs are counted.",
            ),
        )
    spec = {"spec": {"devices": {"requests": [_device_request(group)]}}}
    yield RenderedObject(
        part=group.part(f"ResourceClaimTemplate-{short_hash(spec)}"),
        manifest={
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaimTemplate",
            "metadata": group.metadata(f"{group.name}-{short_hash(spec)}"),
            "spec": spec,
        },
    )


def _device_request(group: Group) -> dict[str, Json]:
    gpu = _gpu(group)
    request = gpu.dra
    exactly: dict[str, Json] = {
        "deviceClassName": request.device_class if request is not None else "gpu.nvidia.com",
        "allocationMode": "ExactCount",
        "count": max(gpu_count(group, container) for container in group.containers.containers),
    }
    if request is not None and request.cel:
        exactly["selectors"] = [{"cel": {"expression": request.cel}}]
    return {"name": CLAIM, "exactly": exactly}
