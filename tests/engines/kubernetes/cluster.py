"""Starts and stops a real control plane on loopback; tests, the shared keeper and the developers' command call it.

`with Cluster() as cluster:` gives a cluster of one's own in about five seconds; ``cluster.handle`` is what to use it by.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import shutil
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from engines.build import find
from engines.kubernetes.certificates import make_certificates
from engines.kubernetes.client import CONNECTION_LOST, ApiError, Json
from engines.kubernetes.engine import CONTROL_PLANE
from engines.kubernetes.fakes import FakesSettings
from engines.kubernetes.handle import USERS, ClusterHandle, write_kubeconfig
from engines.kubernetes.processes import Processes, StartFailedError
from wlinfra.http.tls import closing

__all__ = ["Cluster", "ClusterOptions", "definitions"]

TESTS = Path(__file__).parents[2]
OWN_CRDS = Path(__file__).parent / "crds"
START_SECONDS = 100.0
OPEN_PATHS = "/healthz,/readyz,/livez,/metrics"
SYSTEM_USERS = ("system:kube-controller-manager", "system:kube-scheduler", "fakes", "keda-operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """What a cluster may have beyond the defaults; ``folder`` keeps its logs when given, else nothing is left."""

    folder: Path | None = None
    admission_plugins: tuple[str, ...] = ()
    definitions: tuple[Path, ...] = ()
    """Custom resource definitions to have from the beginning, beside our own."""
    stored: Mapping[str, bytes] = field(default_factory=dict)
    """Keys and values that etcd has before the API server starts, as `Cluster.stored` returns them."""
    cleans_up_entries: bool = True
    """The NIM Operator deletes routes of a NIMService's name, as the real one does."""


class Cluster:
    """A control plane with fake nodes, owned by this process: its programs end with it, however it ends.

    Raises:
        EngineMissingError: A program is not to be had.
        StartFailedError: A program ended or was not ready in time; the text has the ends of the logs.
    """

    def __init__(self, options: ClusterOptions | None = None) -> None:
        self.options = options or ClusterOptions()

    def __enter__(self) -> Self:
        self._programs = find(CONTROL_PLANE)
        self._temporary = self.options.folder is None
        self.folder = self.options.folder or Path(tempfile.mkdtemp(prefix="wlinfra-cluster-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(self.folder)
        atexit.register(self.stop)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def handle(self) -> ClusterHandle:
        """What to use the cluster by."""
        return ClusterHandle(
            server=self._server,
            folder=self.folder,
            kubeconfig=self.folder / "admin.kubeconfig",
            kubectl_program=self._programs["kubectl"],
            authority=self.certificates.authority,
            prometheus=f"http://127.0.0.1:{self._prometheus_port}",
            audit_log=self.folder / "audit.json",
        )

    def stop(self) -> None:
        """End every program and remove what they stored; the logs stay in a folder that was asked for."""
        atexit.unregister(self.stop)
        self.processes.stop_all()
        shutil.rmtree(self.folder if self._temporary else self.folder / "etcd", ignore_errors=True)

    def stop_apiserver(self) -> None:
        """Kill the API server alone."""
        self.processes.stop("kube-apiserver")

    def start_apiserver(self) -> None:
        """Start the API server again on the same port and wait until it is ready."""
        self._start_apiserver()
        self.wait("kube-apiserver", lambda: self._answers("readyz"))

    def compact(self) -> None:
        """Let etcd forget every version but the newest, so that no watch can go on from an older one."""
        newest = self._ask_etcd("range", {"key": "AA=="})["header"]["revision"]
        self._ask_etcd("compaction", {"revision": newest, "physical": True})

    def stored(self, prefix: str) -> dict[str, bytes]:
        """Return what etcd has under a prefix, such as `/registry/pods/`, by its key."""
        found = self._ask_etcd(
            "range", {"key": _coded(prefix), "range_end": _coded(prefix[:-1] + chr(ord(prefix[-1]) + 1))}
        )
        return {
            base64.b64decode(row["key"]).decode(): base64.b64decode(row.get("value", ""))
            for row in found.get("kvs", ())
        }

    def _ask_etcd(self, method: str, body: Json) -> Json:
        address = f"http://127.0.0.1:{self._etcd_port}/v3/kv/{method}"
        request = urllib.request.Request(address, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: Json = json.load(answer)
        return found

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again; what etcd holds stays."""
        self.stop_apiserver()
        self.start_apiserver()

    def _start(self) -> None:
        ports = self.processes.reserve_ports(7)
        self._etcd_port, peer_port, self._api_port, controller_port, scheduler_port = ports[:5]
        metrics_port, self._prometheus_port = ports[5:]
        self._server = f"https://127.0.0.1:{self._api_port}"
        self.certificates = make_certificates(self.folder)
        self._start_etcd(peer_port)
        self.wait("etcd", lambda: bool(self._ask_etcd("range", {"key": "AA=="})))
        for key, value in self.options.stored.items():
            self._ask_etcd("put", {"key": _coded(key), "value": base64.b64encode(value).decode()})
        self._write_settings()
        self.start_apiserver()
        # Before the controllers: their garbage collector looks for new kinds only every 30 seconds.
        self.handle.install([*definitions(), *self.options.definitions])
        self._start_controllers(controller_port, scheduler_port)
        self._start_fakes(metrics_port)
        self._prepare()

    def _start_etcd(self, peer_port: int) -> None:
        address = f"http://127.0.0.1:{self._etcd_port}"
        command: list[str | Path] = [self._programs["etcd"], "--data-dir", self.folder / "etcd", "--unsafe-no-fsync"]
        command += ["--listen-client-urls", address, "--advertise-client-urls", address]
        peer = f"http://127.0.0.1:{peer_port}"
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        command += ["--initial-cluster", f"default={peer}"]
        self.processes.start("etcd", command)

    def _write_settings(self) -> None:
        """Write who may log in, what is audited, and the kubeconfig files of the cluster's own programs."""
        for user in ("admin", *SYSTEM_USERS):
            file = self.folder / f"{user.removeprefix('system:')}.kubeconfig"
            write_kubeconfig(file, server=self._server, authority=self.certificates.authority, token=f"{user}-token")
        masters = {"admin", *SYSTEM_USERS}
        rows = (
            f'{user}-token,{user},{user}-uid,"{"system:masters" if user in masters else "wlinfra:tests"}"'
            for user in (*USERS, *SYSTEM_USERS)
        )
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n")
        silent = {"level": "None", "users": [*SYSTEM_USERS, "system:apiserver"]}
        policy: Json = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
        policy["rules"] = [silent, {"level": "Metadata"}]
        (self.folder / "audit-policy.json").write_text(json.dumps(policy))

    def _start_apiserver(self) -> None:
        made = self.certificates
        flags: dict[str, str | int | Path] = {
            "etcd-servers": f"http://127.0.0.1:{self._etcd_port}",
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": self._api_port,
            "tls-cert-file": made.certificate,
            "tls-private-key-file": made.key,
            "client-ca-file": made.authority,
            "token-auth-file": self.folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": made.service_account_key,
            "service-account-signing-key-file": made.service_account_key,
            "service-cluster-ip-range": "10.0.0.0/16",
            "endpoint-reconciler-type": "none",
            "allow-privileged": "true",
            "requestheader-client-ca-file": made.authority,
            "requestheader-allowed-names": "kube-apiserver",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": made.certificate,
            "proxy-client-key-file": made.key,
            "audit-policy-file": self.folder / "audit-policy.json",
            "audit-log-path": self.folder / "audit.json",
        }
        if self.options.admission_plugins:
            flags["enable-admission-plugins"] = ",".join(self.options.admission_plugins)
        self._start_program("kube-apiserver", flags)

    def _start_controllers(self, controller_port: int, scheduler_port: int) -> None:
        common: dict[str, str | int | Path] = {
            "bind-address": "127.0.0.1",
            "leader-elect": "false",
            "kube-api-qps": 200,  # each controller waits for nothing but the API server
            "kube-api-burst": 400,
            "authorization-always-allow-paths": OPEN_PATHS,
        }
        flags: dict[str, str | int | Path] = {
            "kubeconfig": self.folder / "kube-controller-manager.kubeconfig",
            "secure-port": controller_port,
            "service-account-private-key-file": self.certificates.service_account_key,
            "root-ca-file": self.certificates.authority,
            "horizontal-pod-autoscaler-sync-period": "1s",
            "horizontal-pod-autoscaler-initial-readiness-delay": "1s",
            "horizontal-pod-autoscaler-cpu-initialization-period": "1s",
            "horizontal-pod-autoscaler-downscale-stabilization": "2s",
        }
        self._start_program("kube-controller-manager", {**common, **flags})
        flags = {"kubeconfig": self.folder / "kube-scheduler.kubeconfig", "secure-port": scheduler_port}
        self._start_program("kube-scheduler", {**common, **flags})

    def _start_program(self, name: str, flags: dict[str, str | int | Path]) -> None:
        self.processes.start(name, [self._programs[name], *(f"--{flag}={value}" for flag, value in flags.items())])

    def _start_fakes(self, metrics_port: int) -> None:
        settings = FakesSettings(
            server=self._server,
            token="fakes-token",
            authority=str(self.certificates.authority),
            certificate=str(self.certificates.certificate),
            key=str(self.certificates.key),
            metrics_port=metrics_port,
            prometheus_port=self._prometheus_port,
            ready_file=str(self.folder / "fakes.ready"),
            cleans_up_entries=self.options.cleans_up_entries,
        )
        settings.write(self.folder / "fakes.json")
        self.processes.start_python("fakes", "engines.kubernetes.fakes", TESTS, self.folder / "fakes.json")

    def _prepare(self) -> None:
        """Grant the users their rights and wait until pods can be made."""
        api = self.handle.api
        role: Json = {
            "metadata": {"name": "wlinfra:readonly"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
        }
        api.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", role)
        binding: Json = {
            "metadata": {"name": "wlinfra:readonly"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "wlinfra:readonly"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "readonly"}],
        }
        api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
        self.wait("fakes", (self.folder / "fakes.ready").exists)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.wait("kube-controller-manager", lambda: api.exists(account))

    def _answers(self, path: str) -> bool:
        context = closing(ssl.create_default_context(cafile=str(self.certificates.authority)))
        request = urllib.request.Request(f"{self._server}/{path}", headers={"Authorization": "Bearer admin-token"})
        try:
            with urllib.request.urlopen(request, timeout=5, context=context) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait for a program to be ready, as long as all of them run."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.processes.check()
            try:
                if ready():
                    return
            except (ApiError, urllib.error.URLError, *CONNECTION_LOST):
                pass
            time.sleep(0.05)
        raise StartFailedError(f"{name} was not ready after {START_SECONDS:.0f} s\n{self.processes.tail(name)}")


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def definitions() -> list[Path]:
    """Return the files of custom resource definitions: our own, or those of the folder WLINFRA_TEST_CRDS."""
    return sorted(Path(os.environ.get("WLINFRA_TEST_CRDS") or OWN_CRDS).glob("*.yaml"))
