"""What the API server's documents look like, as far as something is read of them without asking.

`answers` holds every answer against these types where it enters; keys they do not name are the object's own.
"""

from __future__ import annotations

from typing import Any, Final, Required, TypedDict

__all__ = ["BuiltIn", "Deletion", "Discovery", "Event", "Listing", "Refusing", "Resources", "Thing", "shape_of"]


class Owner(TypedDict, total=False):
    """An entry of ``ownerReferences``."""

    apiVersion: str
    kind: str
    name: str
    uid: str
    controller: bool


class Managed(TypedDict, total=False):
    """An entry of ``managedFields``."""

    manager: Required[str]
    operation: str
    subresource: str
    time: str
    fieldsV1: dict[str, Any]


class Meta(TypedDict, total=False):
    """The metadata of an object."""

    name: Required[str]
    namespace: str
    uid: str
    resourceVersion: str
    generation: int
    labels: dict[str, str]
    annotations: dict[str, str]
    finalizers: list[str]
    ownerReferences: list[Owner]
    managedFields: list[Managed]
    creationTimestamp: str
    deletionTimestamp: str


class Thing(TypedDict, total=False):
    """An object of any kind."""

    apiVersion: str
    kind: str
    metadata: Required[Meta]
    spec: dict[str, Any]
    status: dict[str, Any]


class Condition(TypedDict, total=False):
    """A condition of a status."""

    type: str
    status: str
    reason: str
    message: str


class Status(TypedDict, total=False):
    """What waits read of the kinds that every cluster has."""

    phase: str
    conditions: list[Condition]
    observedGeneration: int
    replicas: int
    readyReplicas: int
    updatedReplicas: int
    availableReplicas: int
    unavailableReplicas: int
    currentReplicas: int
    containerStatuses: list[dict[str, Any]]
    initContainerStatuses: list[dict[str, Any]]


class Amounts(TypedDict, total=False):
    """The resources of a container or a claim."""

    limits: dict[str, str | float]
    requests: dict[str, str | float]


class ContainerSpec(TypedDict, total=False):
    """A container of a pod."""

    name: str
    image: str
    resources: Amounts
    env: list[dict[str, Any]]
    envFrom: list[dict[str, Any]]
    ports: list[dict[str, Any]]
    volumeMounts: list[dict[str, Any]]


class PodSpec(TypedDict, total=False):
    """The pod of a template, or a pod itself."""

    containers: list[ContainerSpec]
    initContainers: list[ContainerSpec]
    volumes: list[dict[str, Any]]
    tolerations: list[dict[str, Any]]
    nodeSelector: dict[str, str]
    nodeName: str


class TemplateMeta(TypedDict, total=False):
    """The metadata of a template."""

    labels: dict[str, str]
    annotations: dict[str, str]


class Template(TypedDict, total=False):
    """The template of the pods of a set."""

    metadata: TemplateMeta
    spec: PodSpec


class RollingUpdate(TypedDict, total=False):
    """How many pods a roll may have beyond and below the wanted number."""

    maxSurge: int | str
    maxUnavailable: int | str
    partition: int


class Strategy(TypedDict, total=False):
    """How a set rolls."""

    type: str
    rollingUpdate: RollingUpdate


class Spec(PodSpec, total=False):
    """What planning reads of the kinds that every cluster has: of sets, pods, claims, services and autoscalers."""

    replicas: int
    selector: dict[str, Any]
    template: Template
    strategy: Strategy
    updateStrategy: Strategy
    volumeClaimTemplates: list[dict[str, Any]]
    resources: Amounts
    accessModes: list[str]
    minReplicas: int
    maxReplicas: int
    metrics: list[dict[str, Any]]
    ports: list[dict[str, Any]]


class BuiltIn(TypedDict, total=False):
    """An object of a kind that every cluster has."""

    apiVersion: str
    kind: str
    metadata: Required[Meta]
    spec: Spec
    status: Status


class ListMeta(TypedDict, total=False):
    """The metadata of a list; ``continue`` is read by name."""

    resourceVersion: str
    remainingItemCount: int


class Listing(TypedDict, total=False):
    """A page of a list."""

    kind: Required[str]
    metadata: Required[ListMeta]
    items: list[Thing]


class Deletion(TypedDict, total=False):
    """The answer to a deletion: a Status, or the object that is going."""

    kind: Required[str]


class Event(TypedDict, total=False):
    """What a watch sends."""

    type: Required[str]
    object: Required[dict[str, Any]]


class CauseEntry(TypedDict, total=False):
    """An entry of ``Status.details.causes``."""

    reason: str
    field: str
    message: str


class Details(TypedDict, total=False):
    """``Status.details``."""

    name: str
    kind: str
    causes: list[CauseEntry]


class Refusing(TypedDict, total=False):
    """A Status that says why a request was refused."""

    message: str
    reason: str
    details: Details


class ResponseKind(TypedDict, total=False):
    """The kind of a served resource."""

    kind: str


class ServedResource(TypedDict, total=False):
    """A resource of a version."""

    resource: Required[str]
    scope: Required[str]
    responseKind: ResponseKind


class ServedVersion(TypedDict, total=False):
    """A version of a group."""

    version: Required[str]
    resources: list[ServedResource]


class GroupMeta(TypedDict, total=False):
    """The metadata of a group."""

    name: str


class ServedGroup(TypedDict, total=False):
    """A group of the aggregated discovery."""

    metadata: GroupMeta
    versions: list[ServedVersion]


class Discovery(TypedDict, total=False):
    """What the cluster serves, in one document."""

    kind: Required[str]
    items: list[ServedGroup]


class Resource(TypedDict, total=False):
    """An entry of the older discovery of one version."""

    name: Required[str]
    kind: Required[str]
    namespaced: Required[bool]


class Resources(TypedDict, total=False):
    """What one version serves."""

    kind: Required[str]
    resources: list[Resource]


_BUILT_IN: Final = frozenset({"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "storage.k8s.io"})


def shape_of(group: str) -> Any:
    """Return what an object of that API group looks like."""
    return BuiltIn if group in _BUILT_IN else Thing
