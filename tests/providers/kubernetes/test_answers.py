"""What the API server answers beside its documents, and what is no document of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cluster_over import client_over
from support.scripted_server import Reply, scripted

from wlinfra.testing import Driver
from wlinfra.values import Secret
from wlinfra_kubernetes.cluster.answers import warnings_of
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure
from wlinfra_kubernetes.provider import KubernetesConnection
from wlinfra_manifests.document import Key, wire

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


CANARY = "canary-4711\nsecond line"
SERVED = Reply(
    json={
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "versions": [
                    {
                        "version": "v1",
                        "resources": [
                            {"resource": "secrets", "responseKind": {"kind": "Secret"}, "scope": "Namespaced"},
                            {"resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced"},
                        ],
                    }
                ]
            }
        ],
    }
)
QUOTED = {
    "plain": CANARY,
    "data": base64.b64encode(CANARY.encode()).decode(),
    "go": 'Secret in version "v1": illegal base64: "' + base64.b64encode(CANARY.encode()).decode()[:20],
    "token": "token-that-nobody-sees is not known",
}


@pytest.mark.parametrize("status", [400, 403, 409, 422, 500])
@pytest.mark.parametrize("words", [pytest.param(text, id=name) for name, text in QUOTED.items()])
def test_no_refusal_brings_a_secret_back(status: int, words: str) -> None:
    causes = [{"reason": "FieldValueInvalid", "message": words, "field": f"data.{words}"}]
    refusal = {"kind": "Status", "message": f"it is wrong: {words}", "details": {"name": words, "causes": causes}}
    secret = Secret(lambda: CANARY, describe="CANARY")
    key = Key("v1", "Secret", "shop", "one")
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}, "data": {"a": secret}}
    for dry_run in (True, False):
        with scripted(SERVED, SERVED, Reply(status=status, json=refusal)) as server:
            client = client_over(server.url, retries=0)
            with pytest.raises(ClusterError) as caught:
                client.apply(key, wire(body), dry_run=dry_run)
            sent = orjson.loads(server.received[-1].body)
            client.close()
        assert base64.b64decode(sent["data"]["a"]).decode() == CANARY
        shown = f"{caught.value}{caught.value!r}{vars(caught.value)}"
        parts = (CANARY[:9], "second l", QUOTED["data"][:9], "token-that")
        assert not [part for part in parts if part in shown]


KEY = Key("v1", "ConfigMap", "shop", "one")
BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "annotations": {"wlinfra.dev/x": "1"}}}
MADE = {**BODY, "metadata": {**BODY["metadata"], "uid": "u"}}  # type: ignore[dict-item] # a JSON object
CALLS: dict[str, Callable[[ClusterClient], object]] = {
    "apply": lambda client: client.apply(KEY, BODY),
    "dry run": lambda client: client.apply(KEY, BODY, dry_run=True),
    "delete": lambda client: client.delete(KEY, "u"),
    "get": lambda client: client.get(KEY),
    "list": lambda client: client.list(KEY),
}


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("body", ["{}", "[]", "null", "5", '"x"', '{"kind": 5}', "", "<html>"])
def test_an_answer_of_another_shape_is_none(call: str, body: str) -> None:
    with scripted(SERVED, SERVED, Reply(text=body)) as server:
        client = client_over(server.url, retries=0)
        with pytest.raises(ClusterError) as caught:
            CALLS[call](client)
        client.close()
    assert caught.value.failure is Failure.LOST
    assert "/api/v1/namespaces/shop/configmaps" in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        {**MADE, "kind": "Secret"},
        {**MADE, "metadata": {**MADE["metadata"], "name": "two"}},  # type: ignore[dict-item] # a JSON object
        {**MADE, "metadata": {"name": "one", "uid": "u"}},
        BODY,
    ],
    ids=["kind", "name", "annotation", "uid"],
)
def test_an_apply_counts_when_its_answer_is_what_was_sent(body: dict[str, object]) -> None:
    with scripted(SERVED, SERVED, Reply(json=body), Reply(json=MADE)) as server:
        client = client_over(server.url, retries=0)
        with pytest.raises(ClusterError) as caught:
            client.apply(KEY, BODY)
        assert client.apply(KEY, BODY)["metadata"]["uid"] == "u"
        client.close()
    assert caught.value.failure is Failure.LOST


@pytest.mark.parametrize(
    ("status", "reason", "title"),
    [
        (500, "InternalError", "Cluster failed at the request"),
        (503, "ServiceUnavailable", "Cluster is busy"),
        (429, "TooManyRequests", "Cluster is busy"),
        (504, "Timeout", "Cluster took too long"),
        (413, "RequestEntityTooLarge", "Object is too large"),
        (405, "MethodNotAllowed", "Cluster does not offer the call"),
        (422, "Invalid", "Cluster finds object invalid"),
    ],
)
def test_the_title_is_that_of_the_reason(status: int, reason: str, title: str) -> None:
    refusal = {"kind": "Status", "message": "it says why", "reason": reason}
    with scripted(SERVED, SERVED, Reply(status=status, json=refusal)) as server:
        client = client_over(server.url, retries=0)
        with pytest.raises(ClusterError, match="it says why") as caught:
            client.apply(KEY, BODY)
        client.close()
    assert caught.value.diagnostic.summary == title
