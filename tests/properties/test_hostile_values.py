"""Whatever no journal and no request can carry is refused where it is declared; None is what was left out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.errors import Diagnostic
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import declaring
from wlinfra.values import Path

PROBE = {
    "path": "/healthz",
    "port": 8080,
    "scheme": "HTTP",
    "host": "web",
    "headers": {"X-A": "a"},
    "initial_delay_seconds": 1,
    "period_seconds": 1,
    "timeout_seconds": 1,
    "failure_threshold": 1,
    "success_threshold": 1,
}
OPTIONS: dict[str, Any] = {
    "platform_name": "there",
    "protect": True,
    "retain": False,
    "replace_order": "create-then-delete",
    "replace_on": ["description"],
    "ignore_changes": ["description"],
    "aliases": ["workload.old"],
    "timeouts": {"create": 60},
    "depends_on": ["artifact.other"],
    "provider": "default",
    "adopt": False,
}
SECURITY = {
    "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
    "allow_privilege_escalation": False,
    "read_only_root_filesystem": True,
    "seccomp_profile": {"type": "Localhost", "localhost_profile": "p.json"},
}
BUILD = {
    "code_ref": {"catalog_id": "a", "catalog_version_id": "b"},
    "dockerfile": {
        "source": "generated",
        "execution_environment_id": "a",
        "execution_environment_version_id": "b",
        "entrypoint": ["serve"],
    },
}
CONTAINERS = [
    {
        "image": "acme/chat:1",
        "port": 8080,
        "name": "web",
        "primary": True,
        "env": {"LOG": "info"},
        "entrypoint": ["serve"],
        "readiness": PROBE,
        "liveness": PROBE,
        "startup": PROBE,
        "security": SECURITY,
        "description": "serves",
    },
    {"build": BUILD, "name": "log", "env": [{"name": "LOG", "value": "info"}]},
]
POLICIES = [{"metric": "httpRequestsConcurrency", "target": 10, "min": 1, "max": 3, "priority": 1}]
DECLARATIONS: dict[str, tuple[type[Resource], dict[str, Any]]] = {
    "artifact": (
        wl.Artifact,
        {
            "artifact_type": "nim",
            "status": "draft",
            "description": "serves",
            "storage": {"mode": "dedicated_pvc", "pvc_size": "200Gi"},
            "template_id": "t",
            "repository": "r",
            "containers": CONTAINERS,
            **OPTIONS,
        },
    ),
    "artifact in groups": (
        wl.Artifact,
        {
            "artifact_type": "agent",
            "a2a_enabled": True,
            "container_groups": [{"name": "one", "containers": CONTAINERS}],
        },
    ),
    "workload": (
        wl.Workload,
        {
            "artifact": "65f0c0ffee0123456789abcd",
            "autoscaling": {"enabled": True, "policies": POLICIES, "min_replicas": 1, "max_replicas": 3},
            "bundles": ["cpu.small"],
            "allocations": {"web": {"cpu": 1, "memory": "2GB", "gpu": 1}},
            "description": "sells",
            "importance": "high",
            "power": "running",
            "replacement": {"warmup_minutes": 1, "keep_old_minutes": 1},
            "tags": {"team": "a"},
            "shared_roles": [{"role": "USER", "recipient": "user", "id": "u"}, {"role": "OWNER", "username": "ada"}],
            **OPTIONS,
        },
    ),
    "workload of one container": (
        wl.Workload,
        {
            "artifact": wl.Artifact("inline", containers=[wl.Container(image="a", port=8080)]),
            "replicas": 1,
            "cpu": 1,
            "memory": 2_000_000_000,
            "gpu": 1,
        },
    ),
    "workload in full": (
        wl.Workload,
        {
            "artifact": "65f0c0ffee0123456789abcd",
            "runtime": {
                "container_groups": [
                    {
                        "name": "one",
                        "replicas": 1,
                        "bundles": ["cpu.small"],
                        "bundle_selection_policy": "availability",
                        "containers": [{"name": "web", "allocation": {"cpu": 1, "memory": "2GB", "gpu": 0.5}}],
                    },
                    {"name": "two", "autoscaling": POLICIES},
                ]
            },
        },
    ),
}


def nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = wrap(value)
    return value


HOSTILE: dict[str, Any] = {
    "a whole number of 71 bits": 2**70,
    "a negative one": -(2**65),
    "one of 5,000 digits": 10**5000,
    "infinity": float("inf"),
    "no number": float("nan"),
    "half a surrogate pair": "\ud800",
    "the other half in a text": "text \udcff text",
    "3,000 lists": nested(3000, lambda inner: [inner]),
    "3,000 dicts": nested(3000, lambda inner: {"a": inner}),
    "bytes": b"\xff",
    "an object": object(),
}


def positions(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield every place below the declaration, leaves and what holds them."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from positions(item, (*path, key))


def with_value(declaration: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    changed = copy.copy(declaration)
    holder: Any = changed
    for part in path[:-1]:
        holder[part] = copy.copy(holder[part])
        holder = holder[part]
    holder[path[-1]] = value
    return changed


def declared(kind: type[Resource], attributes: dict[str, Any]) -> tuple[Resource, list[Diagnostic]]:
    with declaring() as session:
        made = kind("one", **attributes)
    return made, session.diagnostics


@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_declarations_themselves_are_right(name: str) -> None:
    kind, attributes = DECLARATIONS[name]
    assert declared(kind, attributes)[1] == []


def test_hostile_values_are_refused_at_every_position_with_file_and_line() -> None:
    tried = 0
    for kind, attributes in DECLARATIONS.values():
        for path in positions(attributes):
            for name, value in HOSTILE.items():
                _, diagnostics = declared(kind, with_value(attributes, path, value))
                assert diagnostics, (kind, path, name)
                for item in diagnostics:
                    assert item.location is not None
                    assert item.location.file.endswith("test_hostile_values.py")
                    str(item).encode()  # what is printed can be printed
                tried += 1
    print(f"{tried} hostile values at {tried // len(HOSTILE)} positions: all refused")
    assert tried > 1500


def test_none_at_every_optional_attribute_is_what_leaving_it_out_is() -> None:
    tried = 0
    for kind, attributes in DECLARATIONS.values():
        for path in positions(attributes):
            if not isinstance(path[-1], str) or path[-2:-1] in (("headers",), ("env",), ("tags",), ("timeouts",)):
                continue  # an entry of a list or of a free dict is no attribute
            if path[-2:-1] == ("allocations",) or (path[-1] in ("name", "value") and "env" in path):
                continue
            with_none, complaints = declared(kind, with_value(attributes, path, None))
            without, expected = declared(kind, left_out(attributes, path))
            assert bool(complaints) is bool(expected), path
            if not expected:
                assert complaints == [], path
                assert shown(with_none) == shown(without), path
                tried += 1
    print(f"{tried} optional attributes: None is as good as nothing")
    assert tried > 100


def left_out(declaration: dict[str, Any], path: Path) -> dict[str, Any]:
    changed = with_value(declaration, path, None)
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    return changed


def shown(resource: Resource) -> str:
    return repr({name: getattr(resource, name) for name in type(resource).model_fields})


FREE = [name for name in HOSTILE if name not in ("bytes", "an object")]
"""What else a free value may hold beside JSON is the provider's to say."""


@pytest.mark.parametrize("name", FREE)
def test_free_values_are_searched_too(name: str) -> None:
    value = HOSTILE[name]
    with declaring() as session:
        wl.Output("answer", {"a": [value]})
        wl.lookup("workload", name="x", filter={"a": value})
        wl.Container(image="a", env={"A": wl.credential("65f0c0ffee0123456789abcd", value)})
    assert len({item.path and item.path.partition(".")[0] for item in session.diagnostics}) == 3
