"""A project whose applies are killed at a chosen request to the API server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .api_proxy import ApiProxy, Harm, Moment, api_proxy
from .project import IMPATIENT, Project

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

__all__ = ["KillStage", "kill_stage"]

ENVIRONMENT = """

stack.environment("test", provider="kubernetes", kubeconfig={kubeconfig!r}, namespace={namespace!r}, {impatient}, {options})
"""
KINDS = "deployments,services,secrets,configmaps,horizontalpodautoscalers,poddisruptionbudgets,persistentvolumeclaims"
NIM = "nimservices.apps.nvidia.com"


@dataclass(slots=True, kw_only=True)
class KillStage:
    """A project that speaks to the cluster through a proxy."""

    cluster: ClusterHandle
    namespace: str
    proxy: ApiProxy
    project: Project

    def write(self, program: str, options: str = "") -> None:
        """Write a program and add the environment, with short timeouts, to it."""
        kubeconfig = str(self.project.folder / "kubeconfig")
        end = ENVIRONMENT.format(kubeconfig=kubeconfig, namespace=self.namespace, impatient=IMPATIENT, options=options)
        self.project.write(program + end)

    def ours(self) -> set[str]:
        """Return what bears a label of ours, anywhere in the namespace, as ``kind/name``; the inventory too."""
        found: set[str] = set()
        for label in ("part-of", "id"):
            chosen = ("-l", f"applyset.kubernetes.io/{label}", "-o", "name")
            found.update(self.cluster.kubectl("get", f"{KINDS},{NIM}", "-n", self.namespace, *chosen).split())
        return found

    def killed(self, at: int, moment: Moment, *arguments: str) -> None:
        """Run a command in a process that is killed at a request."""
        victim: Future[int] = Future()
        self.proxy.reset(Harm(at=at, moment=moment, run=lambda: os.kill(victim.result(60), signal.SIGKILL)))
        child = self.project.fork(*arguments, "--auto-approve", "--parallelism", "2")
        victim.set_result(child.pid)
        _, err = child.communicate(timeout=60)
        self.proxy.reset()
        assert child.returncode == -signal.SIGKILL, err


@contextmanager
def kill_stage(cluster: ClusterHandle, namespace: str, folder: Path) -> Iterator[KillStage]:
    """Give a stage in a namespace of the cluster."""
    from engines.kubernetes.handle import write_kubeconfig

    with api_proxy(cluster.server, cluster.authority) as proxy:
        write_kubeconfig(folder / "kubeconfig", server=proxy.url, authority=None, token="admin-token")
        environ = {"CHAT_TOKEN": "s3cret-token"}
        yield KillStage(
            cluster=cluster, namespace=namespace, proxy=proxy, project=Project(folder=folder, environ=environ)
        )
