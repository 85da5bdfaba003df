"""Which refusals say that a field never changes: the API's own sentences, never what a user wrote or a policy says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.http.wire import WireAnswer
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, failure_of, refusal_of
from wlinfra_kubernetes.planning.refusals import says_immutable
from wlinfra_manifests.document import Key

DEPLOYMENT = Key("apps/v1", "Deployment", "n", "web")
CACHE = Key("apps.nvidia.com/v1alpha1", "NIMCache", "n", "model")
DATABASE = Key("demo.example.com/v1", "Database", "n", "main")
POLICY = "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "
SENTENCES = (
    'Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
    "Invalid value: field is immutable",
    'Invalid value: ["None"]: may not change once set',
    'Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
    "Forbidden: updates to parameters are forbidden.",
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
    "Forbidden: may not be changed in an update.",
    "Forbidden: field is immutable when `immutable` is set",
    'Invalid value: "object": failed rule: self == oldSelf',
    'Invalid value: "object": the storage class is immutable',
)
OTHERS = (
    "Forbidden: may not be specified when strategy `type` is 'Recreate'",
    "Invalid value: {\"Partition\":0}: only allowed for updateStrategy 'RollingUpdate'",
    "Invalid value: 30080: provided port is already allocated",
    'Invalid value: "null": spec.nodeSelector in body must be of type object: "null"',
    'Invalid value: "field is immutable": a lowercase RFC 1123 label must consist of lower case characters',
    'Invalid value: "a: field is immutable": must be one of: a, b',
    f'Invalid value: "{"a: field is immutable " * 30}": {"must be something else " * 20}',
    'Unsupported value: "immutable": supported values: "ClientIP", "None"',
    "Required value: must be set",
    "Invalid value: -1: must be greater than or equal to 0",
    'Invalid value: "object": failed rule: self.size >= oldSelf.size',
)


def refused(message: str, *causes: str, status: int = 422, reason: str = "Invalid") -> ClusterError:
    found = [{"reason": "FieldValueInvalid", "field": "spec", "message": cause} for cause in causes]
    said: dict[str, Any] = {"kind": "Status", "reason": reason, "message": message, "details": {"causes": found}}
    return failure_of("PATCH", "/x", status, json.dumps(said).encode(), {})


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_sentences_of_the_api_count(sentence: str) -> None:
    assert says_immutable(refused("it is invalid", sentence), DEPLOYMENT)


@pytest.mark.parametrize("sentence", OTHERS)
def test_nothing_else_does(sentence: str) -> None:
    assert not says_immutable(refused("field is immutable", sentence), DEPLOYMENT)


@given(st.text(), st.sampled_from(["field is immutable", "may not change once set", "cannot change roleRef"]))
def test_no_value_of_a_user_counts_whatever_it_says(text: str, sentence: str) -> None:
    quoted = json.dumps(f"{text}: {sentence}")
    assert not says_immutable(refused("x", f"Invalid value: {quoted}: must be positive"), DEPLOYMENT)


@pytest.mark.parametrize("status", [422, 403])
def test_a_policy_about_a_built_in_kind_never_counts(status: int) -> None:
    error = refused(f"{POLICY}replicas are immutable", f"{POLICY}replicas are immutable", status=status)
    assert error.failure is Failure.DENIED
    assert not says_immutable(error, DEPLOYMENT)


@pytest.mark.parametrize(
    ("webhook", "said", "key", "counts"),
    [
        ("vnimcache-v1alpha1.kb.io", "spec is immutable", CACHE, True),
        ("vnimcache-v1alpha1.kb.io", "spec.source is required", CACHE, False),
        ("immutable-specs.example.com", "not today", CACHE, False),
        ("validate.kyverno.svc-fail", "spec is immutable", CACHE, False),
        ("validation.gatekeeper.sh", "spec is immutable", CACHE, False),
        ("vdatabase.kb.io", "spec is immutable", DATABASE, False),
        ("vdeployment.example.com", "spec is immutable", DEPLOYMENT, False),
    ],
)
@pytest.mark.parametrize("status", [403, 422])
def test_an_operator_s_rule_about_its_own_kind_counts(
    webhook: str, said: str, key: Key, counts: bool, status: int
) -> None:
    error = refused(f'admission webhook "{webhook}" denied the request: {said}', status=status)
    assert (error.failure, says_immutable(error, key)) == (Failure.DENIED, counts)


def test_a_read_that_is_refused_for_now_says_how_long_to_wait() -> None:
    said = json.dumps({"kind": "Status", "reason": "TooManyRequests", "message": "Slow down"}).encode()
    answer = WireAnswer(status=429, headers={"Retry-After": "600"}, body=said)
    told = refusal_of("GET", "/x", answer, server="https://cluster.example:6443").diagnostic.detail
    assert told == "Slow down. The server is https://cluster.example:6443. It asks to wait 10 minutes."
