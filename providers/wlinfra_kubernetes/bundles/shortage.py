"""Why no node could ever hold a pod of a bundle: what it asks for, and the most that any node has of it.

`bundles` asks it for the refusal of a plan; pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from wlinfra_manifests.model import Bundle
from wlinfra_manifests.quantities import shown

from .devices import API
from .room import ClusterNode, Need, Room

__all__ = ["shortage"]

_PRODUCT: Final = "nvidia.com/gpu.product"


def shortage(room: Room, name: str, need: Need) -> str:
    """Return the reason on one line, without an end: the bundle, what it wants, and what there is."""
    if need.devices is not None and room.devices is not None and not room.devices.served:
        return f"bundle {name} claims devices, and the cluster does not serve {API}, which Kubernetes has from 1.34 on"
    labelled = [node for node in room.nodes if node.has_labels(need)]
    suiting = [node for node in labelled if node.suits(need, ever=True)]
    wish = ", ".join(_wishes(need.bundle))
    if not labelled:
        return f"bundle {name} wants a node with {wish}, and there {_there_is(room.nodes)}"
    among = f"the nodes with {wish}" if wish else "all nodes"
    if not suiting:
        return f"bundle {name} tolerates no taint of {among} ({', '.join(node.name for node in labelled)})"
    short = list(_too_much(suiting, need))
    if short:
        return f"bundle {name} asks for {', '.join(short)}, the most of {among}"
    if need.devices is not None:
        return f"bundle {name} asks for {need.devices.count} devices of {need.devices.device_class}, more than any of {among} has"
    return f"bundle {name} asks for more at once than any of {among} has"


def _wishes(bundle: Bundle) -> Iterator[str]:
    gpu = bundle.gpu
    if gpu is not None and gpu.products:
        yield f"the GPU {' or '.join(gpu.products)}"
    if gpu is not None and gpu.product_regex:
        yield f"a GPU like {gpu.product_regex}"
    if gpu is not None and gpu.min_memory_mib is not None:
        yield f"{gpu.min_memory_mib} MiB of GPU memory"
    for label, value in sorted(bundle.node_selector.items()):
        yield f"{label}={value}"


def _there_is(nodes: Sequence[ClusterNode]) -> str:
    products = sorted({product for node in nodes if (product := node.labels.get(_PRODUCT))})
    return f"are {', '.join(products)}" if products else "is no node with a named GPU"


def _too_much(nodes: Sequence[ClusterNode], need: Need) -> Iterator[str]:
    """Yield each amount that is more than any of the nodes has."""
    for resource, wanted in need.amounts.items():
        largest = max(nodes, key=lambda node: node.whole.get(resource, Decimal(0)))
        most = largest.whole.get(resource, Decimal(0))
        if wanted > most:
            yield f"{shown(wanted)} {resource}, where {largest.name} has {shown(most)}"
