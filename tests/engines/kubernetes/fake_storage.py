"""A fake volume provisioner behind two storage classes; a thread of the fakes' process drives it.

Class `standard` (the default) waits for a first consumer, `shared` provisions at once; both can grow.
"""

from __future__ import annotations

import threading

from engines.kubernetes.client import ApiClient, ApiError, Json, follow

__all__ = ["FakeStorage"]

PROVISIONER = "disk.fake"
VOLUMES = "/api/v1/persistentvolumes"
MODES = {"standard": "WaitForFirstConsumer", "shared": "Immediate"}


class FakeStorage:
    """Makes a volume for each claim of its classes, lets it grow, and removes it after its claim."""

    def __init__(self, client: ApiClient, stop: threading.Event) -> None:
        self._client = client
        self._stop = stop

    def threads(self) -> list[threading.Thread]:
        """Return what has to run, not yet started."""
        claims = (self._client, "/api/v1/persistentvolumeclaims", self._on_claim, self._stop)
        volumes = (self._client, VOLUMES, self._on_volume, self._stop)
        return [
            threading.Thread(target=follow, args=claims, name="storage claims", daemon=True),
            threading.Thread(target=follow, args=volumes, name="storage volumes", daemon=True),
        ]

    def make_classes(self) -> None:
        """Create the storage classes."""
        for name, mode in MODES.items():
            default = {"storageclass.kubernetes.io/is-default-class": str(name == "standard").lower()}
            storage_class = {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name, "annotations": default},
                "provisioner": PROVISIONER,
                "volumeBindingMode": mode,
                "allowVolumeExpansion": True,
            }
            self._client.create("/apis/storage.k8s.io/v1/storageclasses", storage_class)

    def _on_claim(self, event: str, claim: Json) -> None:
        spec, status = claim["spec"], claim.get("status", {})
        name = spec.get("storageClassName")
        if event == "DELETED" or name not in MODES:
            return
        if status.get("phase") == "Pending" and self._wanted(claim, MODES[name]):
            self._provision(claim)
        elif (
            status.get("phase") == "Bound" and status["capacity"]["storage"] != spec["resources"]["requests"]["storage"]
        ):
            self._grow(claim)

    def _wanted(self, claim: Json, mode: str) -> bool:
        """Say whether the volume is due: a lazy class waits until the scheduler has chosen a node."""
        chosen = "volume.kubernetes.io/selected-node" in claim["metadata"].get("annotations", {})
        return "deletionTimestamp" not in claim["metadata"] and (chosen or mode == "Immediate")

    def _provision(self, claim: Json) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": metadata["name"]}
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": f"pvc-{metadata['uid']}",
                "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
            },
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"],
                "storageClassName": spec["storageClassName"],
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {**reference, "namespace": metadata["namespace"], "uid": metadata["uid"]},
                "csi": {"driver": PROVISIONER, "volumeHandle": metadata["uid"]},
            },
        }
        try:
            self._client.create(VOLUMES, volume)
        except ApiError as error:
            if error.status != 409:
                raise

    def _grow(self, claim: Json) -> None:
        metadata = claim["metadata"]
        size = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
        path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}"
        try:
            self._client.merge(f"{VOLUMES}/{claim['spec']['volumeName']}", {"spec": {"capacity": size}})
            self._client.merge(f"{path}/status", {"status": {"capacity": size}})
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    def _on_volume(self, event: str, volume: Json) -> None:
        released = volume.get("status", {}).get("phase") == "Released"
        if event == "DELETED" or not released or volume["spec"].get("storageClassName") not in MODES:
            return
        try:
            self._client.delete(f"{VOLUMES}/{volume['metadata']['name']}")
        except ApiError as error:
            if error.status != 404:
                raise
