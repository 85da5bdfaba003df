"""Objects that the engines' tests send to a cluster, each as small as its kind allows."""

from __future__ import annotations

from engines.kubernetes.client import Json

__all__ = ["autoscaler", "claim", "deployment", "nim_cache", "nim_service", "route", "scaled_object"]


def deployment(name: str, *, image: str = "nginx", replicas: int = 1, limits: Json | None = None) -> Json:
    """A Deployment of one container that asks for a tenth of a processor and the limits."""
    resources = {"requests": {"cpu": "100m"}, "limits": limits or {}}
    container = {"name": "main", "image": image, "resources": resources}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def autoscaler(name: str, metric: Json, *, most: int = 5) -> Json:
    """An autoscaler of the Deployment of that name."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": most, "metrics": [metric]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": spec,
    }


def claim(name: str, *, storage_class: str = "shared", size: str = "1Gi") -> Json:
    """A claim of a volume."""
    spec = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": size}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def nim_service(name: str, **fields: object) -> Json:
    """A NIMService with an image and whatever else of the spec is given."""
    image = {"repository": "nvcr.io/nim/meta/llama3-8b-instruct", "tag": "1.0.3"}
    return {
        "apiVersion": "apps.nvidia.com/v1alpha1",
        "kind": "NIMService",
        "metadata": {"name": name},
        "spec": {"image": image, "authSecret": "ngc", "storage": {"pvc": {"name": "models"}}, **fields},
    }


def nim_cache(name: str, **fields: object) -> Json:
    """A NIMCache that pulls from NGC into a claim of its own."""
    source = {"ngc": {"modelPuller": "nvcr.io/nim/meta/llama3-8b-instruct:1.0.3", "authSecret": "ngc"}}
    storage = {"pvc": {"create": True, "storageClass": "shared", "size": "10Gi", "volumeAccessMode": "ReadWriteMany"}}
    return {
        "apiVersion": "apps.nvidia.com/v1alpha1",
        "kind": "NIMCache",
        "metadata": {"name": name},
        "spec": {"source": source, "storage": storage, **fields},
    }


def route(name: str, **fields: object) -> Json:
    """An InterceptorRoute that scales by concurrency."""
    return {
        "apiVersion": "http.keda.sh/v1beta1",
        "kind": "InterceptorRoute",
        "metadata": {"name": name},
        "spec": {
            "target": {"service": name, "port": 80},
            "rules": [{"hosts": [f"{name}.example.com"]}],
            "scalingMetric": {"concurrency": {"targetValue": 10}},
            **fields,
        },
    }


def scaled_object(name: str, server: str, query: str) -> Json:
    """A ScaledObject of the Deployment of that name, on a query of Prometheus."""
    trigger = {"type": "prometheus", "metadata": {"serverAddress": server, "query": query, "threshold": "10"}}
    spec = {
        "scaleTargetRef": {"name": name},
        "minReplicaCount": 0,
        "maxReplicaCount": 3,
        "pollingInterval": 1,
        "cooldownPeriod": 1,
        "triggers": [trigger],
    }
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": name}, "spec": spec}
