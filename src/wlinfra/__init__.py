"""Plan and apply AI workloads declared in Python.

Users write ``import wlinfra as wl``. The names below are the promised ones; each is loaded on first use, so that the
import itself costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wlinfra.errors import ConfigurationError, DeclarationError, Diagnostic, WlinfraError
    from wlinfra.plan.model import PlanOptions
    from wlinfra.resources.artifact import Artifact, Storage
    from wlinfra.resources.autoscaling import (
        Autoscaling,
        Metric,
        ScalingPolicy,
        concurrency,
        cpu,
        custom_metric,
        gpu_cache,
        queue_depth,
        requests_in_flight,
        requests_per_hour,
    )
    from wlinfra.resources.base import Resource
    from wlinfra.resources.container import (
        Capabilities,
        CodeRef,
        Container,
        ContainerGroup,
        GeneratedDockerfile,
        ImageBuild,
        Probe,
        ProvidedDockerfile,
        SeccompProfile,
        SecurityContext,
    )
    from wlinfra.resources.declaring import scope
    from wlinfra.resources.lifecycle import ReplaceOrder
    from wlinfra.resources.lookup import Lookup, lookup
    from wlinfra.resources.model import Model
    from wlinfra.resources.output import Output
    from wlinfra.resources.runtime import Allocation, ContainerRuntime, GroupRuntime, Runtime
    from wlinfra.resources.variables import EnvVar, api_key, credential
    from wlinfra.resources.workload import ReplacementPolicy, SharedRole, Workload
    from wlinfra.stack.form import form_schema, from_form, to_form
    from wlinfra.stack.program import Declared, declare, load_stack
    from wlinfra.stack.secrets import SecretSource, secret, secret_command, secret_env, secret_file
    from wlinfra.stack.settings import Settings
    from wlinfra.stack.stack import Environment, Stack
    from wlinfra.values import Address, Ref, Secret
    from wlinfra.workspace.workspace import Workspace, open_workspace

__all__ = [  # noqa: RUF022 - in the order of the alphabet, whatever the case
    "Address",
    "Allocation",
    "api_key",
    "Artifact",
    "Autoscaling",
    "Capabilities",
    "CodeRef",
    "concurrency",
    "ConfigurationError",
    "Container",
    "ContainerGroup",
    "ContainerRuntime",
    "cpu",
    "credential",
    "custom_metric",
    "DeclarationError",
    "declare",
    "Declared",
    "Diagnostic",
    "Environment",
    "EnvVar",
    "form_schema",
    "from_form",
    "GeneratedDockerfile",
    "gpu_cache",
    "GroupRuntime",
    "ImageBuild",
    "load_stack",
    "Lookup",
    "lookup",
    "Metric",
    "Model",
    "open_workspace",
    "Output",
    "PlanOptions",
    "Probe",
    "ProvidedDockerfile",
    "queue_depth",
    "Ref",
    "ReplacementPolicy",
    "ReplaceOrder",
    "requests_in_flight",
    "requests_per_hour",
    "Resource",
    "Runtime",
    "ScalingPolicy",
    "scope",
    "SeccompProfile",
    "Secret",
    "secret",
    "secret_command",
    "secret_env",
    "secret_file",
    "SecretSource",
    "SecurityContext",
    "Settings",
    "SharedRole",
    "Stack",
    "Storage",
    "to_form",
    "WlinfraError",
    "Workload",
    "Workspace",
]

_HOMES = {
    "errors": ("ConfigurationError", "DeclarationError", "Diagnostic", "WlinfraError"),
    "plan.model": ("PlanOptions",),
    "values": ("Address", "Ref", "Secret"),
    "resources.artifact": ("Artifact", "Storage"),
    "resources.autoscaling": (
        "Autoscaling",
        "concurrency",
        "cpu",
        "custom_metric",
        "gpu_cache",
        "Metric",
        "queue_depth",
        "requests_in_flight",
        "requests_per_hour",
        "ScalingPolicy",
    ),
    "resources.base": ("Resource",),
    "resources.container": (
        "Capabilities",
        "CodeRef",
        "Container",
        "ContainerGroup",
        "GeneratedDockerfile",
        "ImageBuild",
        "Probe",
        "ProvidedDockerfile",
        "SeccompProfile",
        "SecurityContext",
    ),
    "resources.declaring": ("scope",),
    "resources.lifecycle": ("ReplaceOrder",),
    "resources.lookup": ("Lookup", "lookup"),
    "resources.model": ("Model",),
    "resources.output": ("Output",),
    "resources.runtime": ("Allocation", "ContainerRuntime", "GroupRuntime", "Runtime"),
    "resources.variables": ("api_key", "credential", "EnvVar"),
    "resources.workload": ("ReplacementPolicy", "SharedRole", "Workload"),
    "stack.form": ("form_schema", "from_form", "to_form"),
    "stack.program": ("declare", "Declared", "load_stack"),
    "stack.secrets": ("secret", "secret_command", "secret_env", "secret_file", "SecretSource"),
    "stack.settings": ("Settings",),
    "stack.stack": ("Environment", "Stack"),
    "workspace.workspace": ("open_workspace", "Workspace"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
