"""A stand-in for the NIM Operator: what it makes of NIMService and NIMCache, and the status it reports.

It follows what the operator was seen to do where a client of the API depends on it: the names of its objects, the
rewriting of replicas, the hash annotation, and conditions without an observed generation.
"""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime

from engines.kubernetes.client import CONNECTION_LOST, ApiClient, ApiError, Json, follow

__all__ = ["FakeNimOperator"]

GROUP = "/apis/apps.nvidia.com/v1alpha1"
SPEC_HASH = "nvidia.com/parent-spec-hash"
MANAGER = "k8s-nim-operator"
ENTRIES = (
    "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes",
)


class FakeNimOperator:
    """Reconciles services on every event of theirs, of their Deployments and of the caches in their namespace."""

    def __init__(self, client: ApiClient, stop: threading.Event, *, cleans_up_entries: bool = True) -> None:
        self._client = client
        self._stop = stop
        self._cleans_up_entries = cleans_up_entries

    def threads(self) -> list[threading.Thread]:
        """Return what has to run, not yet started."""
        followed = {
            f"{GROUP}/nimservices": self._on_service,
            f"{GROUP}/nimcaches": self._on_cache,
            "/apis/apps/v1/deployments": self._on_deployment,
        }
        return [
            threading.Thread(target=follow, args=(self._client, path, handle, self._stop), name=path, daemon=True)
            for path, handle in followed.items()
        ]

    def _on_service(self, event: str, service: Json) -> None:
        metadata = service["metadata"]
        if event != "DELETED" and "deletionTimestamp" not in metadata:
            self._reconcile(metadata["namespace"], metadata["name"])

    def _on_deployment(self, event: str, deployment: Json) -> None:
        metadata = deployment["metadata"]
        if event != "DELETED" and SPEC_HASH in metadata.get("annotations", {}):
            self._reconcile(metadata["namespace"], metadata["name"])

    def _on_cache(self, event: str, cache: Json) -> None:
        metadata = cache["metadata"]
        if event == "DELETED" or "deletionTimestamp" in metadata:
            return
        status = _cache_status(cache)
        if cache.get("status", {}).get("state") != status["state"]:
            self._make_claim(cache)
            path = f"{GROUP}/namespaces/{metadata['namespace']}/nimcaches/{metadata['name']}"
            self._quietly("PATCH", f"{path}/status", {"status": status})
        for service in self._client.get(f"{GROUP}/namespaces/{metadata['namespace']}/nimservices")["items"]:
            self._reconcile(metadata["namespace"], service["metadata"]["name"])

    def _reconcile(self, namespace: str, name: str) -> None:
        try:
            service = self._client.get(f"{GROUP}/namespaces/{namespace}/nimservices/{name}")
            if "deletionTimestamp" in service["metadata"]:
                return
            status = self._waiting_for_cache(service) or self._rolled_out(service)
            if _differs(service.get("status", {}), status):
                self._client.merge(f"{GROUP}/namespaces/{namespace}/nimservices/{name}/status", {"status": status})
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    def _waiting_for_cache(self, service: Json) -> Json | None:
        """Return the status while the cache that the service names is not ready."""
        named = service["spec"].get("storage", {}).get("nimCache", {}).get("name")
        if not named:
            return None
        try:
            cache = self._client.get(f"{GROUP}/namespaces/{service['metadata']['namespace']}/nimcaches/{named}")
        except ApiError as error:
            if error.status != 404:
                raise
            return _service_status("Failed", "NIMCacheNotFound", f"NIMCache {named} not found")
        match cache.get("status", {}).get("state"):
            case "Ready":
                return None
            case "Failed":
                return _service_status("Failed", "NIMCacheFailed", f"NIMCache {named} failed")
            case _:
                return _service_status("NotReady", "NIMCacheNotReady", f"NIMCache {named} not ready")

    def _rolled_out(self, service: Json) -> Json:
        """Bring the service's objects up to date and return the status that follows from its Deployment."""
        metadata = service["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        self._client.apply(f"/api/v1/namespaces/{namespace}/services/{name}", _exposed(service), manager=MANAGER)
        autoscaler = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}"
        if _scaled(service):
            self._client.apply(autoscaler, _autoscaler(service), manager=MANAGER)
        elif self._client.exists(autoscaler):
            self._client.delete(autoscaler)
        self._clean_up(service)
        deployment = self._deployed(service, f"/apis/apps/v1/namespaces/{namespace}/deployments")
        state = deployment.get("status", {})
        wanted = deployment["spec"]["replicas"]
        current = state.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        if current and wanted and state.get("updatedReplicas") == state.get("availableReplicas") == wanted:
            return _ready(service, wanted)
        message = f'deployment "{name}": {state.get("availableReplicas", 0)} of {wanted} updated replicas are available'
        return _service_status("NotReady", "NotReady", message)

    def _clean_up(self, service: Json) -> None:
        """Delete the ways in that bear the service's name and that it does not ask for, whoever made them."""
        metadata, expose = service["metadata"], service["spec"].get("expose", {})
        asked = expose.get("ingress", {}).get("enabled") or expose.get("router")
        for collection in ENTRIES if self._cleans_up_entries and not asked else ():
            path = collection.format(metadata["namespace"]) + f"/{metadata['name']}"
            if self._client.exists(path):
                self._client.delete(path)

    def _deployed(self, service: Json, collection: str) -> Json:
        """Write the Deployment as the operator does: whole when its hash differs, else only asked-for replicas."""
        wanted = _deployment(service)
        path = f"{collection}/{service['metadata']['name']}"
        asked = None if _scaled(service) else service["spec"].get("replicas")
        if not self._client.exists(path):
            wanted["spec"]["replicas"] = 1 if asked is None else asked
            return self._client.create(collection, wanted)
        live = self._client.get(path)
        hashes = [one["metadata"].get("annotations", {}).get(SPEC_HASH) for one in (live, wanted)]
        if hashes[0] != hashes[1]:
            kept = live["spec"]["replicas"] if _scaled(service) else 1
            wanted["spec"]["replicas"] = kept if asked is None else asked
            return self._client.request("PUT", path, wanted)
        if asked is not None and live["spec"]["replicas"] != asked:
            return self._client.merge(path, {"spec": {"replicas": asked}})
        return live

    def _make_claim(self, cache: Json) -> None:
        """Create the claim of a cache that asks for one."""
        claim = cache["spec"].get("storage", {}).get("pvc", {})
        if not claim.get("create"):
            return
        metadata = cache["metadata"]
        spec: Json = {
            "accessModes": [claim.get("volumeAccessMode") or "ReadWriteOnce"],
            "resources": {"requests": {"storage": claim["size"]}},
        }
        if claim.get("storageClass"):
            spec["storageClassName"] = claim["storageClass"]
        body = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": _claim_name(cache), "ownerReferences": [_owner(cache)]},
            "spec": spec,
        }
        self._quietly("POST", f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims", body)

    def _quietly(self, method: str, path: str, body: Json) -> None:
        """Send what may find its object gone, or made already."""
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            self._client.request(method, path, body, content=content)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise
        except CONNECTION_LOST:
            return


def _cache_status(cache: Json) -> Json:
    """Return a ready cache's status; a puller whose image cannot be had stays pending, as its job's pod would."""
    source = cache["spec"].get("source", {})
    puller = " ".join(str(one.get("modelPuller", "")) for one in source.values())
    if "bad-image" in puller:
        return {"state": "Pending", "conditions": [_condition("NIM_CACHE_JOB_PENDING", "JobPending", puller)]}
    done = [("NIM_CACHE_PVC_CREATED", "PVCCreated"), ("NIM_CACHE_JOB_COMPLETED", "JobCompleted")]
    return {
        "state": "Ready",
        "pvc": _claim_name(cache),
        "profiles": [{"name": "fake-profile", "model": "fake", "release": "1.0", "config": {"tp": "1"}}],
        "conditions": [_condition(kind, reason, "") for kind, reason in done],
    }


def _claim_name(cache: Json) -> str:
    named = cache["spec"].get("storage", {}).get("pvc", {}).get("name")
    return str(named or f"{cache['metadata']['name']}-pvc")


def _service_status(state: str, reason: str, message: str) -> Json:
    ready = {**_condition("Ready", reason, message), "status": str(state == "Ready")}
    failed = {**_condition("Failed", reason, message if state == "Failed" else ""), "status": str(state == "Failed")}
    return {"state": state, "conditions": [ready, failed]}


def _ready(service: Json, replicas: int) -> Json:
    metadata = service["metadata"]
    port = service["spec"].get("expose", {}).get("service", {}).get("port", 8000)
    endpoint = f"{metadata['name']}.{metadata['namespace']}.svc.cluster.local:{port}"
    return {
        **_service_status("Ready", "Ready", ""),
        "availableReplicas": replicas,
        "model": {"name": "fake", "clusterEndpoint": endpoint, "externalEndpoint": ""},
    }


def _deployment(service: Json) -> Json:
    metadata, spec = service["metadata"], service["spec"]
    name = metadata["name"]
    labels = {**spec.get("labels", {}), "app": name, "app.kubernetes.io/managed-by": MANAGER}
    annotations = dict(spec.get("annotations", {}))
    pod: Json = {
        "containers": [
            _container(service),
            *({**one, "image": _image(one)} for one in spec.get("sidecarContainers", ())),
        ],
        "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}, _models(service)],
        "imagePullSecrets": [{"name": secret} for secret in spec["image"].get("pullSecrets", ())],
    }
    for field in ("nodeSelector", "affinity", "tolerations", "runtimeClassName", "schedulerName", "priorityClassName"):
        if spec.get(field):
            pod[field] = spec[field]
    body: Json = {
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 0}},
        "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    marked = {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [_owner(service)]}
    marked["annotations"] = {**annotations, SPEC_HASH: digest}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": marked, "spec": body}


def _container(service: Json) -> Json:
    metadata, spec = service["metadata"], service["spec"]
    port = spec.get("expose", {}).get("service", {}).get("port", 8000)
    own = {"NIM_CACHE_PATH": "/model-store", "NIM_SERVER_PORT": str(port), "NIM_HTTP_API_PORT": str(port)}
    asked = spec.get("env", [])
    named = {one["name"] for one in asked}
    container: Json = {
        "name": f"{metadata['name']}-ctr",
        "image": _image(spec),
        "env": [*({"name": key, "value": value} for key, value in own.items() if key not in named), *asked],
        "ports": [{"name": "api", "containerPort": port}],
        "resources": spec.get("resources", {}),
        "volumeMounts": [
            {"name": "model-store", "mountPath": "/model-store"},
            {"name": "dshm", "mountPath": "/dev/shm"},
        ],
    }
    for field in ("command", "args"):
        if spec.get(field):
            container[field] = spec[field]
    return container


def _image(container: Json) -> str:
    image = container["image"]
    return f"{image['repository']}:{image['tag']}"


def _models(service: Json) -> Json:
    storage = service["spec"].get("storage", {})
    if cache := storage.get("nimCache", {}).get("name"):
        return {"name": "model-store", "persistentVolumeClaim": {"claimName": f"{cache}-pvc"}}
    if claim := storage.get("pvc"):
        named = claim.get("name") or f"{service['metadata']['name']}-pvc"
        return {"name": "model-store", "persistentVolumeClaim": {"claimName": named}}
    return {"name": "model-store", "emptyDir": {}}


def _exposed(service: Json) -> Json:
    metadata = service["metadata"]
    exposed = service["spec"].get("expose", {}).get("service", {})
    port = exposed.get("port", 8000)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": metadata["name"], "ownerReferences": [_owner(service)]},
        "spec": {
            "type": exposed.get("type") or "ClusterIP",
            "selector": {"app": metadata["name"]},
            "ports": [{"name": "api", "port": port, "targetPort": "api"}],
        },
    }


def _scaled(service: Json) -> bool:
    return bool(service["spec"].get("scale", {}).get("enabled"))


def _autoscaler(service: Json) -> Json:
    name = service["metadata"]["name"]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "ownerReferences": [_owner(service)]},
        "spec": {
            **service["spec"]["scale"]["hpa"],
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        },
    }


def _owner(parent: Json) -> Json:
    metadata = parent["metadata"]
    return {
        "apiVersion": "apps.nvidia.com/v1alpha1",
        "kind": parent["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _condition(kind: str, reason: str, message: str) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}


def _differs(live: Json, wanted: Json) -> bool:
    """Say whether two statuses differ in more than the time of their conditions."""
    return _timeless(live) != _timeless({**live, **wanted})


def _timeless(status: Json) -> Json:
    conditions = [{**one, "lastTransitionTime": None} for one in status.get("conditions") or ()]
    return {**status, "conditions": conditions}
