"""How to reach a cluster and how to treat what is on it: the options of an environment with ``provider="kubernetes"``.

The provider's `connect` validates them; `open_session` asks the ``kubernetes`` client for configuration,
authentication and connections with the first request. Objects never pass through that client's models.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from wlinfra.errors import ConfigurationError, Diagnostic

from .policies import problem_of

if TYPE_CHECKING:
    import urllib3

__all__ = ["KubernetesConfig", "Session", "open_session", "parse_config"]

Policy = Literal["error", "force", "yield"]


class KubernetesConfig(BaseModel):
    """The options of an environment with ``provider="kubernetes"``; times are in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    kubeconfig: Path | None = None
    """None: the variable KUBECONFIG, else ``~/.kube/config``, else the service account of the pod this runs in."""
    context: str | None = None
    namespace: str = Field(default="default", min_length=1, max_length=63)
    """Where objects live that name no namespace."""
    conflicts: dict[str, Policy] = Field(default_factory=dict)
    """What to do about fields of other managers: path, or pattern, to ``error``, ``force`` or ``yield``."""
    read_only: bool = False
    """The account may only read: plans are predicted, nothing can be applied."""
    delete_volumes: bool = False
    """Delete volume claims with what used them; otherwise they are kept and named."""
    connect_timeout: float = Field(default=10.0, gt=0)
    read_timeout: float = Field(default=60.0, gt=0)
    retries: int = Field(default=5, ge=0)
    parallelism: int = Field(default=8, ge=1, le=64)
    """How many requests a plan has under way at once."""
    image_grace: float = Field(default=30.0, ge=0)
    """How long an image may fail to be pulled before waiting for it is given up."""
    schedule_timeout: float = Field(default=120.0, ge=0)
    """How long a pod may find no node before waiting is given up; a cluster that adds nodes needs more."""
    adds_nodes: bool = False
    """The cluster adds nodes by itself, so that a bundle may be asked for that no node of now could hold."""
    crash_restarts: int = Field(default=3, ge=1)
    """How many restarts of a crashing container end the wait."""
    bundles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The catalogue of resource bundles."""
    target: dict[str, Any] = Field(default_factory=dict)
    """What the cluster offers to workloads, see the documentation of `wlinfra.manifests`."""

    @field_validator("conflicts")
    @classmethod
    def _has_paths(cls, conflicts: dict[str, Policy]) -> dict[str, Policy]:
        for pattern in conflicts:
            if problem := problem_of(pattern):
                raise PydanticCustomError("path", "{problem}", {"problem": problem})
        return conflicts


def parse_config(options: Mapping[str, Any]) -> KubernetesConfig:
    """Return the options as a configuration; raises ConfigurationError that names each wrong one, never its value."""
    try:
        return KubernetesConfig.model_validate(dict(options))
    except ValidationError as error:
        fix = f"The options are: {', '.join(KubernetesConfig.model_fields)}."
        wrong = [
            Diagnostic(
                summary="Provider option is wrong",
                detail=f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}.",
                fix=fix,
            )
            for entry in error.errors(include_input=False, include_context=False, include_url=False)
        ]
        raise ConfigurationError(*wrong) from error


@dataclass(slots=True, kw_only=True)
class Session:
    """Where the API server is, how to sign in, and the connections to it."""

    host: str
    pool: urllib3.PoolManager
    configuration: Any = field(repr=False)
    """The client's own; it renews tokens when asked for its headers."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sign_in(self) -> dict[str, str]:
        """Return the headers that prove who we are; renews a token that is about to end."""
        with self._lock:
            settings = self.configuration.auth_settings()
        return {entry["key"]: entry["value"] for entry in settings.values() if entry.get("in") == "header"}

    def close(self) -> None:
        """Close the connections."""
        self.pool.clear()


def open_session(config: KubernetesConfig, environ: Mapping[str, str]) -> Session:
    """Return a session; raises ConfigurationError when the extra, the file or the context is missing."""
    try:
        from kubernetes import client
        from kubernetes import config as loading
    except ModuleNotFoundError as error:
        raise ConfigurationError.of(
            "Provider needs an extra",
            f"The Kubernetes provider needs the module {error.name!r}, which is not installed.",
            "Install it with\n    pip install 'wlinfra[kubernetes]'",
        ) from error
    settings = client.Configuration()
    settings.connection_pool_maxsize = max(config.parallelism, 8) + 32
    place = _kubeconfig(config, environ)
    try:
        if place is None:
            loading.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
            api = client.ApiClient(settings)
        else:
            api = loading.new_client_from_config(  # type: ignore[no-untyped-call]
                config_file=place, context=config.context, persist_config=False, client_configuration=settings
            )
    except (loading.ConfigException, OSError, TypeError, ValueError) as error:
        raise ConfigurationError.of(
            "Kubeconfig cannot be used",
            f"{place or 'The service account of this pod'} does not say how to reach the cluster: {error}.",
            "Correct `kubeconfig` and `context` in the environment's options, or the variable KUBECONFIG.",
        ) from error
    made = api.configuration
    return Session(host=str(made.host).rstrip("/"), pool=api.rest_client.pool_manager, configuration=made)


def _kubeconfig(config: KubernetesConfig, environ: Mapping[str, str]) -> str | None:
    """Return the file or files to read; None inside a cluster without any."""
    if config.kubeconfig is not None:
        return str(config.kubeconfig.expanduser())
    if environ.get("KUBECONFIG"):
        return environ["KUBECONFIG"]
    home = environ.get("HOME")
    usual = Path(home) / ".kube" / "config" if home else Path("~/.kube/config").expanduser()
    if not usual.exists() and environ.get("KUBERNETES_SERVICE_HOST"):
        return None
    return str(usual)
