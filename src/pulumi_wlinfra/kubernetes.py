"""The resources that only kubernetes has.

Generated from the package schema by `python scripts/pulumi_sdk.py`; do not edit it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_wlinfra._base import Declared, Result

if TYPE_CHECKING:
    from pulumi_wlinfra._types import (
        ManifestDeclaration,
    )

__all__ = ["Manifest"]


class Manifest(Declared):
    """Any Kubernetes object; texts in it may hold references, and others may refer to its outputs."""

    _kind = "wlinfra:kubernetes:Manifest"
    _shape = "kubernetes.Manifest"
    _own_id = "manifestId"

    adopt = Result[bool | None]("adopt")
    """Take over an existing object of that name without asking."""
    manifest = Result[Any]("manifest")
    """The object as Kubernetes takes it."""
    cluster_scoped = Result[bool | None]("clusterScoped")
    """Whether it lives in no namespace; known for the kinds of Kubernetes itself."""
    outputs = Result[Any]("outputs", "*")
    """Names of outputs and the paths they stand at, such as status.loadBalancer."""
    roll_on = Result[Any]("rollOn", "kubernetes.ManifestDeclaration")
    """Secrets and ConfigMaps whose change restarts its pods, which read them at their start."""
    manifest_id = Result[str]("manifestId")
    """The uid the cluster gave it."""
    values = Result[Any]("values")
    """The outputs that `outputs` names, by name."""
    record = Result[str]("record")
    """What the plugin recorded of its objects; without secrets, and for the plugin alone."""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        manifest: pulumi.Input[Mapping[str, Any]],
        adopt: pulumi.Input[bool] | None = None,
        cluster_scoped: pulumi.Input[bool] | None = None,
        outputs: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        roll_on: pulumi.Input[Sequence[pulumi.Input[ManifestDeclaration | Manifest]]] | None = None,
    ) -> None:
        """Declare the resource.

        :param adopt: Take over an existing object of that name without asking.
        :param manifest: The object as Kubernetes takes it.
        :param cluster_scoped: Whether it lives in no namespace; known for the kinds of Kubernetes itself.
        :param outputs: Names of outputs and the paths they stand at, such as status.loadBalancer.
        :param roll_on: Secrets and ConfigMaps whose change restarts its pods, which read them at their start.
        """
        super().__init__(
            resource_name,
            {
                "adopt": adopt,
                "manifest": manifest,
                "cluster_scoped": cluster_scoped,
                "outputs": outputs,
                "roll_on": roll_on,
            },
            opts,
        )
