"""Each field that an attribute changes is named by the attribute, and each row of the table is about such a field."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import pytest
from support.rendering import nim, rendered, server, target

import wlinfra as wl
from wlinfra.diff.patterns import covers, parse_pattern
from wlinfra.provider import DeclaredPaths
from wlinfra.values import Path
from wlinfra_manifests.attributes import ATTRIBUTES
from wlinfra_manifests.declared import declared_paths
from wlinfra_manifests.document import differences
from wlinfra_manifests.model import Target

ROOT = FilePath(__file__).parents[3]
FOLLOWS = (
    ("metadata", "annotations", "wlinfra.dev/artifact-version"),
    ("spec", "strategy"),
    ("spec", "accessModes"),
    ("metadata", "name"),
)
"""What follows from several attributes and is named by none."""
OPERATOR, PLAIN, KEDA = target(), target(nim="plain"), target(autoscaler="keda")
Given = dict[str, Any]
MAIN = "artifact.containers[main]"
PROBE = {
    "path": "/x",
    "port": 9000,
    "scheme": "HTTPS",
    "host": "h",
    "headers": {"a": "c"},
    "initial_delay_seconds": 1,
    "period_seconds": 1,
    "timeout_seconds": 1,
    "failure_threshold": 1,
    "success_threshold": 1,
}
SECURITY = {
    "allow_privilege_escalation": (None, False),
    "read_only_root_filesystem": (None, True),
    "capabilities": (None, wl.Capabilities(drop=["ALL"])),
    "capabilities.add": (wl.Capabilities(drop=["ALL"]), wl.Capabilities(drop=["ALL"], add=["NET_RAW"])),
    "capabilities.drop": (wl.Capabilities(drop=["ALL"]), wl.Capabilities(drop=["SYS_TIME"])),
    "seccomp_profile": (None, wl.SeccompProfile(type="RuntimeDefault")),
    "seccomp_profile.type": (wl.SeccompProfile(type="RuntimeDefault"), wl.SeccompProfile(type="Unconfined")),
    "seccomp_profile.localhost_profile": tuple(
        wl.SeccompProfile(type="Localhost", localhost_profile=name) for name in "ab"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One attribute of the workload, before and after; what is below ``server`` or ``artifact`` is theirs."""

    name: str
    before: Given
    after: Given
    on: Target = OPERATOR
    make: Any = server

    def __str__(self) -> str:
        return f"{self.name}-{self.make.__name__}-{self.on.nim}-{self.on.autoscaler}-{self.on.http_scaling}"

    def changed(self) -> Iterator[tuple[str, Path, DeclaredPaths]]:
        """Yield the kind, the path and the table of each field that differs, of objects that are there on both sides."""
        (old, _, _), (new, workload, artifact) = self._side(self.before), self._side(self.after)
        parts = {item.part: item.manifest for item in old}
        for item in new:
            kind = item.kind.rpartition("/")[2]
            former = parts.get(item.part, item.manifest)
            for one in differences(former, item.manifest) if former["metadata"]["name"] == item.name else ():
                yield kind, one.path, declared_paths(item, workload, artifact, self.on)

    def _side(self, given: Given) -> tuple[Any, wl.Workload, wl.Artifact]:
        own = {key: value for key, value in given.items() if key not in ("server", "artifact")}
        artifact = self.make(**given.get("server", {})).model_copy(update=given.get("artifact", {}))
        return rendered(artifact, self.on, **own).objects, wl.Workload("chat", artifact=artifact, **own), artifact


def template(text: str) -> tuple[str, ...]:
    return parse_pattern(text.replace("[]", '["*"]'))


def fits(wire: str, path: Path) -> bool:
    parts = template(wire)
    return len(parts) <= len(path) and all(want in ("*", str(part)) for want, part in zip(parts, path, strict=False))


def agree(name: str, other: str) -> bool:
    """True when one of the names is the other, or below it; an element without a key is any."""
    pairs = zip(template(name), template(other), strict=False)
    return bool(other) and all("*" in pair or pair[0] == pair[1] for pair in pairs)


def pair(**other: Any) -> wl.Artifact:
    """Return a model server with a container beside it, if that has an image."""
    first = wl.Container(name="main", image="a/b:1.0.0", primary=True, port=8000)
    beside = [wl.Container(name="side", **other)] if other else [wl.Container(name="other", image="a/b:1.0.0")]
    return wl.Artifact("llama", type="nim", containers=[first, *beside])


def of_a_container() -> Iterator[tuple[str, Given, Given]]:
    yield f"{MAIN}.image", {"image": "a/b:1.0.0"}, {"image": "a/c:2.0.0"}
    yield f"{MAIN}.port", {"port": 9000}, {"port": 9001}
    yield f"{MAIN}.entrypoint", {}, {"entrypoint": ["serve"]}
    yield f"{MAIN}.env", {}, {"env": {"A": "1"}}
    yield f"{MAIN}.env[A]", {"env": {"A": "1"}}, {"env": {"A": "2"}}
    yield f"{MAIN}.env[A]", {"env": {"B": ""}}, {"env": {"B": "", "A": "2"}}
    yield f"{MAIN}.env[A]", {"env": {"A": "1", "B": ""}}, {"env": {"A": wl.secret_env("A"), "B": ""}}
    yield f"{MAIN}.env[A]", {"env": {"A": wl.secret_env("A")}}, {"env": {"A": wl.secret_env("B")}}
    secrets = {name: wl.secret_env(name) for name in "AB"}
    yield f"{MAIN}.env[A]", {"env": {"B": secrets["B"]}}, {"env": secrets}
    yield f"{MAIN}.description", {}, {"description": "words"}
    for name in ("startup", "readiness", "liveness"):
        usual: Given = {"path": "/", "host": "a", "headers": {"a": "b"}}
        yield f"{MAIN}.{name}", {}, {name: wl.Probe(**usual)}
        for attribute, value in PROBE.items():
            probes = [wl.Probe(**usual), wl.Probe(**{**usual, attribute: value})]
            yield f"{MAIN}.{name}.{attribute}", {name: probes[0]}, {name: probes[1]}


def of_a_workload() -> Iterator[tuple[str, Given, Given]]:
    yield "replicas", {"replicas": 2}, {"replicas": 3}
    yield "description", {}, {"description": "words"}
    for name, small, large in (("cpu", 1, 2), ("memory", "1GB", "2GB"), ("gpu", 1, 2)):
        yield name, {name: small}, {name: large}
    yield "gpu", {"bundles": ["gpu.h100"]}, {"bundles": ["gpu.h100"], "gpu": 1}
    for one, other in (("cpu.small", "gpu.h100"), ("gpu.mig", "gpu.dra")):
        yield "bundles", {"bundles": [one]}, {"bundles": [other]}
    yield "importance", {"importance": "high"}, {"importance": "low"}
    yield 'tags["team/a"]', {"tags": {"team/a": "x"}}, {"tags": {"team/a": "y"}}
    yield 'tags["team/a"]', {"tags": {"team/a": "x y"}}, {"tags": {"team/a": "y x"}}


def of_scaling(metric: str) -> Iterator[tuple[str, Given, Given]]:
    usual: Given = {"metric": metric, "target": 5, "min": 1, "max": 3}
    for attribute, key in (("target", metric), ("min", "*"), ("max", "*")):
        sides = [usual, {**usual, attribute: 2}]
        before, after = ({"cpu": 1, "autoscaling": [wl.ScalingPolicy(**side)]} for side in sides)
        yield f"autoscaling.policies[{key}].{attribute}", before, after
    if metric == "jobs":
        renamed = [{"autoscaling": [wl.ScalingPolicy(**{**usual, "metric": name})]} for name in ("jobs", "tasks")]
        yield "autoscaling.policies[*].metric", renamed[0], renamed[1]


def edits() -> Iterator[Edit]:
    for make, on in ((server, OPERATOR), (nim, OPERATOR), (nim, PLAIN)):
        for name, before, after in of_a_container():
            if name.endswith("].port") and on is PLAIN:
                continue  # the port of probes and variables follows
            yield Edit(name=name, before={"server": before}, after={"server": after}, make=make, on=on)
        for name, before, after in of_a_workload():
            yield Edit(name=name, before=before, after=after, make=make, on=on)
        for name, value in (("description", "words"), ("status", "draft")):
            yield Edit(name=f"artifact.{name}", before={}, after={"artifact": {name: value}}, make=make, on=on)
        classes = target(nim=on.nim, priority_classes={"high": "first", "low": "last"})
        sides = [{"importance": value} for value in ("high", "low")]
        yield Edit(name="importance", before=sides[0], after=sides[1], make=make, on=classes)
    yield from of_a_sidecar()
    warm = {"replacement": wl.ReplacementPolicy(warmup_minutes=2)}
    yield Edit(name="replacement.warmup_minutes", before={}, after=warm)
    for make, on in ((server, OPERATOR), (nim, OPERATOR), (server, KEDA)):
        for metric in ("cpuAverageUtilization", "jobs"):
            yield from (Edit(name=name, before=b, after=a, make=make, on=on) for name, b, a in of_scaling(metric))
    for on in (OPERATOR, target(http_scaling="http-scaled-object")):
        yield from (Edit(name=name, before=b, after=a, on=on) for name, b, a in of_scaling("httpRequestsConcurrency"))
    yield from of_security()
    sizes = [{"server": {"storage": wl.Storage(pvc_size=size)}} for size in ("8Gi", "9Gi")]
    yield Edit(name="artifact.storage.pvc_size", before=sizes[0], after=sizes[1], make=nim)
    for on in (OPERATOR, PLAIN):
        cached = {"server": {"storage": wl.Storage(mode="nim_cache")}}
        yield Edit(name="artifact.storage", before={}, after=cached, make=nim, on=on)


def of_a_sidecar() -> Iterator[Edit]:
    usual: Given = {"image": "a/b:1.0.0", "env": {"A": "1"}}
    changes: list[tuple[str, Any]] = [
        ("image", "a/c:2.0.0"),
        ("entrypoint", ["serve"]),
        ("env", {}),
        ("env", {"A": "2"}),
        ("env", {"A": wl.secret_env("A")}),
    ]
    for attribute, value in changes:
        sides = [{"server": usual}, {"server": {**usual, attribute: value}}]
        before, after = ({**side, "bundles": ["cpu.small"]} for side in sides)
        yield Edit(name=f"artifact.containers[side].{attribute}", before=before, after=after, make=pair)
    before, after = ({"server": side, "bundles": ["cpu.small"]} for side in ({}, {"image": "a/b:1.0.0"}))
    yield Edit(name="artifact.containers", before=before, after=after, make=pair)


def of_security() -> Iterator[Edit]:
    for name, values in SECURITY.items():
        usual: Given = {"read_only_root_filesystem": False, "allow_privilege_escalation": True}
        sides = [{**usual, name.partition(".")[0]: value} for value in values]
        before, after = ({"server": {"security": wl.SecurityContext(**side)}} for side in sides)
        yield Edit(name=f"{MAIN}.security.{name}", before=before, after=after)
    after = {"server": {"security": wl.SecurityContext(read_only_root_filesystem=True)}}
    yield Edit(name=f"{MAIN}.security", before={}, after=after, on=target(allow_root=True))


@pytest.mark.parametrize("edit", list(edits()), ids=str)
def test_what_an_attribute_changes_is_named_by_it(edit: Edit) -> None:
    found = [one for one in edit.changed() if one[1][:3] not in FOLLOWS and one[1][:2] not in FOLLOWS]
    assert found
    assert [(kind, path) for kind, path, table in found if not agree(edit.name, table.find(path))] == []


@pytest.mark.parametrize("edit", list(edits()), ids=str)
def test_its_name_leads_back_to_it(edit: Edit) -> None:
    named = [(path, table.find(path), table) for _, path, table in edit.changed() if table.find(path)]
    lost = [
        (path, name)
        for path, name, table in named
        if not covers([parse_pattern(one) for one in table.on_platform(name)], path)
    ]
    assert lost == []


def test_each_row_is_about_a_field_that_an_attribute_changes() -> None:
    changed = [(kind, path) for edit in edits() for kind, path, _ in edit.changed()]
    idle = [
        (kind, wire)
        for kind, pairs in ATTRIBUTES.items()
        for wire, declared in pairs
        if wire != declared  # named as on the platform
        and not any(kind == other and fits(wire, path) for other, path in changed)
    ]
    assert "\n".join(map(str, idle)) == ""


def test_the_reference_page_says_what_the_table_says() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference_kubernetes.py"))
    written = (ROOT / "docs" / "kubernetes-attributes.md").read_text(encoding="utf-8")
    assert written == script["render"](), "run python scripts/reference_kubernetes.py"
