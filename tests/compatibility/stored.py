"""Objects of a cluster as etcd has them, with their uids and field managers, in files that a repository can hold.

A file has the objects of one kind: a key of etcd and, compressed and in base64, its value on each line.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engines.keda.operator import keda_definitions
from engines.kubernetes.cluster import Cluster, ClusterOptions
from engines.kubernetes.handle import ClusterHandle

from compatibility.projects import WRITTEN

__all__ = ["allow", "load", "on_a_cluster", "save"]

LEFT_OUT = ("events", "leases", "endpointslices", "endpoints", "services/endpoints", "serviceips", "ipaddresses")
"""What controllers make again by themselves, and what nobody needs."""


def save(stored: Mapping[str, bytes], folder: Path, namespaces: tuple[str, ...]) -> None:
    """Write what lies in the namespaces, and what belongs to the stacks beside them, a file for each kind."""
    kinds: dict[str, list[str]] = {}
    for key, value in sorted(stored.items()):
        kind = _kind(key)
        if kind and _is_wanted(key, value, namespaces):
            kinds.setdefault(kind, []).append(json.dumps([key, base64.b64encode(zlib.compress(value, 9)).decode()]))
    folder.mkdir(parents=True)
    for kind, lines in kinds.items():
        (folder / f"{kind}.jsonl").write_text("\n".join(lines) + "\n")


def load(folder: Path) -> dict[str, bytes]:
    """Return what was written."""
    found: dict[str, bytes] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            key, value = json.loads(line)
            found[key] = zlib.decompress(base64.b64decode(value))
    return found


@contextmanager
def on_a_cluster(folder: Path | None = None) -> Iterator[Cluster]:
    """Give a cluster that has what was written from its beginning; ``folder`` keeps its logs."""
    stored = load(WRITTEN / "kubernetes" / "objects")
    # Entries of NIM workloads bore the name of the NIMService then; the operator of these tests let them live.
    options = ClusterOptions(
        folder=folder, definitions=tuple(keda_definitions()), stored=stored, cleans_up_entries=False
    )
    with Cluster(options) as cluster:
        allow(cluster.handle)
        yield cluster


def allow(cluster: ClusterHandle) -> None:
    """Let the user of the stacks do anything; what it asks stands in the audit log."""
    cluster.kubectl("create", "clusterrolebinding", "stack-user", "--clusterrole=cluster-admin", "--user=stack-user")


def _kind(key: str) -> str:
    """Return the kind that a key is filed under, empty for what is left out."""
    parts = key.removeprefix("/registry/").split("/")
    kind = "-".join(part for part in parts[:2] if part in ("services", "specs") or "." in part) or parts[0]
    return "" if any(part in LEFT_OUT for part in parts[:2]) else kind


def _is_wanted(key: str, value: bytes, namespaces: tuple[str, ...]) -> bool:
    parts = key.split("/")
    if any(name in parts for name in (*namespaces, "kube-system") if parts[2] == "namespaces"):
        return True
    inside = any(name in parts[3:] for name in namespaces)
    return inside or b"wlinfra.dev/stack" in value or (parts[2] == "persistentvolumes" and _claimed(value, namespaces))


def _claimed(value: bytes, namespaces: tuple[str, ...]) -> bool:
    return any(name.encode() in value for name in namespaces)
