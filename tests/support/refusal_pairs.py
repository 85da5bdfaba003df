"""Pairs of objects whose second form the API server refuses as an update of the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .cluster_stage import container

__all__ = ["DATABASES", "IMMUTABLE", "Pair", "refused", "surroundings"]

Body = Mapping[str, Any]
LABELS = {"app": "web"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One object before and after, and a word of the cluster's refusal."""

    before: Body
    after: Body
    said: str = "immutable"

    @property
    def name(self) -> str:
        """The name of both."""
        return str(self.before["metadata"]["name"])


def made(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **more}


def pods(image: str = "nginx:1", app: str = "web", **more: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container(image)], **more}}


def deployment(name: str, *, app: str = "web", image: str = "nginx:1", **more: Any) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": app}}, "template": pods(image, app), "replicas": 0, **more}
    return made("apps/v1", "Deployment", name, spec=spec)


def stateful(name: str, service: str = "one") -> dict[str, Any]:
    spec = {"serviceName": service, "replicas": 0, "selector": {"matchLabels": LABELS}, "template": pods()}
    return made("apps/v1", "StatefulSet", name, spec=spec)


def service(name: str, port: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return made("v1", "Service", name, spec={"selector": LABELS, "ports": [{"port": 80, **(port or {})}], **more})


def cache(name: str, **more: Any) -> dict[str, Any]:
    source = {"ngc": {"modelPuller": "x:1", "pullSecret": "n", "authSecret": "n", **more}}
    storage = {"pvc": {"name": "models"}}
    return made("apps.nvidia.com/v1alpha1", "NIMCache", name, spec={"source": source, "storage": storage})


def database(name: str, storage: str) -> dict[str, Any]:
    return made("demo.example.com/v1", "Database", name, spec={"storageClass": storage})


def role_binding(name: str, role: str) -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    return made("rbac.authorization.k8s.io/v1", "RoleBinding", name, roleRef=reference, subjects=[])


def slice_of(name: str, kind: str) -> dict[str, Any]:
    return made("discovery.k8s.io/v1", "EndpointSlice", name, addressType=kind, endpoints=[])


def quota(name: str, scope: str) -> dict[str, Any]:
    return made("v1", "ResourceQuota", name, spec={"hard": {"pods": "100"}, "scopes": [scope]})


def revision(name: str, data: str) -> dict[str, Any]:
    return made("apps/v1", "ControllerRevision", name, revision=1, data={"a": data})


def job(name: str, image: str) -> dict[str, Any]:
    return made("batch/v1", "Job", name, spec={"suspend": True, "template": pods(image, restartPolicy="Never")})


def pod(name: str, command: str) -> dict[str, Any]:
    return made("v1", "Pod", name, spec={"containers": [container(command=[command])]})


IMMUTABLE = (
    Pair(before=deployment("selector"), after=deployment("selector", app="other")),
    Pair(before=stateful("set"), after=stateful("set", "two"), said="updates to statefulset spec"),
    Pair(before=job("job", "nginx:1"), after=job("job", "nginx:2")),
    Pair(before=service("address"), after=service("address", clusterIP="None"), said="may not change once set"),
    Pair(
        before=made("v1", "ConfigMap", "settings", immutable=True, data={"a": "1"}),
        after=made("v1", "ConfigMap", "settings", immutable=True, data={"a": "2"}),
    ),
    Pair(
        before=made("v1", "Secret", "sealed", immutable=True, stringData={"a": "1"}),
        after=made("v1", "Secret", "sealed", immutable=True, stringData={"a": "2"}),
    ),
    Pair(
        before=made("v1", "Secret", "typed", type="Opaque"),
        after=made("v1", "Secret", "typed", type="example.com/other"),
    ),
    Pair(before=role_binding("binding", "one"), after=role_binding("binding", "two"), said="cannot change roleRef"),
    Pair(before=pod("pod", "one"), after=pod("pod", "two"), said="may not change fields other than"),
    Pair(before=slice_of("slice", "IPv4"), after=slice_of("slice", "IPv6")),
    Pair(before=quota("quota", "Terminating"), after=quota("quota", "NotTerminating")),
    Pair(before=revision("revision", "1"), after=revision("revision", "2")),
)
"""Fields that never change: each has to be replaced."""


def refused(taken: int) -> tuple[Pair, ...]:
    """Return pairs whose refusal is anything else; ``taken`` is a node port of another Service."""
    return (
        Pair(before=deployment("image"), after=deployment("image", image="nginx:2"), said="images need a ticket"),
        Pair(
            before=deployment("frozen", replicas=2),
            after=deployment("frozen", replicas=1),
            said="replicas are immutable during the freeze",
        ),
        Pair(
            before=service("taken"),
            after=service("taken", {"nodePort": taken}, type="NodePort"),
            said="provided port is already allocated",
        ),
        Pair(before=service("sticky"), after=service("sticky", sessionAffinity="Often"), said="Unsupported value"),
        Pair(
            before=service("policy"),
            after=service("policy", externalTrafficPolicy="Local"),
            said="may only be set for externally-accessible services",
        ),
        Pair(before=cache("null"), after=cache("null", model={"profiles": None}), said="must be of type array"),
        Pair(
            before=deployment("typed-wrong"), after=deployment("typed-wrong", replicas="three"), said="expected numeric"
        ),
        Pair(
            before=deployment("negative"), after=deployment("negative", replicas=-1), said="greater than or equal to 0"
        ),
        Pair(
            before=deployment("labelled"),
            after=deployment("labelled", app="is immutable!"),
            said="a valid label must be",
        ),
        Pair(
            before=deployment("owned", strategy={"type": "RollingUpdate"}),
            after=deployment("owned", strategy={"type": "Recreate"}),
            said="spec.strategy.rollingUpdate is managed by other",
        ),
        Pair(before=service("limited"), after=service("limited", type="LoadBalancer"), said="exceeded quota"),
        Pair(before=deployment("edited"), after=deployment("edited", replicas=3), said="is managed by editor"),
        Pair(
            before=database("database", "one"), after=database("database", "two"), said="the storage class is immutable"
        ),
        Pair(before=database("wordless", "one"), after=database("wordless", ""), said="self.storageClass"),
    )


DATABASES = made(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "databases.demo.example.com",
    spec={
        "group": "demo.example.com",
        "scope": "Namespaced",
        "names": {"kind": "Database", "plural": "databases", "singular": "database"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"storageClass": {"type": "string"}},
                                "x-kubernetes-validations": [
                                    {
                                        "rule": "self.storageClass == oldSelf.storageClass",
                                        "message": "the storage class is immutable",
                                    },
                                    {"rule": "self.storageClass != ''"},
                                ],
                            }
                        },
                    }
                },
            }
        ],
    },
)


def policy(name: str, namespace: str, target: str, expression: str, message: str) -> tuple[Body, Body]:
    """Return an admission policy about updates of one Deployment, and its binding to the namespace."""
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    matched = {"resourceRules": [{**rule, "resourceNames": [target]}]}
    spec = {"matchConstraints": matched, "validations": [{"expression": expression, "message": message}]}
    place = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    bound = {"policyName": name, "validationActions": ["Deny"], "matchResources": place}
    api = "admissionregistration.k8s.io/v1"
    return (
        made(api, "ValidatingAdmissionPolicy", name, spec=spec),
        made(api, "ValidatingAdmissionPolicyBinding", name, spec=bound),
    )


def surroundings(namespace: str) -> tuple[Body, ...]:
    """Return what makes the cluster refuse: policies about updates, and a quota."""
    image = "object.spec.template.spec.containers[0].image"
    return (
        *policy(f"image-{namespace}", namespace, "image", f"{image} == oldO{image[1:]}", "images need a ticket"),
        *policy(
            f"freeze-{namespace}",
            namespace,
            "frozen",
            "object.spec.replicas >= oldObject.spec.replicas",
            "replicas are immutable during the freeze",
        ),
        made("v1", "ResourceQuota", "few", spec={"hard": {"services.loadbalancers": "0"}}),
    )
