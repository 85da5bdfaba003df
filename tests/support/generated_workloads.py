"""Workloads for Kubernetes drawn at random, each written as the inverse of rendering writes it: no default is said.

`declarations` draws a `Declaration` that its target renders without an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

import wlinfra as wl
from support.rendering import TARGET, errors
from wlinfra_manifests.model import GatewayEntry, IngressEntry, Rendered, SecretKey, Target
from wlinfra_manifests.render import render_workload

__all__ = ["Declaration", "declarations"]

Draw = Any
Attributes = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A workload, what it runs, and where."""

    workload: wl.Workload
    artifact: wl.Artifact
    target: Target

    def rendered(self) -> Rendered:
        """Return what it becomes."""
        return render_workload(self.workload, self.artifact, self.target)


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
_VALUES = st.one_of(st.just(""), _TEXTS, st.sampled_from(["$(B)", "a$$b", "$", "$$(C)", "x=$y"]))
_NAMES = st.sampled_from(["A", "B_1", "LOG.LEVEL", "NIM_X", "_z"])
_IMAGES = st.sampled_from(["ghcr.io/acme/chat:1.4.2", "nvcr.io/nim/llama:1.8.3", "a/b@sha256:" + "a" * 64])
_METRICS = {"cpu": (70, 12), "concurrency": (10, 1), "gpu_cache": (0.7, 1), "queue_depth": (3, 0.25), "jobs": (2, 7.5)}
_MAKERS = {"cpu": wl.cpu, "concurrency": wl.concurrency, "gpu_cache": wl.gpu_cache, "queue_depth": wl.queue_depth}


def _some(**attributes: st.SearchStrategy[Any]) -> st.SearchStrategy[Attributes]:
    return st.fixed_dictionaries({}, optional=attributes)


_TARGETS = _some(
    nim=st.just("plain"),
    autoscaler=st.sampled_from(["hpa", "keda"]),
    http_scaling=st.sampled_from(["http-scaled-object", "none"]),
    allow_root=st.just(True),
    gpu_surge=st.just(True),
    volume_access=st.just("ReadWriteMany"),
    storage_class=st.just("fast"),
    image_pull_secrets=st.just(("pull",)),
    domain=st.just("example.com"),
    entry=st.sampled_from(
        [IngressEntry(class_name="nginx", tls_secret="tls", annotations={"a/b": "c"}), GatewayEntry(name="gate")]
    ),
    credentials=st.just({"65f0": "stored"}),
    api_key=st.just(SecretKey(secret="platform", key="token")),
    priority_classes=st.just({"high": "first", "low": "last"}),
    cooldown_seconds=st.just(60),
)


def _probes(port: int, name: str) -> st.SearchStrategy[wl.Probe]:
    more: dict[str, st.SearchStrategy[Any]] = {"success_threshold": st.just(2)} if name == "readiness" else {}
    return _some(
        port=st.integers(1, 65535).filter(lambda number: number != port),
        scheme=st.just("HTTPS"),
        host=st.just("example.test"),
        headers=st.dictionaries(st.sampled_from(["X-One", "X-Two"]), st.sampled_from(["", "a b"]), min_size=1),
        initial_delay_seconds=st.sampled_from([0, 5]),
        period_seconds=st.sampled_from([1, 10]),
        timeout_seconds=st.sampled_from([1, 29]),
        failure_threshold=st.sampled_from([1, 120]),
        **more,
    ).map(lambda rest: wl.Probe(path="/healthz", **rest))


_SECURITIES = (
    _some(
        allow_privilege_escalation=st.booleans(),
        read_only_root_filesystem=st.booleans(),
        capabilities=_some(add=st.just(("NET_RAW",)), drop=st.just(("ALL",)))
        .filter(bool)
        .map(lambda lists: wl.Capabilities(**lists)),
        seccomp_profile=st.sampled_from(
            [
                wl.SeccompProfile(type="RuntimeDefault"),
                wl.SeccompProfile(type="Localhost", localhost_profile="profiles/a"),
            ]
        ),
    )
    .filter(bool)
    .map(lambda some: wl.SecurityContext(**some))
)


@st.composite
def _variables(draw: Draw, target: Target, *, secrets: bool) -> Attributes:
    found: Attributes = draw(st.dictionaries(_NAMES, _VALUES, max_size=3))
    sources = [wl.secret_env] if secrets else []
    for name in [name for name in found if draw(st.booleans())]:
        kind = draw(st.sampled_from([*sources, "stored", "key", ""]))
        if kind == "stored" and target.credentials:
            found[name] = wl.credential("65f0", "apiToken")
        elif kind == "key" and target.api_key:
            found[name] = wl.api_key()
        elif callable(kind):
            found[name] = kind(name)
    return found


@st.composite
def _container(draw: Draw, target: Target, *, kind: str, count: int, index: int, secrets: bool) -> wl.Container:
    by_operator = kind == "nim" and target.nim == "operator"
    primary = index == 0
    port = draw(st.integers(1024, 65535)) if primary else None
    found: Attributes = {"image": draw(_IMAGES)}
    if primary:
        found["port"] = port
    if count > 1:
        found["name"] = "main" if primary else f"side-{index}"
        found |= {"primary": True} if primary else {}
    elif not by_operator and draw(st.booleans()):
        found["name"] = "engine"
    if env := draw(_variables(target, secrets=secrets and primary)):
        found["env"] = env
    found |= draw(_some(entrypoint=st.just(["serve", "$(A)"]), description=_TEXTS))
    if primary or not by_operator:
        found |= draw(_some(**{name: _probes(port or 8080, name) for name in ("startup", "readiness", "liveness")}))
    if not by_operator:
        found |= draw(_some(security=_SECURITIES))
    return wl.Container(**found)


@st.composite
def _scale(draw: Draw, target: Target) -> Attributes:
    if draw(st.booleans()):
        return {"replicas": draw(st.integers(1, 4))}
    chosen = draw(st.lists(st.sampled_from(sorted(_METRICS)), min_size=1, max_size=3, unique=True))
    least = draw(st.sampled_from([1, 2] if "cpu" in chosen or target.autoscaler == "hpa" else [0, 1, 2]))
    most = draw(st.integers(max(least, 1), 5))
    policies = []
    for name in chosen:
        value = draw(st.sampled_from(_METRICS[name]))
        if name in _MAKERS:
            policies.append(_policy(_MAKERS[name](target=value, min=least, max=most)))
        else:
            policies.append(_policy(wl.custom_metric(name, target=value, min=least, max=most)))
    return {"autoscaling": wl.Autoscaling(policies=tuple(policies))}


def _policy(made: wl.ScalingPolicy) -> wl.ScalingPolicy:
    """Return the policy with nothing said that is None."""
    return wl.ScalingPolicy(metric=made.metric, target=made.target, min=made.min, max=made.max)


_ALLOCATIONS = st.fixed_dictionaries(
    {"cpu": st.sampled_from([0.1, 0.5, 2, 3.25])},
    optional={"memory": st.sampled_from([64_000_000, 2**30, 1_500_000_000]), "gpu": st.sampled_from([3, 4])},
)


@st.composite
def _hardware(draw: Draw, containers: tuple[wl.Container, ...], *, by_operator: bool) -> tuple[Attributes, Attributes]:
    """Draw bundles, and allocations by container."""
    known = ["cpu.small", "gpu.h100", "gpu.a100", "gpu.mig", "gpu.dra"]
    bundle = draw(st.sampled_from(known if by_operator and len(containers) > 1 else [None, *known]))
    names = [container.name or "main" for container in containers]
    given = names[:1] if by_operator else names
    if bundle is not None:
        given = [name for name in given if draw(st.sampled_from([False, False, True]))]
    return {"bundles": (bundle,)} if bundle else {}, {name: draw(_ALLOCATIONS) for name in given}


_TAGS = st.dictionaries(
    st.sampled_from(["team", "acme.io/cost-center", "x_y"]), st.sampled_from(["red", "", "a b", "ü"]), min_size=1
)


@st.composite
def declarations(draw: Draw, on: Target | None = None, name: str = "chat") -> Declaration:
    """Draw a workload of one group or two, its artifact and, unless it is given, its target."""
    target = on or _target(draw(_TARGETS))
    kind = draw(st.sampled_from(["service", "service", "nim"]))
    by_operator = kind == "nim" and target.nim == "operator"
    names = draw(st.sampled_from([["default"], ["default"], ["web"], ["default", "web"]]))
    groups = {}
    for group in names:
        count = draw(st.sampled_from([1, 1, 2]))
        made = [
            draw(_container(target, kind=kind, count=count, index=index, secrets=group == names[0]))
            for index in range(count)
        ]
        groups[group] = tuple(made)
    artifact = wl.Artifact("server", **draw(_artifact(kind)), **_containers(groups))
    more = draw(
        _some(
            description=_TEXTS,
            importance=st.sampled_from(["high", "low", "critical"]),
            tags=_TAGS,
            power=st.just("stopped"),
            platform_name=st.just(f"{name}-9"),
            **({} if by_operator else {"replacement": st.just(wl.ReplacementPolicy(warmup_minutes=3))}),
        )
    )
    runtimes = {}
    for group, containers in groups.items():
        scale = {} if "power" in more else draw(_scale(target))
        runtimes[group] = (scale, *draw(_hardware(containers, by_operator=by_operator)))
    workload = wl.Workload(name, artifact=artifact, **_shape(groups, runtimes), **more)
    found = Declaration(workload=workload, artifact=artifact, target=target)
    assume(not errors(found.rendered()))
    return found


def _target(options: Attributes) -> Target:
    return Target(**{**{name: getattr(TARGET, name) for name in Target.__dataclass_fields__}, **options})


@st.composite
def _artifact(draw: Draw, kind: str) -> Attributes:
    found: Attributes = draw(_some(status=st.just("draft"), description=_TEXTS))
    if kind == "nim":
        sizes = [wl.Storage(pvc_size=size) for size in ("200Gi", "1Ti")]
        found |= {"type": "nim", **draw(_some(storage=st.sampled_from([wl.Storage(mode="nim_cache"), *sizes])))}
    return found


def _containers(groups: dict[str, tuple[wl.Container, ...]]) -> Attributes:
    if list(groups) == ["default"]:
        return {"containers": groups["default"]}
    made = [wl.ContainerGroup(name=name, containers=containers) for name, containers in groups.items()]
    return {"container_groups": made}


def _shape(groups: Attributes, runtimes: dict[str, tuple[Attributes, Attributes, Attributes]]) -> Attributes:
    """Return the short form of one group, the long form of two."""
    if len(groups) == 1:
        ((name, (scale, bundles, allocations)),) = runtimes.items()
        if len(groups[name]) == 1:
            return {**scale, **bundles, **next(iter(allocations.values()), {})}
        given = {name: wl.Allocation(**one) for name, one in allocations.items()}
        return {**scale, **bundles, **({"allocations": given} if given else {})}
    made = []
    for name, (scale, bundles, allocations) in runtimes.items():
        own = tuple(wl.ContainerRuntime(name=one, allocation=wl.Allocation(**to)) for one, to in allocations.items())
        made.append(wl.GroupRuntime(name=name, **scale, **bundles, **({"containers": own} if own else {})))
    return {"runtime": wl.Runtime(container_groups=tuple(made))}
