"""What is rendered for, and what comes out: the target, its bundles, and what a workload becomes.

A provider makes a `Target` of its configuration; `render.render_workload` turns a workload into `Rendered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, TypeAlias

from wlinfra.errors import Diagnostic
from wlinfra.provider import RenderedObject
from wlinfra.values import Json

__all__ = [
    "Bundle",
    "DeviceRequest",
    "Entry",
    "GatewayEntry",
    "Gpu",
    "IngressEntry",
    "Rendered",
    "SecretKey",
    "Target",
]

_STRICT: Final = {"extra": "forbid"}
"""Where these are read from options, a word that none of them knows is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """GPUs asked for by dynamic resource allocation instead of by a counted resource."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    device_class: str = "gpu.nvidia.com"
    cel: str = ""
    """An expression that a device must fulfil; any device of the class when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """The GPUs of a bundle."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    count: int = 1
    resource: str = "nvidia.com/gpu"
    """What the nodes count, such as ``nvidia.com/mig-3g.40gb`` for slices."""
    products: tuple[str, ...] = ()
    """Exact values of the node label ``nvidia.com/gpu.product``; pods are kept on these nodes."""
    product_regex: str = ""
    """Which products fit, for choosing among bundles; a scheduler knows no patterns, so it pins no pod."""
    min_memory_mib: int | None = None
    """The least memory of one GPU in MiB; pods are kept on nodes whose label promises that."""
    maker: str = ""
    type: str = ""
    """For people and impact, such as ``H100``."""
    dra: DeviceRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What one name of hardware stands for on this cluster."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    cpu: float | None = None
    """Cores."""
    memory: int | None = None
    """Bytes."""
    gpu: Gpu | None = None
    tolerations: tuple[Mapping[str, Json], ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    runtime_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """One key of a Secret that exists already."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    secret: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressEntry:
    """Requests from outside come through an Ingress; its host is the workload's name in `Target.domain`."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    class_name: str = ""
    tls_secret: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEntry:
    """Requests from outside come through a Gateway; the HTTPRoute's host is the workload's name in `Target.domain`."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    name: str
    namespace: str = ""
    section: str = ""
    tls: bool = True
    """Whether the gateway's listener serves HTTPS, for the endpoint's scheme only."""


Entry: TypeAlias = IngressEntry | GatewayEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One namespace of a cluster, and what is installed there."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every object, such as stack and environment."""
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    nim: Literal["operator", "plain"] = "operator"
    """How an artifact of type nim runs: by the NIM Operator, or as a plain Deployment."""
    autoscaler: Literal["auto", "hpa", "keda"] = "auto"
    """``auto`` takes a HorizontalPodAutoscaler where it can hold the policies, else KEDA."""
    http_scaling: Literal["interceptor-route", "http-scaled-object", "none"] = "interceptor-route"
    """What the KEDA HTTP add-on understands: 0.14 and later routes, before that HTTPScaledObject."""
    http_scaler: str = "keda-add-ons-http-external-scaler.keda:9090"
    http_interceptor: str = "keda-add-ons-http-interceptor-proxy.keda:8080"
    """Host and port; the host is a Service and its namespace."""
    prometheus: str = ""
    """The address KEDA asks for metrics, such as ``http://prometheus.monitoring:9090``."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """Names under which servers export ``gpuCacheUtilization`` and ``gpuRequestQueueDepth``, where not the usual ones."""
    polling_seconds: int = 15
    cooldown_seconds: int = 300
    """How long KEDA waits without load before it goes to zero."""
    storage_class: str = ""
    volume_size: str = "100Gi"
    """The size of model volumes that declare none."""
    volume_access: Literal["", "ReadWriteOnce", "ReadWriteMany"] = ""
    """How model volumes of a workload's own are mounted; empty for once where one replica is the most, else by many.

    A volume cannot change it later, so a workload that may grow beyond one replica wants ``ReadWriteMany`` at once.
    """
    domain: str = ""
    """The domain of hosts, such as ``example.com``; empty for names inside the cluster only."""
    entry: Entry | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    """The name of the Secret that stands for each credential id."""
    api_key: SecretKey | None = None
    """What ``wl.api_key()`` stands for."""
    priority_classes: Mapping[str, str] = field(default_factory=dict)
    """The priorityClassName of each importance."""
    image_pull_secrets: tuple[str, ...] = ()
    ngc_secret: str = ""
    """The Secret whose key NGC_API_KEY fetches NIM models."""
    gpu_surge: bool = False
    """Whether a rollout may hold GPUs for old and new pods at once; else an old pod stops first."""
    allow_root: bool = False
    """Whether containers may run as root; else they must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a workload becomes on a target; with an error among the problems it must not be applied."""

    objects: tuple[RenderedObject, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    """Errors and warnings, each with address, path and fix."""
    notes: tuple[str, ...] = ()
    """What a person may want to know and need not act on."""
    endpoint: str = ""
    """The URL that serves the first group."""
