"""The objects a resource stands for on a cluster: rendered workloads, manifests, and artifacts that live in the state alone.

`provider` calls `expand`; pure. A workload is rendered once for each bundle it may take, so that the plan, which may
ask the cluster, only has to choose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from wlinfra.provider import PlatformObject, RenderedObject, merge_shared
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.lookup import Lookup
from wlinfra.resources.workload import Workload
from wlinfra.values import Address, Json, Ref, Secret, Template, find_refs, map_leaves
from wlinfra_manifests.artifact import virtual_artifact
from wlinfra_manifests.declared import declared_paths, of_artifact
from wlinfra_manifests.document import Key, canonical, encoded, key_of, plain_text, schema_of
from wlinfra_manifests.group import group_of
from wlinfra_manifests.model import Rendered
from wlinfra_manifests.quantities import with_canonical_quantities

from .bundles.offers import common_notes, needs_of, offer_of, rendered_by_bundle, spare_objects
from .declared.lookups import workload_lookup
from .declared.readers import READ_KINDS, contents_of
from .declared.resources import Manifest
from .expand_context import CLUSTER_SCOPED, ExpandContext, in_namespace, makers_of
from .ownership.evident import evident_in
from .ownership.inventory import address_of
from .ownership.succession import AUTOSCALERS, coming_after
from .private import Private, Read, private_of
from .volumes import mounted

__all__ = ["expand"]

_RUNNERS: Final = frozenset({"Deployment", "NIMService"})


def expand(
    context: ExpandContext, resource: Resource, declared: Mapping[Address, Resource]
) -> Sequence[PlatformObject]:
    """Return the objects; of a resource that `check` refused, nothing."""
    match resource:
        case Artifact():
            return (virtual_artifact(resource),)
        case Workload() if isinstance(resource.artifact, Artifact):
            return tuple(_workload(context, resource, resource.artifact, declared))
        case Manifest():
            return (_manifest(context, resource, declared),)
        case Lookup():
            return (_lookup(context, resource),)
        case _:
            return ()


# ---------------------------------------------------------------- workloads


def _workload(
    context: ExpandContext, workload: Workload, artifact: Artifact, declared: Mapping[Address, Resource]
) -> Iterator[PlatformObject]:
    renderings = rendered_by_bundle(context.target, workload, artifact)
    first = renderings["", ""]
    objects = [*spare_objects(renderings), *first.objects]
    runner = next((item for item in objects if item.kind in _RUNNERS), None)
    scaled = {item.kind for item in objects}.intersection(AUTOSCALERS)
    places = {item.part: _place(workload, item) for item in objects}
    for item in objects:
        whole = _with_all_sharers(context, item, declared) if item.shared else item
        made = _rendered(context, places, replace(whole, depends_on=needs_of(item, renderings)), declared)
        private = replace(private_of(made), autoscaled=item.kind == "Deployment" and bool(scaled))
        if item.kind in _RUNNERS:
            private = replace(
                private,
                replicas=_bounds(workload, item),
                replicas_left_out=_leaves_replicas_out(workload, item),
                offer=offer_of(workload, item, renderings, partial(_values_of, context, made.address)),
                reads=tuple(_read(places[one.part], one.manifest) for one in objects if _is_read(one, item)),
            )
        if item.formerly:
            former = replace(Key.parse(made.kind, made.name), name=item.formerly).full_name
            private = replace(private, former_name=former)
        made = _noted(made, private)
        made = replace(made, notes=tuple(common_notes(renderings.values())) if item is runner else ())
        if not item.shared:
            paths = declared_paths(item, workload, artifact, context.target)
            made = replace(made, declared=paths, lifecycle=of_artifact(artifact))
        yield _with_outputs(coming_after(made, item, workload, places), item, runner, first)


def _is_read(one: RenderedObject, runner: RenderedObject) -> bool:
    return one.kind in READ_KINDS and one.part in runner.depends_on


def _read(address: Address, manifest: Mapping[str, Any]) -> Read:
    return Read(address, contents_of(manifest))


def _noted(made: PlatformObject, private: Private) -> PlatformObject:
    """Return the object with these notes, and the references in them."""
    options = private.offer.options.values() if private.offer is not None else ()
    trees = [*map(dict, options), *(dict(one.contents) for one in private.reads)]
    return replace(made, private=private, refers=tuple(ref for tree in trees for ref in find_refs(tree)))


def _bounds(workload: Workload, item: RenderedObject) -> tuple[int, int]:
    """Return the fewest and the most replicas of the group a Deployment or NIMService stands for."""
    if workload.power == "stopped":
        return 0, 0
    group = group_of(workload, item)
    return group.bounds if group is not None else (1, 1)


def _leaves_replicas_out(workload: Workload, item: RenderedObject) -> bool:
    """Return whether the program says nothing of a number, so that the one that is rendered is a default."""
    group = group_of(workload, item)
    return workload.power != "stopped" and group is not None and group.replicas is None and not group.policies


def _place(workload: Workload, item: RenderedObject) -> Address:
    """Return the object's address: one for all workloads where they share it."""
    return (
        Address.of("shared", item.name, part=item.kind) if item.shared else Address(f"{workload.address}/{item.part}")
    )


def _with_all_sharers(
    context: ExpandContext, item: RenderedObject, declared: Mapping[Address, Resource]
) -> RenderedObject:
    """Return a shared object with the labels of all declared workloads that render it."""
    common = context.shared(declared).get((item.kind, item.name), item)
    return merge_shared([item, common])[0]


def _rendered(
    context: ExpandContext, places: Mapping[str, Address], item: RenderedObject, declared: Mapping[Address, Resource]
) -> PlatformObject:
    address = places[item.part]
    needed = tuple(places[part] for part in item.depends_on if part in places)
    made = _object(context, address, item.manifest, declared)
    made = replace(made, evident=evident_in(made.values, rendered=True))
    return replace(made, depends_on=(*made.depends_on, *needed))


def _values_of(context: ExpandContext, address: Address, item: RenderedObject) -> dict[str, Json]:
    return _values(context, address, item.manifest)


def _with_outputs(
    made: PlatformObject, item: RenderedObject, runner: RenderedObject | None, rendered: Rendered
) -> PlatformObject:
    if item is runner:
        return replace(made, outputs=("id", "endpoint"), known_outputs={"endpoint": rendered.endpoint})
    return replace(made, outputs=())


# ---------------------------------------------------------------- manifests


def _manifest(context: ExpandContext, resource: Manifest, declared: Mapping[Address, Resource]) -> PlatformObject:
    manifest = dict(resource.manifest)
    made = _object(context, resource.address, manifest, declared, cluster_scoped=resource.cluster_scoped)
    key = Key.parse(made.kind, made.name)
    private = replace(
        private_of(made),
        outputs=dict(resource.outputs),
        autoscaled=_is_scaled(context, made, declared),
        reads=tuple(_read(one.address, one.manifest) for one in resource.roll_on),
        readers=() if resource.roll_on else tuple(_readers(context, resource, made, declared)),
    )
    made = _noted(made, private)
    return replace(
        made,
        depends_on=(*made.depends_on, *(one.address for one in resource.roll_on)),
        outputs=("id", "name", "namespace", *resource.outputs),
        known_outputs={"name": key.name, "namespace": key.namespace},
    )


def _readers(
    context: ExpandContext, resource: Manifest, made: PlatformObject, declared: Mapping[Address, Resource]
) -> Iterator[Address]:
    """Yield who reads a Secret or ConfigMap and does not roll with it."""
    if made.values["kind"] in READ_KINDS:
        key = key_of(made.values)
        readers = context.readers(declared).get((key.kind, key.namespace, key.name), ())
        yield from (one.address for one in readers if resource not in one.roll_on)


def _is_scaled(context: ExpandContext, made: PlatformObject, declared: Mapping[Address, Resource]) -> bool:
    """Return whether the object declares no replicas and has an autoscaler among the declared manifests."""
    spec: Any = made.values.get("spec")
    if not isinstance(spec, Mapping) or "replicas" in spec:
        return False
    key = Key.parse(made.kind, made.name)
    for item in context.needed(declared).values():
        if item.manifest["kind"] in AUTOSCALERS:
            target = (item.manifest.get("spec") or {}).get("scaleTargetRef") or {}
            place = item.manifest["metadata"].get("namespace") or context.target.namespace
            if (target.get("kind", "Deployment"), target.get("name"), place) == (key.kind, key.name, key.namespace):
                return True
    return False


def _lookup(context: ExpandContext, resource: Lookup) -> PlatformObject:
    if resource.lookup_type == "workload":
        return workload_lookup(resource, context.target.namespace)
    api = str(resource.filters.get("api_version") or "v1")
    kind = str(resource.filters.get("kind") or "ConfigMap")
    namespace = "" if kind in CLUSTER_SCOPED else str(resource.filters.get("namespace") or context.target.namespace)
    key = Key(api, kind, namespace, resource.name_on_platform)
    return PlatformObject(
        address=resource.address,
        kind=key.full_kind,
        name=key.full_name,
        stable="",
        values={},
        schema=schema_of(key.full_kind),
        outputs=("id", "name", "namespace", *(resource.filters.get("outputs") or {})),
        private=Private(outputs=dict(resource.filters.get("outputs") or {})),
        lookup=True,
    )


# ---------------------------------------------------------------- any object


def _object(
    context: ExpandContext,
    address: Address,
    manifest: Mapping[str, Any],
    declared: Mapping[Address, Resource],
    *,
    cluster_scoped: bool | None = None,
) -> PlatformObject:
    values = _values(context, address, manifest, cluster_scoped=cluster_scoped)
    key = key_of(values)
    return PlatformObject(
        address=address,
        kind=key.full_kind,
        name=key.full_name,
        stable="",
        values=values,
        schema=schema_of(key.full_kind),
        depends_on=(
            *(() if address in context.first(declared) else (address_of(context.provider),)),
            *makers_of(context, key, declared),
            *_mounts(context, values, declared),
        ),
        name_is_unique=True,
        private=Private(template=_fingerprint(values)),
        evident=evident_in(values, rendered=False),
    )


def _values(
    context: ExpandContext, address: Address, manifest: Mapping[str, Any], *, cluster_scoped: bool | None = None
) -> dict[str, Json]:
    placed = with_canonical_quantities(in_namespace(context, manifest, cluster_scoped=cluster_scoped))
    return context.identity.marked(_plain_secret(placed), str(address))


def _plain_secret(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a Secret with all of its data as hidden text; ``stringData`` would leave removed keys behind."""
    if (manifest.get("apiVersion"), manifest.get("kind")) != ("v1", "Secret"):
        return manifest
    data: dict[str, Json] = {}
    for name, value in (manifest.get("data") or {}).items():
        data[name] = _hidden(plain_text(value)) if isinstance(value, str) else value
    for name, value in (manifest.get("stringData") or {}).items():
        data[name] = _hidden(plain_text(encoded(value))) if isinstance(value, str) else value
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    return {**rest, "data": data}


def _hidden(text: str) -> Secret:
    return Secret(lambda: text, describe="the data of a Secret")


def _fingerprint(values: Mapping[str, Json]) -> str:
    """Return a digest of what is declared, references as they are written and secrets left out."""

    def spelled(leaf: Any) -> Any:
        return str(leaf) if isinstance(leaf, Ref) else repr(leaf) if isinstance(leaf, Template | Secret) else leaf

    return hashlib.sha256(canonical(map_leaves(dict(values), spelled))).hexdigest()


def _mounts(
    context: ExpandContext, values: Mapping[str, Json], declared: Mapping[Address, Resource]
) -> Iterator[Address]:
    """Yield the declared manifests of the claims and caches that the object's pods mount."""
    needed = {(key.full_kind, key.full_name) for key in mounted(values)}
    if not needed:
        return
    for address, resource in context.needed(declared).items():
        if resource.manifest["kind"] in ("PersistentVolumeClaim", "NIMCache"):
            key = key_of(in_namespace(context, resource.manifest))
            if (key.full_kind, key.full_name) in needed:
                yield address
