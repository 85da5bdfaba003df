"""A quota that counts what is already gone is asked again; one that is overdrawn, or too small for ever, is not."""

from __future__ import annotations

import pytest

from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, fits_when_one_goes

SAID = 'deployments.apps "web" is forbidden: exceeded quota: few, requested: {}, used: {}, limited: {}'


@pytest.mark.parametrize(
    ("requested", "used", "limited", "fits"),
    [
        ("count/deployments.apps=1", "count/deployments.apps=1", "count/deployments.apps=1", True),
        ("count/deployments.apps=1", "count/deployments.apps=2", "count/deployments.apps=1", False),
        ("count/deployments.apps=1", "count/deployments.apps=0", "count/deployments.apps=0", False),
        ("requests.storage=1Gi", "requests.storage=1500Mi", "requests.storage=2Gi", True),
        ("pods=1,requests.cpu=3", "pods=0,requests.cpu=500m", "pods=5,requests.cpu=2", False),
    ],
)
def test_a_quota_has_room_when_one_goes(requested: str, used: str, limited: str, *, fits: bool) -> None:
    error = ClusterError(Failure.DENIED, SAID.format(requested, used, limited))
    assert fits_when_one_goes(error) is fits


def test_another_refusal_is_none_of_a_quota() -> None:
    assert not fits_when_one_goes(ClusterError(Failure.DENIED, "admission webhook said no"))
