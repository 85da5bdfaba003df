"""What the API server answers beside its documents, and what is no document of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.testing import Driver
from wlinfra_kubernetes.cluster.answers import warnings_of
from wlinfra_kubernetes.documents.document import Key
from wlinfra_kubernetes.provider import KubernetesConnection

Connect = Callable[..., Driver]


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("", ()),
        ('299 - "one", 299 - "two, with a comma", 299 - "one"', ("one", "two, with a comma")),
        ('299 kube "a \\"word\\" and a \\\\"', ('a "word" and a \\',)),
        ('299 - "two\n  lines"', ("two lines",)),
        ("299 - no quotes", ()),
        ('110 - "is stale"', ()),
    ],
)
def test_warnings_are_read_once_each(header: str, texts: tuple[str, ...]) -> None:
    assert warnings_of(header) == texts


@given(st.text())
def test_no_header_is_too_odd(header: str) -> None:
    assert all("\n" not in text for text in warnings_of(header))


def test_a_dry_run_answers_with_the_cluster_s_warnings(drive: Connect, namespace: str) -> None:
    connection = drive().connection
    assert isinstance(connection, KubernetesConnection)
    key = Key("v1", "Endpoints", namespace, "old")
    body = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "old", "namespace": namespace}}
    answer = connection.platform.client.apply(key, body, dry_run=True)
    assert answer["metadata"]["name"] == "old"
    (warning,) = answer.warnings
    assert "v1 Endpoints is deprecated" in warning
    plain = Key("v1", "ConfigMap", namespace, "new")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": namespace}}
    assert connection.platform.client.apply(plain, body, dry_run=True).warnings == ()
