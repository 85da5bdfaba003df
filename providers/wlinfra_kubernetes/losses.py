"""What is lost when an object goes: nothing, data that can be named, or it is unknown.

`plan` asks before it deletes and `planning.replacement` before it replaces. A kind that is not listed here may hold
anything: an operator may delete a database with its object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wlinfra.provider import BlastRadius
from wlinfra_manifests.document import Key

from .volumes import CACHE, CLAIM, STATEFUL, deletes_claims, owned_claim, templates_of

__all__ = ["Loss", "is_built_in", "is_known", "is_replaced_unasked", "loss_of", "with_loss"]

_BUILT_IN: Final = frozenset(
    {
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling",
        "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
        "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    }
)  # fmt: skip
"""Groups that the API server itself defines."""
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "apps.nvidia.com": frozenset({"NIMCache", "NIMService"}),
    "keda.sh": frozenset({"ClusterTriggerAuthentication", "ScaledJob", "ScaledObject", "TriggerAuthentication"}),
    "http.keda.sh": frozenset({"HTTPScaledObject", "InterceptorRoute"}),
    "gateway.networking.k8s.io": frozenset(
        {"BackendTLSPolicy", "GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant", "TLSRoute"}
    ),
    "monitoring.coreos.com": frozenset({"PodMonitor", "Probe", "PrometheusRule", "ScrapeConfig", "ServiceMonitor"}),
}
"""Kinds of operators that are settings alone, or whose losses `loss_of` names."""


_ASKED: Final = frozenset({CLAIM, "v1/Namespace", "v1/PersistentVolume"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What goes with an object."""

    words: str
    certain: bool = True
    """False where data may go with it, which is not known."""

    @property
    def blast_radius(self) -> BlastRadius:
        """What the end of the object does."""
        return BlastRadius.DATA_LOSS if self.certain else BlastRadius.LOSS_UNKNOWN


def is_built_in(key: Key) -> bool:
    """Return whether the API server itself defines the kind, not a CustomResourceDefinition."""
    return key.group in _BUILT_IN


def is_known(key: Key) -> bool:
    """Return whether it is known what goes with an object of the kind."""
    return is_built_in(key) or key.kind in _KNOWN.get(key.group, ())


def is_replaced_unasked(key: Key) -> bool:
    """Return whether an object of the kind may be recreated because a field of it never changes.

    Volumes, and what takes other objects along, are replaced only when a user asks for it, and so is what is unknown.
    """
    return is_known(key) and key.full_kind not in _ASKED and key.kind != "CustomResourceDefinition"


def loss_of(key: Key, document: Mapping[str, Any]) -> Loss | None:
    """Return what is lost when the object is deleted; None when nothing is."""
    if not is_known(key):
        return Loss(words=f"what goes with a {key.kind} is not known here, and it may be data", certain=False)
    if key.full_kind == CLAIM:
        return Loss(words="what is on the volume is lost")
    if key.full_kind == "v1/PersistentVolume":
        policy = (document.get("spec") or {}).get("persistentVolumeReclaimPolicy")
        return Loss(words=f"what is on the volume goes with it where its policy says so ({policy})", certain=False)
    if name := owned_claim(document):
        what = "the cached model" if key.full_kind == CACHE else "the model"
        return Loss(words=f"{what} on the volume {name} goes with it, and has to be downloaded again")
    if key.full_kind == STATEFUL and deletes_claims(document):
        templates = ", ".join(templates_of(document))
        return Loss(words=f"the volumes of {templates} go with it, as its persistentVolumeClaimRetentionPolicy says")
    if key.full_kind == "v1/Namespace":
        return Loss(words="everything in the namespace goes with it")
    if key.kind == "CustomResourceDefinition":
        return Loss(words="every object of that kind goes with it, in all namespaces")
    return None


def with_loss(lost: Loss | None) -> dict[str, Any]:
    """Return the fields of a replacement that say what it loses; without a loss it interrupts what runs."""
    if lost is None:
        return {"blast_radius": BlastRadius.DOWNTIME, "reversible": True, "irreversible_because": ""}
    return {"blast_radius": lost.blast_radius, "reversible": False, "irreversible_because": lost.words}
