"""What a test has of a running cluster: files, addresses and a client; made by the cluster, or from its folder's file."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from engines.kubernetes.client import ApiClient, Json
from engines.kubernetes.readings import Reading

__all__ = ["USERS", "ClusterHandle", "Request", "write_kubeconfig"]

USERS = ("admin", "readonly", "stack-user", "roles-user", "kinds-user")
"""Who can log in, each by the token `NAME-token`; from `stack-user` on they may do nothing until a test grants it.

The last two belong to one file of tests each, which counts all that its user asks of the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the API server has finished, as its audit log tells it."""

    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHandle:
    """A running cluster, from any process; ``prometheus`` and ``audit_log`` are empty for a cluster of somebody else."""

    server: str
    folder: Path
    kubeconfig: Path
    kubectl_program: Path
    authority: Path | None = None
    prometheus: str = ""
    audit_log: Path | None = None

    @property
    def fake(self) -> bool:
        """Whether nodes, metrics and the NIM Operator are this package's fakes."""
        return bool(self.prometheus)

    @property
    def api(self) -> ApiClient:
        """A client with all rights."""
        return self.api_as("admin")

    def api_as(self, user: str) -> ApiClient:
        """Return a client of one of the users."""
        token = None if self.authority is None else f"{user}-token"
        return ApiClient(server=self.server, ca_file=self.authority, token=token)

    def kubeconfig_of(self, user: str, namespace: str = "default") -> Path:
        """Return a kubeconfig file of one of the users whose context names a namespace."""
        file = self.folder / f"{user}-{namespace}.kubeconfig"
        write_kubeconfig(file, server=self.server, authority=self.authority, token=f"{user}-token", namespace=namespace)
        return file

    def kubectl(self, *arguments: str, input: str | None = None) -> str:
        """Run kubectl with all rights and return what it printed; raises CalledProcessError with its error text."""
        command = [str(self.kubectl_program), "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def install(self, files: list[Path]) -> None:
        """Apply manifests of cluster-wide objects, custom resource definitions first of all, and wait until served."""
        names = [argument for file in files for argument in ("-f", str(file))]
        self.kubectl("apply", "--server-side", "--force-conflicts", *names)
        self.kubectl("wait", "--for=condition=Established", "--timeout=90s", *names)

    def set_usage(self, namespace: str, *, cpu: str | None = None, memory: str | None = None, pods: str = "") -> None:
        """Set what each pod uses, of those whose names start with ``pods``, as quantities (`250m`, `2Gi`)."""
        for resource, value in (("cpu", cpu), ("memory", memory)):
            if value is not None:
                self._set(Reading(kind="resource", metric=resource, namespace=namespace, of=pods, value=value))

    def set_pods_metric(self, namespace: str, metric: str, value: str, *, pods: str = "") -> None:
        """Set a custom metric of each pod whose name starts with ``pods``."""
        self._set(Reading(kind="pods", metric=metric, namespace=namespace, of=pods, value=value))

    def set_object_metric(self, namespace: str, name: str, metric: str, value: str) -> None:
        """Set a custom metric of one object, say a Service."""
        self._set(Reading(kind="object", metric=metric, namespace=namespace, of=name, value=value))

    def set_external_metric(self, namespace: str, metric: str, value: str) -> None:
        """Set an external metric of a namespace."""
        self._set(Reading(kind="external", metric=metric, namespace=namespace, value=value))

    def set_prometheus(self, value: str, *fragments: str) -> None:
        """Set what the fake Prometheus answers to every query that contains all the fragments."""
        self._set(Reading(kind="prometheus", value=value, fragments=fragments))

    def set_requests(self, namespace: str, route: str, count: int) -> None:
        """Set how many requests an InterceptorRoute has under way, for KEDA's operator and for its autoscaler."""
        self.set_prometheus(str(count), "http_requests{", f'namespace="{namespace}"', f'route="{route}"')
        self.set_external_metric(namespace, f"s0-http-{route}", str(count))

    def requests(self, user: str) -> list[Request]:
        """Return what a user has asked of the API server, oldest first, each request once: a watch has two events."""
        if self.audit_log is None:
            return []
        read = _AUDITED.setdefault((self.audit_log, user), _Audited())
        with self.audit_log.open("rb") as log:
            log.seek(read.end)
            finished, line_end, _ = log.read().rpartition(b"\n")
        read.end += len(finished) + len(line_end)
        name = f'"username":"{user}"'.encode()  # what the audit log writes; no name for a refused token
        for event in (json.loads(line) for line in finished.splitlines() if name in line):
            if event["user"].get("username") == user:
                read.requests[event["auditID"]] = _request(event)
        return list(read.requests.values())

    def write(self, file: Path) -> None:
        """Write the handle for other processes, whole or not at all."""
        values = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(values))
        partial.rename(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return the handle that another process wrote."""
        values: dict[str, Any] = json.loads(file.read_text())
        paths = {"folder", "kubeconfig", "kubectl_program", "authority", "audit_log"}
        found: dict[str, Any] = {key: Path(value) if key in paths and value else value for key, value in values.items()}
        return cls(**found)

    def _set(self, reading: Reading) -> None:
        if not self.fake:
            raise ValueError("this cluster is not a test cluster of ours: nobody can set its metrics")
        body = json.dumps(asdict(reading)).encode()
        request = urllib.request.Request(f"{self.prometheus}/readings", data=body, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()


@dataclass(slots=True)
class _Audited:
    """What this process has read of an audit log, which grows with the run, about one user."""

    end: int = 0
    requests: dict[str, Request] = field(default_factory=dict)


_AUDITED: Final[dict[tuple[Path, str], _Audited]] = {}


def write_kubeconfig(
    file: Path, *, server: str, authority: Path | None, token: str, namespace: str = "default"
) -> None:
    """Write a kubeconfig file with one context, whole or not at all, for others may read it now; JSON is YAML."""
    cluster: Json = {"server": server}
    if authority is not None:
        cluster["certificate-authority"] = str(authority)
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
    }
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=file.name)  # which nobody else may read
    with os.fdopen(descriptor, "w") as text:
        json.dump(body, text, indent=1)
    Path(partial).rename(file)


def _request(event: Json) -> Request:
    of = event.get("objectRef", {})
    return Request(
        user=event["user"]["username"],
        verb=event["verb"],
        group=of.get("apiGroup", ""),
        resource=of.get("resource", ""),
        subresource=of.get("subresource", ""),
        namespace=of.get("namespace", ""),
        name=of.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        uri=event["requestURI"],
    )
