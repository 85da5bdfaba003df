from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from wlinfra.provider.base import ProviderContext
from wlinfra.testing import Driver
from wlinfra_kubernetes.provider import KubernetesConnection, connect

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle


Connect = Callable[..., Driver]


@pytest.fixture
def drive(cluster: ClusterHandle, namespace: str, tmp_path: Path) -> Iterator[Connect]:
    """Return a function that makes a driver of a stack in the test's namespace."""
    opened: list[KubernetesConnection] = []

    def make(stack: str = "shop", *, user: str = "admin", **options: Any) -> Driver:
        settings = {"kubeconfig": str(cluster.kubeconfig_of(user)), "namespace": namespace, **options}
        context = ProviderContext(
            name="default", options=settings, environ={}, data_dir=tmp_path, stack=stack, environment="test"
        )
        connection = connect(context)
        assert isinstance(connection, KubernetesConnection)
        opened.append(connection)
        return Driver(connection=connection)

    yield make
    for connection in opened:
        connection.close()
