"""Valid stacks for DataRobot, drawn at random as plain data, so that one can be changed a little and compared.

`sketches` draws a `Sketch`, `edits_of` another that differs in a few places, `Sketch.resources` declares it.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

import wlinfra as wl

__all__ = ["Server", "Service", "Sketch", "edits_of", "sketches"]

Draw = Any
Attributes = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Server:
    """One artifact; `env_of` is the index of the service whose endpoint its containers are told."""

    name: str
    kind: str
    status: str
    containers: tuple[Attributes, ...]
    more: Attributes = field(default_factory=dict)
    env_of: int | None = None

    def declare(self, services: dict[int, wl.Workload]) -> wl.Artifact:
        containers = [dict(container) for container in self.containers]
        known = services.get(self.env_of) if self.env_of is not None else None
        if known is not None:
            containers[0]["env"] = {
                **containers[0].get("env", {}),
                "PEER": f"{known.endpoint}v1/größe",
                "PEER_ID": known.id,
            }
        made = [wl.Container(**container) for container in containers]
        return wl.Artifact(self.name, type=self.kind, status=self.status, containers=made, **self.more)  # type: ignore[arg-type]  # drawn from its literals


@dataclass(frozen=True, kw_only=True)
class Service:
    """One workload of the server with that index, in the short or in the long form."""

    name: str
    server: int
    scaling: Attributes
    hardware: Attributes
    long: bool
    more: Attributes = field(default_factory=dict)

    def declare(self, artifact: wl.Artifact) -> wl.Workload:
        shape = self._long_form() if self.long else {**self.scaling, **self.hardware}
        return wl.Workload(self.name, artifact=artifact, **shape, **self.more)

    def _long_form(self) -> Attributes:
        group = {**self.scaling, **{key: value for key, value in self.hardware.items() if key == "bundles"}}
        allocations = self.hardware.get("allocations", {})
        containers = [wl.ContainerRuntime(name=name, allocation=value) for name, value in allocations.items()]
        return {"runtime": wl.Runtime(container_groups=(wl.GroupRuntime(**group, containers=tuple(containers)),))}


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A stack: servers and services, each declared before what refers to it."""

    servers: tuple[Server | None, ...]
    services: tuple[Service | None, ...]

    def resources(self) -> Iterator[wl.Resource]:
        """Yield what is declared; a place that holds None was deleted, and so is what needs it."""
        workloads: dict[int, wl.Workload] = {}
        for index, server in enumerate(self.servers):
            if server is None:
                continue
            artifact = server.declare(workloads)
            yield artifact
            for number, service in enumerate(self.services):
                if service is not None and service.server == index:
                    workloads[number] = service.declare(artifact)
                    yield workloads[number]

    def essence(self) -> dict[str, str]:
        """Return all that matters to each server and service, by name: what is equal in two sketches is not changed."""
        found: dict[str, str] = {}
        for index, server in enumerate(self.servers):
            if server is None:
                continue
            peer = (
                self.services[server.env_of]
                if server.env_of is not None and server.env_of < len(self.services)
                else None
            )
            found[server.name] = repr((server, peer is not None and peer.server < index))
            for service in self.services:
                if service is not None and service.server == index:
                    found[service.name] = repr((service, found[server.name]))
        return found


# ---------------------------------------------------------------- parts

_texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=12)
_names = st.text(string.ascii_uppercase + "_", min_size=1, max_size=6)
_environments = st.dictionaries(_names, _texts, max_size=4)
_images = st.sampled_from(["ghcr.io/acme/chat:1", "ghcr.io/acme/chat:2", "nvcr.io/nim/llama@sha256:" + "a" * 64])


def _optional(**attributes: st.SearchStrategy[Any]) -> st.SearchStrategy[Attributes]:
    return st.fixed_dictionaries({}, optional=attributes)


def _probes(dialect: str) -> st.SearchStrategy[wl.Probe]:
    optional = {
        "port": st.integers(1024, 65535),
        "scheme": st.sampled_from(["HTTP", "HTTPS"]),
        "host": st.just("example.test"),
        "headers": st.dictionaries(st.sampled_from(["X-One", "X-Two"]), st.sampled_from(["", "a b", "1"]), max_size=2),
        "initial_delay_seconds": st.integers(0, 60),
        "period_seconds": st.sampled_from([1, 30, 31]),
        "timeout_seconds": st.sampled_from([1, 30]),
        "failure_threshold": st.sampled_from([1, 3]),
    }
    if dialect != "2026-06":
        optional["success_threshold"] = st.sampled_from([1, 2])
    return _optional(**optional).flatmap(lambda rest: st.builds(wl.Probe, path=st.just("/healthz"), **_just(rest)))


def _just(values: Attributes) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(value) for name, value in values.items()}


_securities = st.builds(
    wl.SecurityContext,
    capabilities=st.none() | st.builds(wl.Capabilities, drop=st.just(("ALL",)) | st.just(("NET_RAW", "SYS_TIME"))),
    allow_privilege_escalation=st.sampled_from([None, False]),
    read_only_root_filesystem=st.sampled_from([None, False, True]),
    seccomp_profile=st.none() | st.just(wl.SeccompProfile(type="RuntimeDefault")),
)


@st.composite
def _containers(draw: Draw, dialect: str) -> tuple[Attributes, ...]:
    count = draw(st.sampled_from([1, 1, 1, 2]))
    found = []
    for index in range(count):
        more = draw(
            _optional(
                env=_environments,
                entrypoint=st.just(["serve", "--fast"]),
                description=_texts,
                readiness=_probes(dialect),
                liveness=_probes(dialect),
                startup=_probes(dialect),
                security=_securities,
            )
        )
        sole: Attributes = {} if index else {"port": draw(st.integers(1024, 65535))}
        names: Attributes = {"name": f"c{index}", "primary": index == 0} if count > 1 else {}
        found.append({"image": draw(_images), **sole, **names, **more})
    return tuple(found)


@st.composite
def _memories(draw: Draw) -> int | str:
    megabytes = draw(st.sampled_from([64, 250, 500, 512, 1000, 2048]))
    spelling = draw(st.sampled_from(["{m}MB", "{m} mb", "{k}KB", "{g}GB", "{b}B", "{b}"]))
    text: str = spelling.format(m=megabytes, k=megabytes * 1000, g=megabytes / 1000, b=megabytes * 10**6)
    return int(text) if text.isdigit() else text


def _allocations() -> st.SearchStrategy[Attributes]:
    return st.fixed_dictionaries(
        {"cpu": st.sampled_from([0.1, 0.5, 1, 1.0, 2])},
        optional={"memory": _memories(), "gpu": st.sampled_from([0, 1])},
    )


@st.composite
def _hardware(draw: Draw, server: Server, *, long: bool) -> Attributes:
    names = [container.get("name", "main") for container in server.containers]
    if len(names) > 1 or (long and draw(st.booleans())):
        return {"allocations": {name: wl.Allocation(**draw(_allocations())) for name in names}}
    bundles = st.lists(st.sampled_from(["cpu.small", "cpu.large", "gpu.h100", "gpu.a100"]), max_size=2, unique=True)
    if long or draw(st.booleans()):
        return {"bundles": draw(bundles)}
    found: Attributes = draw(_allocations())
    return found


@st.composite
def _scaling(draw: Draw, server: Server, dialect: str) -> Attributes:
    if draw(st.booleans()):
        return {"replicas": draw(st.sampled_from([None, 1, 2, 3]))}
    makers = [wl.cpu, wl.concurrency]
    if server.kind == "nim":
        makers += [wl.gpu_cache, wl.queue_depth, _custom]
    chosen = draw(st.lists(st.sampled_from(makers), min_size=1, max_size=3, unique=True))
    bounds = draw(_bounds(chosen))
    policies = []
    for maker in chosen:
        own = draw(_bounds([maker])) if dialect == "2026-06" and draw(st.booleans()) else bounds
        priority = draw(st.sampled_from([None, 1])) if dialect == "2026-06" else None
        target = draw(st.sampled_from([1, 0.5, 70]))
        policies.append(maker(target=target, min=own[0], max=own[1], priority=priority))
    if draw(st.sampled_from([False, False, False, True])):
        fixed: Attributes = {"replicas": draw(st.sampled_from([1, 2]))} if draw(st.booleans()) else {}
        return {"autoscaling": wl.Autoscaling(enabled=False, policies=tuple(policies)), **fixed}
    return {"autoscaling": policies}


def _custom(**policy: Any) -> wl.ScalingPolicy:
    return wl.custom_metric("vllm:kv_cache_usage_perc", **policy)


@st.composite
def _bounds(draw: Draw, makers: list[Any]) -> tuple[int, int]:
    least = draw(st.integers(1 if wl.cpu in makers else 0, 2))
    return least, draw(st.integers(max(least, 1), 4))


def _service_more() -> st.SearchStrategy[Attributes]:
    return _optional(
        description=st.just("") | _texts,
        importance=st.sampled_from(["critical", "high", "moderate", "low"]),
        power=st.sampled_from(["running", "running", "stopped"]),
        replacement=st.builds(
            wl.ReplacementPolicy,
            warmup_minutes=st.sampled_from([None, 0, 1]),
            keep_old_minutes=st.sampled_from([None, 0]),
        ),
    )


def _server_more(kind: str) -> st.SearchStrategy[Attributes]:
    optional: dict[str, st.SearchStrategy[Any]] = {"description": st.just("") | _texts}
    if kind == "nim":
        optional["storage"] = st.just(wl.Storage(pvc_size="200Gi")) | st.just(wl.Storage(mode="nim_cache"))
    return _optional(**optional)


# ---------------------------------------------------------------- whole stacks


@st.composite
def sketches(draw: Draw, dialect: str) -> Sketch:
    """Draw one to four servers, and up to five services that run them; a draft serves one at most."""
    servers = [_draw_server(draw, index, dialect) for index in range(draw(st.integers(1, 4)))]
    services: list[Service] = []
    for index in range(draw(st.integers(1, 5))):
        used = {service.server for service in services}
        free = [n for n, server in enumerate(servers) if server.status == "locked" or n not in used]
        if free:
            services.append(_draw_service(draw, index, draw(st.sampled_from(free)), servers, dialect))
    return Sketch(servers=tuple(servers), services=tuple(services))


def _draw_server(draw: Draw, index: int, dialect: str) -> Server:
    kind = draw(st.sampled_from(["service", "nim"]))
    return Server(
        name=f"server-{index}",
        kind=kind,
        status=draw(st.sampled_from(["locked", "locked", "draft"])),
        containers=draw(_containers(dialect)),
        more=draw(_server_more(kind)),
        env_of=draw(st.none() | st.integers(0, 2)),
    )


def _draw_service(draw: Draw, index: int, at: int, servers: list[Server], dialect: str) -> Service:
    long = draw(st.booleans())
    return Service(
        name=f"service-{index}",
        server=at,
        scaling=draw(_scaling(servers[at], dialect)),
        hardware=draw(_hardware(servers[at], long=long)),
        long=long,
        more=draw(_service_more()),
    )


@st.composite
def edits_of(draw: Draw, sketch: Sketch, dialect: str) -> Sketch:
    """Draw a stack that differs from this one in a few places: changed, deleted, promoted from draft to locked."""
    services = tuple(
        _edit_service(draw, service, sketch, dialect) if draw(st.booleans()) else service
        for service in sketch.services
        if service is not None
    )
    used = {service.server for service in services if service is not None}
    servers = tuple(
        _edit_server(draw, server, is_used=index in used) if draw(st.booleans()) else server
        for index, server in enumerate(sketch.servers)
        if server is not None
    )
    return Sketch(servers=servers, services=services)


def _edit_server(draw: Draw, server: Server, *, is_used: bool) -> Server | None:
    if not is_used and draw(st.booleans()):
        return None
    match draw(st.sampled_from(["image", "env", "texts", "lock"])):
        case "image":
            first = {**server.containers[0], "image": draw(_images)}
        case "env":
            first = {**server.containers[0], "env": draw(_environments)}
        case "lock":
            return replace(server, status="locked")
        case _:
            return replace(server, more=draw(_server_more(server.kind)))
    return replace(server, containers=(first, *server.containers[1:]))


def _edit_service(draw: Draw, service: Service, sketch: Sketch, dialect: str) -> Service | None:
    server = sketch.servers[service.server]
    if server is None or draw(st.sampled_from([False, False, True])):
        return None
    match draw(st.sampled_from(["scaling", "hardware", "more"])):
        case "scaling":
            return replace(service, scaling=draw(_scaling(server, dialect)))
        case "hardware":
            return replace(service, hardware=draw(_hardware(server, long=service.long)))
        case _:
            return replace(service, more=draw(_service_more()))
