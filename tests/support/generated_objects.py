"""Kubernetes objects drawn at random, and the edits other people make to them between two applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from wlinfra_kubernetes import Manifest

__all__ = ["EDITS", "SPELLINGS", "Case", "generated_case"]

Body = dict[str, Any]

EDITS: Final = ("label", "annotate", "scale", "server-side", "client-side", "edit")
"""What other field managers do; a scale concerns only what has replicas."""
_SCALED: Final = ("Deployment", "StatefulSet")
SPELLINGS: Final = {
    "0.1": "100m",
    "0.25": "250m",
    "1000m": "1",
    "64000k": "64M",
    "131072Ki": "128Mi",
    **{f"{size * 1024}Mi": f"{size}Gi" for size in (1, 2, 3)},
}
"""Quantities as the server spells them.

Given the other spelling, it sees a conflict where somebody else owns the field with an equal quantity.
"""
_EQUAL_CPU: Final = ("100m", "0.1", "0.25", "250m", "1", "1000m")
_EQUAL_MEMORY: Final = ("64M", "64000k", "128Mi", "131072Ki")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One object: what was applied first, what somebody else says it is, and what is wanted now."""

    kind: str
    before: Body
    foreign: Body
    after: Body
    edits: tuple[str, ...]

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.before["metadata"]["name"])

    def manifest(self, body: Body) -> Manifest:
        """Return the body as a resource."""
        return Manifest(self.name, body)


def generated_case(random: Random, number: int) -> Case:
    """Return a case of the next kind in turn."""
    kind = list(_KINDS)[number % len(_KINDS)]
    name = f"{kind.lower()}-{number}"
    before, foreign, after = (_object(random, kind, name, turn) for turn in range(3))
    edits = [edit for edit in EDITS if random.random() < 0.2 and (edit != "scale" or kind in _SCALED)]
    wanted = before if random.random() < 0.45 else foreign if random.random() < 0.15 else after
    return Case(kind=kind, before=before, foreign=foreign, after=wanted, edits=tuple(edits))


def _object(random: Random, kind: str, name: str, turn: int) -> Body:
    api, make = _KINDS[kind]
    meta: Body = {"name": name}
    if random.random() < 0.5:
        meta["labels"] = {"team": random.choice(("red", "blue"))}
    if random.random() < 0.3:
        meta["annotations"] = {"note": random.choice(("one", "two"))}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **make(random, name, turn)}


def _config(random: Random, name: str, turn: int) -> Body:
    del name, turn
    return {"data": {key: random.choice(("1", "2")) for key in "abc" if random.random() < 0.7}}


def _container(random: Random) -> Body:
    container: Body = {"name": "main", "image": f"nginx:{random.randint(1, 2)}"}
    if random.random() < 0.6:
        requests = {"cpu": random.choice(_EQUAL_CPU), "memory": random.choice(_EQUAL_MEMORY)}
        container["resources"] = {"requests": requests}
    if env := [{"name": key, "value": random.choice("xy")} for key in "ABC" if random.random() < 0.5]:
        container["env"] = env
    return container


def _deployment(random: Random, name: str, turn: int) -> Body:
    del turn
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [_container(random)]}}
    spec: Body = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if random.random() < 0.5:
        spec["replicas"] = random.randint(0, 1)
    if random.random() < 0.4:
        spec["minReadySeconds"] = random.randint(0, 1)
    return {"spec": spec}


def _stateful_set(random: Random, name: str, turn: int) -> Body:
    return {"spec": {"serviceName": name, **_deployment(random, name, turn)["spec"]}}


def _job(random: Random, name: str, turn: int) -> Body:
    """Return a job; its pods never change in place, so nobody else changes them either."""
    del name
    image = f"nginx:{2 if turn == 2 else 1}"
    pods = {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}
    spec: Body = {"template": {"spec": pods}, "suspend": True}
    if random.random() < 0.6:
        spec["backoffLimit"] = random.randint(0, 1)
    if random.random() < 0.4:
        spec["activeDeadlineSeconds"] = random.choice((60, 90))
    return {"spec": spec}


def _secret(random: Random, name: str, turn: int) -> Body:
    del name, turn
    texts = {key: random.choice(("eA==", "eQ==")) for key in "abc" if random.random() < 0.7}
    return {"type": "Opaque", "data": texts}


def _service(random: Random, name: str, turn: int) -> Body:
    del turn
    ports = [{"name": f"p{port}", "port": port} for port in (80, 81, 82) if port == 80 or random.random() < 0.4]
    if random.random() < 0.4:
        ports[0]["targetPort"] = random.choice((80, 8080))
    spec: Body = {"selector": {"app": name}, "ports": ports}
    if random.random() < 0.4:
        spec["sessionAffinity"] = random.choice(("None", "ClientIP"))
    return {"spec": spec}


def _autoscaler(random: Random, name: str, turn: int) -> Body:
    del turn
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{name}-absent"}
    spec: Body = {"scaleTargetRef": target, "maxReplicas": random.randint(3, 4)}
    if random.random() < 0.6:
        spec["minReplicas"] = random.randint(1, 2)
    if random.random() < 0.6:
        goal = {"type": "Utilization", "averageUtilization": random.choice((50, 80))}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": goal}}]
    return {"spec": spec}


def _claim(random: Random, name: str, turn: int) -> Body:
    del name
    size = random.choice((f"{turn + 1}Gi", f"{(turn + 1) * 1024}Mi"))  # a volume only grows
    spec = {"storageClassName": "shared", "accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}}  # fmt: skip
    return {"spec": spec}


def _cron_job(random: Random, name: str, turn: int) -> Body:
    del name, turn
    pods = {"restartPolicy": "Never", "containers": [_container(random)]}
    spec: Body = {
        "schedule": random.choice(("0 3 1 1 *", "0 4 1 1 *")),
        "jobTemplate": {"spec": {"template": {"spec": pods}}},
    }
    if random.random() < 0.5:
        spec["suspend"] = random.random() < 0.5
    if random.random() < 0.3:
        spec["concurrencyPolicy"] = random.choice(("Allow", "Forbid"))
    return {"spec": spec}


_KINDS: Final[dict[str, tuple[str, Callable[[Random, str, int], Body]]]] = {
    "Deployment": ("apps/v1", _deployment),
    "Service": ("v1", _service),
    "ConfigMap": ("v1", _config),
    "HorizontalPodAutoscaler": ("autoscaling/v2", _autoscaler),
    "PersistentVolumeClaim": ("v1", _claim),
    "CronJob": ("batch/v1", _cron_job),
    "StatefulSet": ("apps/v1", _stateful_set),
    "Job": ("batch/v1", _job),
    "Secret": ("v1", _secret),
}
