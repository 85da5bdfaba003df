"""Raw objects of many kinds, in Python and from files, of namespaces and of the whole cluster."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import wlinfra as wl
from wlinfra_kubernetes import Manifest, manifests_from


class Settings(wl.Settings):
    phase: int = 3


stack = wl.Stack("objects", settings=Settings)
SMALL = {"requests": {"cpu": "10m", "memory": "16Mi"}}
OTHER = "objects-other"


@stack.resources
def resources(env: wl.Environment[Settings]) -> Iterator[wl.Resource | wl.Output]:
    phase = env.settings.phase
    server = wl.Artifact("server", containers=[wl.Container(image="acme/often:1.0.0", port=8080)])
    yield server
    yield wl.Workload("plain", artifact=server, replicas=1, cpu=0.1, memory="64MB")
    yield from manifests_from("k8s/")
    for address, document in _plain(phase):
        yield Manifest(address, document)
    yield from _special(phase)
    yield from _own_kind()
    yield wl.Output("phase", phase)


def _object(kind: str, name: str, api: str = "v1", **rest: Any) -> dict[str, Any]:
    meta = {"name": name, **rest.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **rest}


def _pods(app: str, image: str = "nginx:1", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": "main", "image": image, "resources": SMALL}], **more},
    }


def _plain(phase: int) -> Iterator[tuple[str, dict[str, Any]]]:
    apps, batch, rbac = "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"
    yield "fixed-map", _object("ConfigMap", "fixed-map", immutable=True, data={"a": "1"})
    yield "bytes", _object("ConfigMap", "bytes", binaryData={"b": base64.b64encode(b"\xff\x00").decode()})
    yield (
        "changed",
        _object("ConfigMap", "changed", data={"phase": str(phase), **({"gone": "soon"} if phase < 3 else {})}),
    )
    yield "opaque", _object("Secret", "opaque", type="Opaque", stringData={"password": "s3cret-in-the-program"})
    web = {"selector": {"matchLabels": {"app": "web"}}, "replicas": 2, "template": _pods("web", f"nginx:{phase}")}
    yield "web", _object("Deployment", "web", apps, spec=web)
    recreate = {"selector": {"matchLabels": {"app": "one"}}, "strategy": {"type": "Recreate"}, "template": _pods("one")}
    yield "one", _object("Deployment", "one", apps, spec=recreate)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    stateful = {
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": _pods("db"),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    yield "db", _object("StatefulSet", "db", apps, spec=stateful)
    daemon = {"selector": {"matchLabels": {"app": "agent"}}, "template": _pods("agent")}
    yield "agent", _object("DaemonSet", "agent", apps, spec=daemon)
    job = {"template": _pods("once", restartPolicy="Never"), "backoffLimit": 1}
    yield "once", _object("Job", "once", batch, spec=job)
    cron = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": _pods("cron", restartPolicy="Never")}}}
    yield "cron", _object("CronJob", "cron", batch, spec=cron)
    yield "claim", _object("PersistentVolumeClaim", "claim", spec={**claim, "storageClassName": "shared"})
    yield "waits", _object("PersistentVolumeClaim", "waits", spec=claim)
    yield (
        "headless",
        _object("Service", "db", spec={"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"port": 5432}]}),
    )
    ports = [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    yield (
        "node-port",
        _object("Service", "node-port", spec={"type": "NodePort", "selector": {"app": "web"}, "ports": ports}),
    )
    yield "elsewhere", _object("Service", "elsewhere", spec={"type": "ExternalName", "externalName": "example.com"})
    backend = {"service": {"name": "node-port", "port": {"number": 80}}}
    rule = {"host": "example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    yield "entry", _object("Ingress", "entry", "networking.k8s.io/v1", spec={"rules": [rule]})
    policy = {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"ports": [{"port": 5432}]}]}
    yield "wall", _object("NetworkPolicy", "wall", "networking.k8s.io/v1", spec=policy)
    usage = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    scaler = {
        "scaleTargetRef": {"apiVersion": apps, "kind": "Deployment", "name": "one"},
        "maxReplicas": 1,
        "metrics": [usage],
    }
    yield "scaler", _object("HorizontalPodAutoscaler", "scaler", "autoscaling/v2", spec=scaler)
    trigger = {
        "type": "prometheus",
        "metadata": {"serverAddress": "http://prometheus:9090", "query": "q", "threshold": "1"},
    }
    scaled = {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 2, "maxReplicaCount": 3, "triggers": [trigger]}
    yield "scaled", _object("ScaledObject", "scaled", "keda.sh/v1alpha1", spec=scaled)
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    yield "budget", _object("PodDisruptionBudget", "budget", "policy/v1", spec=budget)
    yield "quota", _object("ResourceQuota", "quota", spec={"hard": {"count/secrets": "50", "requests.cpu": "4"}})
    limit = {"type": "Container", "default": {"memory": "64Mi"}, "defaultRequest": {"cpu": "10m"}}
    yield "limits", _object("LimitRange", "limits", spec={"limits": [limit]})
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    yield "nodes", _object("ClusterRole", "objects-nodes", rbac, rules=rules)
    bound = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "objects-nodes"}}
    subject = {"kind": "ServiceAccount", "name": "runner", "namespace": "objects"}
    yield "nodes-binding", _object("ClusterRoleBinding", "objects-nodes", rbac, **bound, subjects=[subject])
    yield "class", _object("PriorityClass", "objects-low", "scheduling.k8s.io/v1", value=10, description="low")
    if phase < 3:
        yield "gone", _object("ConfigMap", "gone", data={"soon": "gone"})


def _special(phase: int) -> Iterator[wl.Resource]:
    """What has options, references and secrets, and objects in another namespace that is one of ours."""
    account = Manifest("first", _object("ConfigMap", "first", data={"a": "1"}), outputs={"a": "data.a"}, protect=True)
    yield account
    tells = {"id": account.id, "said": f"it is {account.output('a')}"}
    yield Manifest("tells", _object("ConfigMap", "tells", data=tells))
    token = {"token": wl.secret_env("CHAT_TOKEN"), "file": wl.secret_file("token.txt")}
    yield Manifest("tokens", _object("Secret", "tokens", stringData=token), retain=True)
    yield Manifest("keystore", _object("Secret", "keystore", data={"raw": b"\xfe\xed\x00\x01"}), retain=True)
    space = Manifest("space", _object("Namespace", OTHER, metadata={"labels": {"team": "other"}}))
    yield space
    there: dict[str, Any] = {"metadata": {"namespace": OTHER}}
    yield Manifest("there", _object("ConfigMap", "there", data={"b": "2"}, **there), depends_on=[space])
    yield Manifest(
        "left-alone",
        _object("ConfigMap", "left-alone", data={"ours": "1", "theirs": "declared"}),
        ignore_changes=["data.theirs"],
    )
    yield Manifest("taken", _object("ConfigMap", "taken", data={"made": "by hand"}), adopt=True)
    old = [] if phase < 3 else ["manifest.old"]
    yield Manifest("old" if phase < 3 else "new", _object("ConfigMap", "old", data={"c": "3"}), aliases=old)
    yield Manifest(
        "job-again",
        _object(
            "Job",
            "again",
            "batch/v1",
            spec={"template": _pods("again", f"nginx:{min(phase, 2)}", restartPolicy="Never")},
        ),
    )


def _own_kind() -> Iterator[wl.Resource]:
    group, kind = "example.com", "Widget"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "widgets", "singular": "widget", "kind": kind}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definition = _object("CustomResourceDefinition", f"widgets.{group}", "apiextensions.k8s.io/v1", spec=spec)
    yield Manifest("definition", definition)
    widget = _object(kind, "widget", f"{group}/v1", spec={"size": 3, "list": [{"a": 1}, {"b": 2}]})
    yield Manifest("widget", widget, cluster_scoped=False)


stack.environment("cluster", provider="kubernetes", namespace="objects")
