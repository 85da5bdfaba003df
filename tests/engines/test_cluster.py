"""The test cluster does what the provider's tests rely on."""

from __future__ import annotations

from engines.kubernetes.handle import ClusterHandle


def test_a_deployment_of_three_rolls_out(cluster: ClusterHandle, namespace: str) -> None:
    cluster.kubectl("create", "deployment", "web", "--image=nginx", "--replicas=3", "-n", namespace)
    assert "successfully rolled out" in cluster.kubectl("rollout", "status", "deployment/web", "-n", namespace)
