"""The containers of a live group, and what each of them gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from wlinfra.resources.container import Container
from wlinfra.resources.variables import ApiKey, Credential, EnvValue, EnvVar
from wlinfra.values import Json

from ..labels import description_key
from ..model import Gpu, SecretKey
from ..nim_server import server_probes, server_variables
from ..probes import PROBE
from ..quantities import amount
from ..rows import declared
from ..secrets import secret_key, secrets_of
from ..security import SECURITY
from .live import RUNNERS, Document, LiveGroup

__all__ = ["allocations_of", "containers_of", "primary_image"]

_PROBES = ("startup", "readiness", "liveness")


def containers_of(live: LiveGroup) -> list[dict[str, Json]]:
    """Return the attributes of each container."""
    found = _containers(live)
    sole = len(found) == 1
    doubled = _doubled(live)
    return [_container(live, item, sole=sole, doubled=doubled) for item in found]


def primary_image(live: LiveGroup) -> str:
    """Return the image of the container that requests go to."""
    return next((str(item.get("image")) for item in _containers(live) if item["primary"]), "")


def _containers(live: LiveGroup) -> list[dict[str, Any]]:
    """Return the containers in the words of pods, the primary one marked."""
    if not live.by_operator:
        items = live.pod.get("containers") or []
        first = next((item for item in items if item.get("ports")), items[0] if items else None)
        return [{**item, "primary": item is first} for item in items]
    spec = live.spec
    port = ((spec.get("expose") or {}).get("service") or {}).get("port")
    own = {
        **{name: spec[name] for name in ("image", "command", "env", "resources") if name in spec},
        **{f"{name}Probe": (spec.get(f"{name}Probe") or {}).get("probe") for name in _PROBES},
        "name": "main",
        "ports": [{"containerPort": port}] if port else [],
        "primary": True,
    }
    others = [{**item, "primary": False} for item in spec.get("sidecarContainers") or ()]
    return [{**item, "image": _joined(item.get("image") or {})} for item in (own, *others)]


def _joined(image: Mapping[str, str]) -> str:
    return ":".join(part for part in (image.get("repository"), image.get("tag")) if part)


def _container(live: LiveGroup, item: Document, *, sole: bool, doubled: frozenset[str]) -> dict[str, Json]:
    name = str(item["name"])
    ports = item.get("ports") or []
    port = ports[0]["containerPort"] if ports and item["primary"] else None
    found: dict[str, Json] = {
        "name": None if sole and name == "main" else name,
        "image": item.get("image"),
        "primary": True if item["primary"] and not sole else None,
        "port": port,
        "entrypoint": [_unescaped(part) for part in item.get("command") or ()],
        "env": dict(_environment(live, item, port, doubled)),
        **{probe: _probe(live, item, probe, port) for probe in _PROBES},
        "security": declared(SECURITY, item.get("securityContext") or {}),
        "description": live.annotations.get(description_key(live.group, name)),
    }
    return {key: value for key, value in found.items() if value not in (None, [], {})}


def _unescaped(text: str) -> str:
    """Return a text as it was before `environment.literal`.

    >>> _unescaped("a$$(B)c"), _unescaped("costs $5")
    ('a$(B)c', 'costs $5')
    """
    return text.replace("$$", "$")


# ---------------------------------------------------------------- variables


def _environment(
    live: LiveGroup, item: Document, port: int | None, doubled: frozenset[str]
) -> Iterator[tuple[str, EnvValue]]:
    """Yield the variables that can be declared, without those that every model server gets."""
    given = live.is_nim and not live.by_operator and item["primary"]
    usual = server_variables(port or 8080, live.target) if given else []
    for variable in item.get("env") or ():
        name, source = str(variable["name"]), variable.get("valueFrom")
        if variable in usual:
            continue
        if source is None:
            yield name, _unescaped(variable.get("value") or "")
        elif set(source) == {"secretKeyRef"} and not source["secretKeyRef"].get("optional"):
            value = _referred(live, str(item["name"]), name, source["secretKeyRef"], doubled)
            if value is not None:
                yield name, value


def _referred(
    live: LiveGroup, container: str, name: str, key: Mapping[str, str], doubled: frozenset[str]
) -> EnvValue | None:
    """Return what stands for a key of a Secret: a secret of the program's, a credential, or the platform's key."""
    own = secret_key(Container.model_construct(name=container), EnvVar(name, ""))
    if (key.get("name"), key["key"]) == (secrets_of(live.name), own):
        return live.secret(f"{live.name}_{container}_{name}".replace("-", "_").upper() if name in doubled else name)
    if live.target.api_key == SecretKey(secret=key.get("name", ""), key=key["key"]):
        return ApiKey()
    stored = next((known for known, held in live.target.credentials.items() if held == key.get("name")), None)
    return None if stored is None else Credential(stored, key["key"])


def _doubled(live: LiveGroup) -> frozenset[str]:
    """Return the names of variables that several containers take from Secrets of the workload: their values may differ."""
    names = Counter(
        str(variable["name"])
        for runner in live.shown.of_kind(*RUNNERS)
        for item in _containers(replace(live, runner=runner))
        for variable in item.get("env") or ()
        if ((variable.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        == secrets_of(runner["metadata"]["name"])
    )
    return frozenset(name for name, count in names.items() if count > 1)


# ---------------------------------------------------------------- probes


def _probe(live: LiveGroup, item: Document, name: str, port: int | None) -> dict[str, Json] | None:
    """Return a probe; None for one that asks no path, and for the one that every model server gets."""
    probe = item.get(f"{name}Probe")
    if not probe or not (probe.get("httpGet") or {}).get("path"):
        return None
    found = declared(PROBE, {"initialDelaySeconds": 0, **probe})
    if live.is_nim and not live.by_operator and item["primary"]:
        usual = declared(PROBE, server_probes(port or 8080)[f"{name}Probe"])
        if {**found, "success_threshold": None} == {**usual, "success_threshold": None}:
            return None
    if found.get("port") == (port or 8080):
        del found["port"]
    if found.get("success_threshold") == 1:
        del found["success_threshold"]
    return found


# ---------------------------------------------------------------- resources


def allocations_of(live: LiveGroup) -> dict[str, dict[str, float | int]]:
    """Return what each container gets that its bundle does not say, by its name."""
    found = {str(item["name"]): _allocation(live, item) for item in _containers(live)}
    return {name: allocation for name, allocation in found.items() if allocation}


def _allocation(live: LiveGroup, item: Document) -> dict[str, float | int]:
    resources = item.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    counted = live.bundle.gpu.resource if live.bundle is not None and live.bundle.gpu is not None else Gpu().resource
    found: dict[str, Decimal] = {}
    if "cpu" in requests:
        found["cpu"] = amount(requests["cpu"])
    if "memory" in requests:
        found["memory"] = amount(requests["memory"])
    if counted in limits:
        found["gpu"] = amount(limits[counted])
    elif resources.get("claims") or (live.by_operator and item["primary"] and live.spec.get("draResources")):
        found["gpu"] = Decimal(_claimed(live))
    if item["primary"] and (bundle := live.bundle) is not None:
        usual = {
            "cpu": bundle.cpu,
            "memory": bundle.memory,
            "gpu": bundle.gpu.count if bundle.gpu is not None else None,
        }
        if usual["gpu"] and "gpu" not in found:
            found["gpu"] = Decimal(0)
        found = {
            name: value for name, value in found.items() if usual[name] is None or Decimal(str(usual[name])) != value
        }
    return {name: int(value) if name == "memory" else float(value) for name, value in found.items()}


def _claimed(live: LiveGroup) -> int:
    """Return how many devices the template of the group's claims asks for."""
    named = live.pod.get("draResources") if live.by_operator else live.pod.get("resourceClaims")
    for one in named or ():
        template = live.shown.find("ResourceClaimTemplate", str(one.get("resourceClaimTemplateName")))
        if template is not None:
            requests = template["spec"]["spec"].get("devices", {}).get("requests") or ()
            return sum(int((request.get("exactly") or {}).get("count", 1)) for request in requests)
    return 1
