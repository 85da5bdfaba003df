"""KEDA's real operator beside a test cluster, started on demand; the shared keeper and the developers' command call it."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from engines.build import find, module_folder
from engines.keda.engine import KEDA, MODULE
from engines.kubernetes.client import ApiError, Json
from engines.kubernetes.cluster import TESTS, Cluster
from engines.kubernetes.handle import ClusterHandle

__all__ = ["KedaOperator", "install_definitions", "keda_definitions"]

NAME = "keda-operator"
SCALERS = ("ClusterTriggerAuthentication", "ScaledJob", "ScaledObject", "TriggerAuthentication")
SCALER = "http-scaler"


class KedaOperator:
    """The operator as a program of the cluster's, which ends with it.

    Raises:
        EngineMissingError: The operator cannot be built.
        StartFailedError: It ended, or was not ready in time.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __enter__(self) -> Self:
        program = find(KEDA)[NAME]
        install_definitions(self._cluster.handle)
        self._make_namespace()
        metrics, probe, service, proxy = self._cluster.processes.reserve_ports(4)
        self._probe = f"http://127.0.0.1:{probe}/readyz"
        self._start_scaler(proxy)
        environment = {
            **ENVIRONMENT,
            # Names of Services: those of the scaler are asked of its proxy, every other one is Prometheus.
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy}",
            "HTTP_PROXY": self._cluster.handle.prometheus,
        }
        self._cluster.processes.start(NAME, [program, *self._flags(metrics, probe, service)], environment)
        self._cluster.wait(NAME, self._ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cluster.processes.stop(NAME)
        self._cluster.processes.stop(SCALER)

    def _start_scaler(self, proxy: int) -> None:
        """Start the stand-in for the HTTP add-on's scaler; KEDA asks again until it serves."""
        file = self._cluster.folder / f"{SCALER}.json"
        self._cluster.handle.write(file)
        self._cluster.processes.start_python(SCALER, "engines.keda.fake_http_scaler", TESTS, file, str(proxy))

    def _make_namespace(self) -> None:
        try:
            self._cluster.handle.api.create("/api/v1/namespaces", {"metadata": {"name": "keda"}})
        except ApiError as error:
            if error.status != 409:
                raise

    def _flags(self, metrics: int, probe: int, service: int) -> list[str]:
        """Return the flags; certificates are the cluster's, because rotation writes a Secret and ends the program."""
        folder, made = self._cluster.folder / "keda", self._cluster.certificates
        folder.mkdir(exist_ok=True)
        for name, file in (("ca.crt", made.authority), ("tls.crt", made.certificate), ("tls.key", made.key)):
            shutil.copy(file, folder / name)
        flags = {
            "leader-elect": "false",
            "enable-cert-rotation": "false",
            "cert-dir": folder,
            "ca-dir": folder,
            "enable-apiservice-patching": "false",
            "enable-webhook-patching": "false",
            "metrics-bind-address": f"127.0.0.1:{metrics}",
            "health-probe-bind-address": f"127.0.0.1:{probe}",
            "metrics-service-bind-address": f"127.0.0.1:{service}",
            "kubeconfig": self._cluster.folder / f"{NAME}.kubeconfig",
        }
        return [f"--{flag}={value}" for flag, value in flags.items()]

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self._probe, timeout=5) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False


ENVIRONMENT = {
    "KEDA_CLUSTER_OBJECT_NAMESPACE": "keda",
    "KUBERNETES_CLUSTER_DOMAIN": "cluster.local",
    "POD_NAMESPACE": "keda",
    "POD_NAME": "keda-0",
    "WATCH_NAMESPACE": "",
}


def install_definitions(handle: ClusterHandle) -> None:
    """Install KEDA's custom resource definitions where they are missing; needs the Go toolchain."""
    served = handle.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    if not set(SCALERS) <= {item["spec"]["names"]["kind"] for item in served if _is_established(item)}:
        handle.install(keda_definitions())


def _is_established(definition: Json) -> bool:
    conditions = definition.get("status", {}).get("conditions", ())
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)


def keda_definitions() -> list[Path]:
    """Return the files of KEDA's custom resource definitions, which come with its Go module."""
    folder: Path = module_folder(KEDA, MODULE) / "config" / "crd" / "bases"
    return sorted(folder.glob("*.yaml"))
