"""AI workloads in Pulumi programs, planned and applied by wlinfra.

Attributes are those of wlinfra's own declarations; an Output may stand anywhere, and so may plain values of wlinfra, such
as ``wl.Container(...)`` or ``wl.secret_env("HF_TOKEN")``.

    import pulumi_wlinfra as wlinfra

    server = wlinfra.Artifact("server", containers=[{"image": "ghcr.io/acme/chat:1.4.2", "port": 8080}])
    chat = wlinfra.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pulumi_wlinfra import _types
from pulumi_wlinfra._provider import Provider
from pulumi_wlinfra._resources import Artifact, Workload
from pulumi_wlinfra._types import (
    Allocation,
    ArtifactDeclaration,
    Autoscaling,
    Capabilities,
    CodeRef,
    Container,
    ContainerGroup,
    ContainerRuntime,
    GeneratedDockerfile,
    GroupRuntime,
    ImageBuild,
    Probe,
    ProvidedDockerfile,
    ReplacementPolicy,
    Runtime,
    ScalingPolicy,
    SeccompProfile,
    SecurityContext,
    SharedRole,
    Storage,
)

if TYPE_CHECKING:
    from pulumi_wlinfra._deploy import Deployment as Deployment
    from pulumi_wlinfra._deploy import deploy as deploy
    from pulumi_wlinfra._lookups import get_artifact as get_artifact
    from pulumi_wlinfra._lookups import get_workload as get_workload

__all__ = [
    "Allocation",
    "Artifact",
    "ArtifactDeclaration",
    "Autoscaling",
    "Capabilities",
    "CodeRef",
    "Container",
    "ContainerGroup",
    "ContainerRuntime",
    "Deployment",
    "GeneratedDockerfile",
    "GroupRuntime",
    "ImageBuild",
    "Probe",
    "ProvidedDockerfile",
    "Provider",
    "ReplacementPolicy",
    "Runtime",
    "ScalingPolicy",
    "SeccompProfile",
    "SecurityContext",
    "SharedRole",
    "Storage",
    "Workload",
    "deploy",
    "get_artifact",
    "get_workload",
]

_LATER = {"Deployment": "_deploy", "deploy": "_deploy", "get_artifact": "_lookups", "get_workload": "_lookups"}
"""What most programs do not use, and where it is."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    if name in ("kubernetes", "testing"):
        return import_module(f"{__name__}.{name}")
    if name.endswith("Args") and name.removesuffix("Args") in _types.__all__:  # as Pulumi's generators write them
        return getattr(_types, name.removesuffix("Args"))
    words = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(words, name=name, obj=sys.modules[__name__])
