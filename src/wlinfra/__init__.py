"""Plan and apply AI workloads declared in Python.

Users write ``import wlinfra as wl``. The names below are the promised ones; each is loaded on first use, so that the
import itself costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wlinfra.errors import ConfigurationError as ConfigurationError
    from wlinfra.errors import DeclarationError as DeclarationError
    from wlinfra.errors import Diagnostic as Diagnostic
    from wlinfra.errors import WlinfraError as WlinfraError
    from wlinfra.plan.model import PlanOptions as PlanOptions
    from wlinfra.resources.artifact import Artifact as Artifact
    from wlinfra.resources.artifact import Storage as Storage
    from wlinfra.resources.autoscaling import Autoscaling as Autoscaling
    from wlinfra.resources.autoscaling import Metric as Metric
    from wlinfra.resources.autoscaling import ScalingPolicy as ScalingPolicy
    from wlinfra.resources.autoscaling import concurrency as concurrency
    from wlinfra.resources.autoscaling import cpu as cpu
    from wlinfra.resources.autoscaling import custom_metric as custom_metric
    from wlinfra.resources.autoscaling import gpu_cache as gpu_cache
    from wlinfra.resources.autoscaling import queue_depth as queue_depth
    from wlinfra.resources.autoscaling import requests_in_flight as requests_in_flight
    from wlinfra.resources.autoscaling import requests_per_hour as requests_per_hour
    from wlinfra.resources.base import Resource as Resource
    from wlinfra.resources.container import Capabilities as Capabilities
    from wlinfra.resources.container import CodeRef as CodeRef
    from wlinfra.resources.container import Container as Container
    from wlinfra.resources.container import ContainerGroup as ContainerGroup
    from wlinfra.resources.container import GeneratedDockerfile as GeneratedDockerfile
    from wlinfra.resources.container import ImageBuild as ImageBuild
    from wlinfra.resources.container import Probe as Probe
    from wlinfra.resources.container import ProvidedDockerfile as ProvidedDockerfile
    from wlinfra.resources.container import SeccompProfile as SeccompProfile
    from wlinfra.resources.container import SecurityContext as SecurityContext
    from wlinfra.resources.declaring import scope as scope
    from wlinfra.resources.lifecycle import ReplaceOrder as ReplaceOrder
    from wlinfra.resources.lookup import Lookup as Lookup
    from wlinfra.resources.lookup import lookup as lookup
    from wlinfra.resources.model import Model as Model
    from wlinfra.resources.output import Output as Output
    from wlinfra.resources.runtime import Allocation as Allocation
    from wlinfra.resources.runtime import ContainerRuntime as ContainerRuntime
    from wlinfra.resources.runtime import GroupRuntime as GroupRuntime
    from wlinfra.resources.runtime import Runtime as Runtime
    from wlinfra.resources.variables import EnvVar as EnvVar
    from wlinfra.resources.variables import api_key as api_key
    from wlinfra.resources.variables import credential as credential
    from wlinfra.resources.workload import ReplacementPolicy as ReplacementPolicy
    from wlinfra.resources.workload import SharedRole as SharedRole
    from wlinfra.resources.workload import Workload as Workload
    from wlinfra.stack.form import form_schema as form_schema
    from wlinfra.stack.form import from_form as from_form
    from wlinfra.stack.form import to_form as to_form
    from wlinfra.stack.program import Declared as Declared
    from wlinfra.stack.program import External as External
    from wlinfra.stack.program import declare as declare
    from wlinfra.stack.program import load_stack as load_stack
    from wlinfra.stack.secrets import SecretSource as SecretSource
    from wlinfra.stack.secrets import secret as secret
    from wlinfra.stack.secrets import secret_command as secret_command
    from wlinfra.stack.secrets import secret_env as secret_env
    from wlinfra.stack.secrets import secret_file as secret_file
    from wlinfra.stack.settings import Settings as Settings
    from wlinfra.stack.stack import Environment as Environment
    from wlinfra.stack.stack import Stack as Stack
    from wlinfra.values import Address as Address
    from wlinfra.values import Ref as Ref
    from wlinfra.values import Secret as Secret
    from wlinfra.workspace.workspace import Workspace as Workspace
    from wlinfra.workspace.workspace import open_workspace as open_workspace

_HOMES = {
    "errors": "ConfigurationError DeclarationError Diagnostic WlinfraError",
    "plan.model": "PlanOptions",
    "values": "Address Ref Secret",
    "resources.artifact": "Artifact Storage",
    "resources.autoscaling": "Autoscaling concurrency cpu custom_metric gpu_cache Metric queue_depth requests_in_flight requests_per_hour ScalingPolicy",
    "resources.base": "Resource",
    "resources.container": "Capabilities CodeRef Container ContainerGroup GeneratedDockerfile ImageBuild Probe ProvidedDockerfile SeccompProfile SecurityContext",
    "resources.declaring": "scope",
    "resources.lifecycle": "ReplaceOrder",
    "resources.lookup": "Lookup lookup",
    "resources.model": "Model",
    "resources.output": "Output",
    "resources.runtime": "Allocation ContainerRuntime GroupRuntime Runtime",
    "resources.variables": "api_key credential EnvVar",
    "resources.workload": "ReplacementPolicy SharedRole Workload",
    "stack.form": "form_schema from_form to_form",
    "stack.program": "declare Declared External load_stack",
    "stack.secrets": "secret secret_command secret_env secret_file SecretSource",
    "stack.settings": "Settings",
    "stack.stack": "Environment Stack",
    "workspace.workspace": "open_workspace Workspace",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_RENAMED = {"Policy": "ScalingPolicy"}

__all__ = sorted(_HOME_OF, key=str.lower)  # noqa: PLE0605 - written out above, where types are checked


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        now = f"; it is wl.{_RENAMED[name]} now" if name in _RENAMED else ""
        words = f"module {__name__!r} has no attribute {name!r}{now}"
        raise AttributeError(words, name=name, obj=sys.modules[__name__])
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
