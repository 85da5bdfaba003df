"""How to reach a cluster and how to treat what is on it: the options of an environment with ``provider="kubernetes"``.

The provider's `connect` validates them; `session` finds the cluster by them with the first request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from wlinfra.provider import ConnectionOptions

from .documents.policies import problem_of

__all__ = ["KubernetesConfig"]

ConflictPolicy = Literal["error", "force", "yield"]


class KubernetesConfig(ConnectionOptions):
    """The options of an environment with ``provider="kubernetes"``; times are in seconds."""

    kubeconfig: Path | None = None
    """When left out: the variable KUBECONFIG, else ``~/.kube/config``, else the service account of the pod this runs in."""
    context: str | None = None
    """The context of the kubeconfig; its current one when left out."""
    namespace: str = Field(default="default", min_length=1, max_length=63)
    """Where objects live that name no namespace."""
    conflicts: dict[str, ConflictPolicy] = Field(default_factory=dict)
    """What to do about fields of other managers: path, or pattern, to ``error``, ``force`` or ``yield``."""
    read_only: bool = False
    """The account may only read: plans are predicted, nothing can be applied."""
    delete_volumes: bool = False
    """Delete volume claims with what used them; otherwise they are kept and named."""
    parallelism: int = Field(default=8, ge=1, le=64)
    """How many requests a plan has under way at once."""
    image_grace: float = Field(default=30.0, ge=0)
    """How long a container may be unable to begin, say for its image or a Secret, before waiting is given up."""
    schedule_timeout: float = Field(default=120.0, ge=0)
    """How long a pod may find no node, or not be made for a quota; a cluster that adds nodes needs more."""
    adds_nodes: bool = False
    """The cluster adds nodes by itself, so that a bundle may be asked for that no node of now could hold."""
    crash_restarts: int = Field(default=3, ge=1)
    """How many restarts of a crashing container end the wait."""
    bundles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """The catalogue of resource bundles."""
    target: dict[str, Any] = Field(default_factory=dict)
    """What the cluster offers to workloads, such as KEDA; see docs/kubernetes.md."""

    @field_validator("conflicts")
    @classmethod
    def _has_paths(cls, conflicts: dict[str, ConflictPolicy]) -> dict[str, ConflictPolicy]:
        for pattern in conflicts:
            if problem := problem_of(pattern):
                raise PydanticCustomError("path", "{problem}", {"problem": problem})
        return conflicts
