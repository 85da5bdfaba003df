"""Objects that several workloads have in common: each renders the whole object, and all are one in the cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wlinfra.manifests.model import RenderedObject

__all__ = ["merge_shared"]


def merge_shared(objects: Iterable[RenderedObject]) -> tuple[RenderedObject, ...]:
    """Return the objects with shared ones of one kind and name joined into one that carries the labels of all.

    The order is that of the first of each; objects that are not shared come back as they are.
    """
    merged: list[RenderedObject] = []
    places: dict[tuple[str, str, str], int] = {}
    for item in objects:
        key = (item.kind, item.namespace, item.name)
        if item.shared and key in places:
            merged[places[key]] = _joined(merged[places[key]], item)
            continue
        if item.shared:
            places[key] = len(merged)
        merged.append(item)
    return tuple(merged)


def _joined(first: RenderedObject, second: RenderedObject) -> RenderedObject:
    labels = dict(sorted({**first.metadata["labels"], **second.metadata["labels"]}.items()))
    return replace(first, manifest={**first.manifest, "metadata": {**first.metadata, "labels": labels}})
