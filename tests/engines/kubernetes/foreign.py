"""Somebody else's cluster, named by WLINFRA_TEST_KUBECONFIG, behind the same handle; the pytest plugin calls it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.build import EngineMissingError
from engines.kubernetes.client import CONNECTION_LOST, ApiError
from engines.kubernetes.cluster import definitions
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.processes import Processes
from engines.kubernetes.waiting import eventually

__all__ = ["foreign_cluster"]


@contextmanager
def foreign_cluster(kubeconfig: Path, folder: Path) -> Iterator[ClusterHandle]:
    """Yield a handle on the cluster, with our custom resource definitions installed where it has none.

    The client goes through `kubectl proxy`, which knows every way to log in.
    """
    program = os.environ.get("WLINFRA_TEST_KUBECTL") or shutil.which("kubectl")
    if program is None:
        raise EngineMissingError("WLINFRA_TEST_KUBECONFIG needs kubectl on PATH, or named by WLINFRA_TEST_KUBECTL")
    processes = Processes(folder)
    (port,) = processes.reserve_ports(1)
    handle = ClusterHandle(
        server=f"http://127.0.0.1:{port}", folder=folder, kubeconfig=kubeconfig, kubectl_program=Path(program)
    )
    processes.start("kubectl-proxy", [program, "--kubeconfig", kubeconfig, "proxy", f"--port={port}"])
    try:
        eventually(lambda: _answers(handle))
        missing = [file for file in definitions() if not _installed(handle, file)]
        if missing:
            handle.install(missing)
        yield handle
    finally:
        processes.stop_all()


def _answers(handle: ClusterHandle) -> bool:
    try:
        handle.api.get("/version")
    except (ApiError, *CONNECTION_LOST):
        return False
    return True


def _installed(handle: ClusterHandle, file: Path) -> bool:
    """Say whether the cluster has the definition that one of our files, named by its plural, holds."""
    found = handle.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    return any(one["spec"]["names"]["plural"] in file.stem for one in found)
