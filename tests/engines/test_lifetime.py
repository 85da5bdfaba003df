"""A cluster lives as long as somebody holds it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engines.build import EngineMissingError
from engines.kubernetes.cluster import TESTS, Cluster, ClusterOptions
from engines.kubernetes.handle import ClusterHandle
from engines.kubernetes.keeper import joined
from engines.kubernetes.waiting import eventually

HOLD = """
import sys
from pathlib import Path
from engines.kubernetes.keeper import joined
with joined(Path(sys.argv[1])) as holder:
    print(holder.handle.server, flush=True)
    sys.stdin.read()
"""


def _alive(process: int) -> bool:
    """Say whether a process runs; one that has ended and waits for its parent does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def _processes(folder: Path) -> list[int]:
    """Return the processes whose command line names a folder, as that of every program of a cluster does."""
    found = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split() if int(line) != os.getpid() and _alive(int(line))]


def _holder(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the shared cluster of a folder until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_nothing_is_left_of_a_stopped_cluster(own_cluster: Cluster) -> None:
    running = own_cluster.processes.identifiers()
    assert sorted(running) == ["etcd", "fakes", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    own_cluster.stop()
    assert [name for name, process in running.items() if _alive(process)] == []
    assert not (own_cluster.folder / "etcd").exists()


def test_a_restarted_apiserver_has_kept_its_objects(own_cluster: Cluster) -> None:
    api = own_cluster.handle.api
    api.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "kept"}, "data": {"a": "b"}})
    before = own_cluster.processes.identifiers()
    own_cluster.restart_apiserver()
    after = own_cluster.processes.identifiers()
    assert api.get("/api/v1/namespaces/default/configmaps/kept")["data"] == {"a": "b"}
    assert {name for name in before if before[name] != after[name]} == {"kube-apiserver"}
    own_cluster.handle.kubectl("create", "deployment", "web", "--image=nginx")
    own_cluster.handle.kubectl("rollout", "status", "deployment/web", "--timeout=90s")


def test_a_cluster_may_have_further_admission_plugins(tmp_path: Path) -> None:
    options = ClusterOptions(folder=tmp_path / "cluster", admission_plugins=("ExtendedResourceToleration",))
    with Cluster(options) as cluster:
        assert "ExtendedResourceToleration" in (cluster.folder / "kube-apiserver.log").read_text()


@pytest.mark.parametrize("ended_by", ["its input", "SIGKILL"])
def test_the_shared_cluster_outlives_its_first_holder_and_ends_with_the_last(tmp_path: Path, ended_by: str) -> None:
    with _holder(tmp_path) as first:
        assert first.stdout is not None
        server = first.stdout.readline().strip()
        with joined(tmp_path) as second:
            assert second.handle.server == server
            if ended_by == "SIGKILL":
                first.send_signal(signal.SIGKILL)
            first.communicate()
            assert second.handle.api.get("/version")["major"] == "1"
    assert eventually(lambda: not _processes(tmp_path))


def test_a_cluster_of_a_killed_holder_ends(tmp_path: Path) -> None:
    with _holder(tmp_path) as only:
        assert only.stdout is not None
        assert only.stdout.readline().startswith("https://127.0.0.1:")
        assert len(_processes(tmp_path)) > 5
        only.send_signal(signal.SIGKILL)
    assert eventually(lambda: not _processes(tmp_path))


def test_a_missing_engine_is_told_to_whoever_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WLINFRA_TEST_ETCD", "/nowhere/etcd")
    with pytest.raises(EngineMissingError, match="WLINFRA_TEST_ETCD is '/nowhere/etcd'"), joined(tmp_path):
        pass


def test_programs_end_with_a_killed_keeper(tmp_path: Path) -> None:
    with _holder(tmp_path) as only:
        assert only.stdout is not None
        only.stdout.readline()
        keeper = int(ClusterHandle.read(tmp_path / "handle.json").folder.name.removeprefix("cluster-"))
        os.kill(keeper, signal.SIGKILL)
        only.communicate()
    assert eventually(lambda: not _processes(tmp_path))


def test_the_command_prints_a_kubeconfig_and_ends_on_interrupt() -> None:
    command = [sys.executable, "-m", "engines.kubernetes"]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        kubeconfig = Path(running.stdout.readline().removeprefix("export KUBECONFIG=").strip())
        assert kubeconfig.exists()
        running.send_signal(signal.SIGINT)
        running.communicate()
    assert running.returncode == 0
    assert _processes(kubeconfig.parent) == []
    assert not kubeconfig.parent.exists()
