"""Volumes for model files: a claim of the workload's own, or a cache that all with the same model share.

Volumes are objects of ours, never of a NIMService, which would take its volume along when it goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from wlinfra.provider import Manifest, RenderedObject
from wlinfra.resources.artifact import Storage
from wlinfra.resources.declaring import Problem
from wlinfra.values import Json

from .group import Group
from .names import short_hash
from .quantities import canonical

__all__ = ["USER", "access_mode", "cache_name", "is_cached", "model_profile", "render_storage", "volume_name"]

USER = "user.wlinfra.dev/"
"""A label of this prefix names a workload that uses a shared object."""

_PROFILE = "NIM_MODEL_PROFILE"


def is_cached(group: Group) -> bool:
    """True when the model files are shared by all that run the same model."""
    return (group.artifact.storage or Storage()).mode == "nim_cache"


def cache_name(group: Group) -> str:
    """Return the name of the shared cache: the same for the same image and model."""
    return f"nimcache-{short_hash({'image': str(group.primary.image), 'profile': model_profile(group)})}"


def volume_name(group: Group) -> str:
    """Return the name of the claim that pods without the NIM Operator mount."""
    return cache_name(group) if is_cached(group) else f"{group.name}-models"


def model_profile(group: Group) -> str:
    """Return the profile of the model, when the container names one; empty when the server chooses."""
    variable = group.primary.variables.get(_PROFILE)
    return variable.value if variable is not None and isinstance(variable.value, str) else ""


def render_storage(group: Group) -> Iterator[RenderedObject]:
    """Yield the claim or the cache of a model server."""
    if not group.is_nim:
        return
    if group.artifact.storage is None:
        group.problems.note(f"{group.name} declares no storage, so its model files get a volume of their own.")
    if is_cached(group) and group.by_operator:
        yield _cache(group)
    else:
        yield _claim(group)


def _claim(group: Group) -> RenderedObject:
    storage = group.artifact.storage or Storage()
    shared = is_cached(group)
    spec: dict[str, Json] = {
        "accessModes": [access_mode(group)],
        "resources": {"requests": {"storage": canonical(storage.pvc_size or group.target.volume_size)}},
    }
    if group.target.storage_class:
        spec["storageClassName"] = group.target.storage_class
    metadata = _shared_metadata(group, volume_name(group)) if shared else group.metadata(volume_name(group))
    manifest: Manifest = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
    return RenderedObject(part=group.part("PersistentVolumeClaim"), manifest=manifest, keeps_data=True, shared=shared)


def access_mode(group: Group) -> str:
    """Return how the volume is mounted: as the target says, else by one node where one replica is the most."""
    if group.target.volume_access and not is_cached(group):
        return group.target.volume_access
    return "ReadWriteMany" if is_cached(group) or group.runtime.bounds[1] > 1 else "ReadWriteOnce"


def _cache(group: Group) -> RenderedObject:
    if not group.target.ngc_secret:
        group.problems.refuse(
            group.artifact,
            Problem(
                summary="No Secret for NGC",
                detail="A NIMCache fetches the model with a key from NGC, and no Secret is named for it.",
                fix='Name the Secret that holds NGC_API_KEY in the target options of the environment: ngc_secret="...".',
                path=("storage", "mode"),
            ),
        )
    source: dict[str, Json] = {"authSecret": group.target.ngc_secret, "modelPuller": group.primary.image}
    if group.target.image_pull_secrets:
        source["pullSecret"] = group.target.image_pull_secrets[0]
    if model_profile(group):
        source["model"] = {"profiles": [model_profile(group)]}
    volume: dict[str, Json] = {
        "create": True,
        "size": canonical(group.target.volume_size),
        "volumeAccessMode": "ReadWriteMany",
    }
    if group.target.storage_class:
        volume["storageClass"] = group.target.storage_class
    return RenderedObject(
        part=group.part("NIMCache"),
        manifest={
            "apiVersion": "apps.nvidia.com/v1alpha1",
            "kind": "NIMCache",
            "metadata": _shared_metadata(group, cache_name(group)),
            "spec": {"source": {"ngc": source}, "storage": {"pvc": volume}},
        },
        keeps_data=True,
        shared=True,
    )


def _shared_metadata(group: Group, name: str) -> Manifest:
    """Return metadata that is the same for every user of the object, but for the label that names this one."""
    return {
        "name": name,
        "namespace": group.target.namespace,
        "labels": {**group.target.labels, f"{USER}{group.name}": "true"},
    }
