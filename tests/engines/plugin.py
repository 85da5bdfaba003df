"""Fixtures for tests that need real engines; `tests/conftest.py` loads them, and only tests that ask start anything.

Engines are looked for, and built when need be, before the first test runs, so that no test's time limit pays for it.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engines.build import Inputs
    from engines.kubernetes.cluster import Cluster
    from engines.kubernetes.handle import ClusterHandle
    from engines.kubernetes.keeper import Holder
    from engines.pulumi.workspace import PulumiWorkspace

CLUSTER: pytest.StashKey[Holder] = pytest.StashKey()
TAIL = 12


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Get the engines that the selected tests ask for."""
    asked = {name for item in getattr(session, "items", ()) for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly:
        return
    from engines.build import EngineMissingError, find

    for engine in _engines(asked):
        with suppress(EngineMissingError):  # the fixtures meet it again and report it
            find(engine)


def _engines(fixtures: set[str]) -> Iterator[Inputs]:
    """Yield the engines behind the fixtures that tests ask for."""
    from engines.keda.engine import KEDA, is_wanted
    from engines.kubernetes.engine import CONTROL_PLANE
    from engines.pulumi.engine import CODE_GENERATORS, PULUMI

    if fixtures & {"cluster", "own_cluster", "keda"} and not os.environ.get("WLINFRA_TEST_KUBECONFIG"):
        yield CONTROL_PLANE
        if "keda" in fixtures and is_wanted():
            yield KEDA
    if "pulumi_workspace" in fixtures:
        yield PULUMI
    if "sdks_of" in fixtures:
        yield CODE_GENERATORS


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHandle]:
    """A cluster that all tests and workers of the run share, or the one that WLINFRA_TEST_KUBECONFIG names."""
    from engines.kubernetes.foreign import foreign_cluster
    from engines.kubernetes.keeper import joined

    if named := os.environ.get("WLINFRA_TEST_KUBECONFIG"):
        with foreign_cluster(Path(named), tmp_path_factory.mktemp("cluster")) as handle:
            yield handle
        return
    with engines_or_skip(), joined(_folder(request.config, tmp_path_factory)) as holder:
        request.config.stash[CLUSTER] = holder
        yield holder.handle


@pytest.fixture
def namespace(cluster: ClusterHandle, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, ready for pods; its deletion is not waited for."""
    from engines.kubernetes.waiting import eventually

    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    name = f"{words[:40].strip('-')}-{uuid.uuid4().hex[:6]}"
    cluster.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    eventually(lambda: cluster.api.exists(f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    yield name
    cluster.api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def fakes(cluster: ClusterHandle) -> ClusterHandle:
    """The shared cluster, for tests that set metrics or count on its fake nodes; somebody else's has none."""
    if not cluster.fake:
        pytest.skip("WLINFRA_TEST_KUBECONFIG names a cluster without the fake nodes and metrics")
    return cluster


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of the test's own, for tests that restart or stop parts of it."""
    from engines.kubernetes.cluster import Cluster, ClusterOptions

    with engines_or_skip(), Cluster(ClusterOptions(folder=tmp_path / "cluster")) as started:
        yield started


@pytest.fixture(scope="session")
def keda_definitions(cluster: ClusterHandle) -> ClusterHandle:
    """The shared cluster with KEDA's custom resource definitions."""
    from engines.keda.operator import install_definitions

    if cluster.fake:
        with engines_or_skip():
            install_definitions(cluster)
    return cluster


@pytest.fixture(scope="session")
def keda(cluster: ClusterHandle, request: pytest.FixtureRequest) -> ClusterHandle:
    """The shared cluster with KEDA's operator running."""
    from engines.keda.engine import is_wanted

    if not cluster.fake:
        return cluster
    if not is_wanted():
        pytest.skip("KEDA's operator is not built: run `python -m engines keda` in tests/ (minutes, once)")
    with engines_or_skip():
        request.config.stash[CLUSTER].start_keda()
    return cluster


@pytest.fixture
def pulumi_workspace(tmp_path: Path) -> Iterator[PulumiWorkspace]:
    """An empty Pulumi project with a home and a file backend of the test's own."""
    from engines.pulumi.workspace import PulumiWorkspace

    with engines_or_skip(), PulumiWorkspace(folder=tmp_path / "pulumi") as workspace:
        yield workspace


@pytest.fixture
def sdks_of(tmp_path: Path) -> Callable[[Path], Path]:
    """A function that generates the SDKs of a schema file and returns the folder of `python`, `nodejs` and `go`.

    Only nightly tests ask for it, because the generators take a minute to build.
    """
    from engines.build import find
    from engines.pulumi.engine import CODE_GENERATORS
    from engines.pulumi.schema import generate_sdks

    with engines_or_skip():
        find(CODE_GENERATORS)
    return lambda schema: generate_sdks(schema, tmp_path / "sdks")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the ends of the cluster's logs to the report of a test that failed on it."""
    report = yield
    logs = _logs(item) if report.failed else None
    if logs is not None:
        report.sections.append((f"cluster in {logs}", _tails(logs)))
    return report


@contextmanager
def engines_or_skip() -> Iterator[None]:
    """Turn a missing engine into a skip with its reason, or into a failure in CI."""
    from engines.build import EngineMissingError

    try:
        yield
    except EngineMissingError as error:
        if os.environ.get("CI", "").lower() in {"true", "1"}:
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def _folder(config: pytest.Config, factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run agree on."""
    base = factory.getbasetemp()
    return (base.parent if hasattr(config, "workerinput") else base) / "shared-cluster"


def _logs(item: pytest.Item) -> Path | None:
    """Return the folder of the logs of the cluster that a test used, if it got one of ours."""
    used = getattr(item, "funcargs", {})
    if "own_cluster" in used:
        own: Cluster = used["own_cluster"]
        return own.folder
    holder = item.config.stash.get(CLUSTER, None)
    return holder.handle.folder if holder is not None and "cluster" in used else None


def _tails(folder: Path) -> str:
    logs = sorted(folder.glob("*.log"))
    return "\n".join(
        f"--- {log.name}\n" + "\n".join(line[:200] for line in log.read_text(errors="replace").splitlines()[-TAIL:])
        for log in logs
    )
