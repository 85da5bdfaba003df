"""Declarations in which every attribute of a model stands, and every place in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from pydantic.alias_generators import to_snake

import wlinfra as wl
from wlinfra.resources.base import Resource
from wlinfra.resources.model import Model
from wlinfra.stack.form import build
from wlinfra_kubernetes import Manifest

Place: TypeAlias = tuple[str | int, ...]

_PROBE = {
    "path": "/health",
    "port": 8080,
    "scheme": "HTTP",
    "host": "example",
    "headers": {"X-Probe": "1"},
    "initialDelaySeconds": 5,
    "periodSeconds": 10,
    "timeoutSeconds": 2,
    "failureThreshold": 3,
    "successThreshold": 1,
}
_SECURITY = {
    "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "seccompProfile": {"type": "Localhost", "localhostProfile": "audit.json"},
}
_GENERATED = {
    "source": "generated",
    "executionEnvironmentId": "65f0c0ffee0123456789abc0",
    "executionEnvironmentVersionId": "65f0c0ffee0123456789abc1",
    "entrypoint": ["serve"],
}
_CODE = {"catalogId": "65f0c0ffee0123456789abc2", "catalogVersionId": "65f0c0ffee0123456789abc3"}
_MAIN = {
    "name": "main",
    "image": "ghcr.io/acme/chat:1",
    "port": 8080,
    "primary": True,
    "env": {"LOG": "info", "STORED": {"$credential": {"id": "65f0c0ffee0123456789abc4", "key": "apiToken"}}},
    "entrypoint": ["serve", "--fast"],
    "readiness": _PROBE,
    "liveness": {"path": "/live"},
    "startup": {"path": "/start"},
    "security": _SECURITY,
    "description": "Chats.",
}
_SIDE = {"name": "side", "image": "ghcr.io/acme/side:1"}
_POLICY = {"metric": "cpuAverageUtilization", "target": 70, "min": 1, "max": 4, "priority": 1}
_SCALING = {"enabled": True, "policies": [_POLICY], "minReplicas": 1, "maxReplicas": 5}
_ALLOCATION = {"cpu": 1, "memory": "2GB", "gpu": 1}
_SIMPLE = {"image": "ghcr.io/acme/chat:1", "port": 8080}
_ID = "65f0c0ffee0123456789abcd"


def artifact(**attributes: Any) -> Mapping[str, Any]:
    return {"name": "server", **attributes}


def workload(**attributes: Any) -> Mapping[str, Any]:
    return {"name": "chat", "artifact": _ID, **attributes}


ARTIFACTS: tuple[Mapping[str, Any], ...] = (
    artifact(
        containers=[_MAIN, _SIDE],
        type="service",
        status="locked",
        description="A server.",
        repository="65f0c0ffee0123456789abc5",
        platformName="server-one",
    ),
    artifact(containerGroups=[{"name": "default", "containers": [{**_MAIN, "env": [{"name": "A", "value": "b"}]}]}]),
    artifact(containers=[{"port": 8080, "build": {"codeRef": _CODE, "dockerfile": _GENERATED}}]),
    artifact(
        containers=[{"port": 8080, "build": {"codeRef": _CODE, "dockerfile": {"source": "provided", "path": "./D"}}}]
    ),
    artifact(
        containers=[_SIMPLE],
        type="nim",
        storage={"mode": "dedicated_pvc", "pvcSize": "200Gi"},
        templateId="65f0c0ffee0123456789abc6",
    ),
    artifact(containers=[_SIMPLE], type="agent", a2aEnabled=True),
)
WORKLOADS: tuple[Mapping[str, Any], ...] = (
    workload(
        replicas=2,
        bundles=["cpu.small", "cpu.large"],
        allocations={"main": _ALLOCATION},
        description="Chats.",
        importance="high",
        power="running",
        replacement={"warmupMinutes": 1, "keepOldMinutes": 5},
        tags={"team": "search"},
        sharedRoles=[
            {"role": "OWNER", "recipient": "user", "username": "ada"},
            {"role": "CONSUMER", "recipient": "group", "id": "65f0c0ffee0123456789abc7"},
        ],
        platformName="chat-one",
    ),
    workload(autoscaling=_SCALING),
    workload(
        runtime={
            "containerGroups": [
                {
                    "name": "default",
                    "autoscaling": _SCALING,
                    "bundles": ["cpu.small"],
                    "bundleSelectionPolicy": "availability",
                    "containers": [{"name": "main", "allocation": _ALLOCATION}],
                }
            ]
        }
    ),
    workload(runtime={"containerGroups": [{"name": "default", "replicas": 3}]}),
)
"""Of an artifact that is known by its id."""
WITH_ARTIFACT: tuple[Mapping[str, Any], ...] = ({"name": "chat", "replicas": 2, "cpu": 0.5, "memory": "2GB", "gpu": 1},)
"""Of an artifact that is declared."""
MANIFESTS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "web",
        "manifest": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "demo", "labels": {"app": "web"}},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "main", "image": "a:1", "env": [{"name": "A", "value": "b"}]}]},
                },
            },
        },
        "clusterScoped": False,
        "outputs": {"ready": "status.readyReplicas"},
    },
)
NOT_ON_PLATFORM = frozenset(
    (
        *("name", "protect", "retain", "replace_order", "replace_on", "ignore_changes", "aliases", "timeouts"),
        *("depends_on", "provider", "adopt", "roll_on"),
    )
)
"""Attributes that decide how a plan is made."""
MODELS: Mapping[type[Model], tuple[Mapping[str, Any], ...]] = {
    wl.Artifact: ARTIFACTS,
    wl.Workload: (*WORKLOADS, *WITH_ARTIFACT),
    Manifest: MANIFESTS,
}


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    """Yield every place in the properties, those that hold others too."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        if above == () and part in NOT_ON_PLATFORM:
            continue
        yield (*above, part)
        if not (isinstance(item, Mapping) and "$credential" in item):
            yield from places(item, (*above, part))
        else:
            yield (*above, part, "$credential", "id")


def put(properties: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """Return the properties with another value at the place."""
    changed = deepcopy(dict(properties))
    holder: Any = changed
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value
    return changed


def at(properties: Any, place: Place) -> Any:
    """Return the value at the place."""
    for part in place:
        properties = properties[part]
    return properties


_schema_of = cache(wl.form_schema)


def attributes_at(model: type[Model], place: Place) -> list[str]:
    """Return the models and the name of the attribute at the place, or of the one whose element is there."""
    schema = _schema_of(model)
    options: list[Mapping[str, Any]] = [schema]
    found: list[str] = []
    for part in place:
        nodes = [node for option in options for node in _resolved(option, schema)]
        names = [name for name in (to_snake(str(part)), _ALIASES.get(str(part), "")) if name]
        named = [(node, name) for node in nodes for name in names if name in node.get("properties", {})]
        if named:
            found = [f"{node.get('title', '')}.{name}" for node, name in named]
            options = [node["properties"][name] for node, name in named]
        else:
            inner = ("items", "additionalProperties")
            options = [node[key] for node in nodes for key in inner if isinstance(node.get(key), Mapping)]
    return found


def attributes_of(model: type[Model]) -> frozenset[str]:
    """Return every attribute of the model and of those below it, as `attributes_at` names them."""
    schema = _schema_of(model)
    below = {
        f"{title}.{name}"
        for title, node in schema.get("$defs", {}).items()
        if title != "Artifact"
        for name in node.get("properties", {})
    }
    own = {f"{schema['title']}.{name}" for name in schema["properties"] if name not in NOT_ON_PLATFORM}
    return frozenset(below | own)


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    yield node
    for option in node.get("anyOf", ()):
        yield from _resolved(option, schema)


_ALIASES = {"type": "artifact_type", "a2aEnabled": "a2a_enabled"}


@dataclass(frozen=True, slots=True)
class Case:
    """One declaration with another value at one place, as a tool builds it."""

    model: type[Model]
    place: Place
    properties: Mapping[str, Any]
    allocations: Mapping[str, Any] = field(default_factory=dict)
    """Of the workload that runs the artifact, where the case is one."""

    def __str__(self) -> str:
        return f"{self.model.__name__}.{'.'.join(map(str, self.place))}"

    def declared(self) -> list[Resource]:
        """Return the resources, in order; raises DeclarationError."""
        if self.model is wl.Artifact:
            artifact = build(wl.Artifact, self.properties)
            run = {"name": "chat", "artifact": artifact, "replicas": 2, "allocations": self.allocations}
            return [artifact, build(wl.Workload, run)]
        if self.model is Manifest:
            return [build(Manifest, self.properties)]
        if self.properties.get("artifact", _ID) is not _ID:
            return [build(wl.Workload, self.properties)]
        artifact = wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1.0.0", port=8080)])
        return [artifact, build(wl.Workload, {**self.properties, "artifact": artifact})]


Change: TypeAlias = Callable[[Any], Any]
"""What stands at a place, from what stood there."""


def on_datarobot(change: Change) -> Iterator[Case]:
    """Yield every declaration that DataRobot takes, changed at every place."""
    for model, declarations in MODELS.items():
        for properties in declarations if model is not Manifest else ():
            yield from _changed(model, _without(properties, {"tags", "priority"}), change, _allocated(properties))


def on_kubernetes(change: Change) -> Iterator[Case]:
    """Yield every declaration that the Kubernetes provider takes, changed at every place."""
    for model, declarations in MODELS.items():
        for properties in declarations:
            if "build" not in properties.get("containers", [{}])[0]:
                known = _without(properties, {"sharedRoles"})
                if "autoscaling" in known:
                    known["allocations"] = {"main": {"cpu": 1}}
                yield from _changed(model, known, change, _allocated(properties))


def _allocated(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    sides = {name: {"cpu": 1, "memory": "1GB"} for name in ("main", "side")}
    return sides if len(properties.get("containers", ())) > 1 else {}


def _changed(
    model: type[Model], properties: Mapping[str, Any], change: Change, allocations: Mapping[str, Any]
) -> Iterator[Case]:
    for place in places(properties):
        if not (model is wl.Workload and place == ("artifact",)):
            yield Case(model, place, put(properties, place, change(at(properties, place))), allocations)


def _without(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value
