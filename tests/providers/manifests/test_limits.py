from __future__ import annotations

from typing import Any

import pytest
from support.rendering import errors, rendered, server, target, warnings

import wlinfra as wl
from wlinfra_manifests.images import split_image
from wlinfra_manifests.model import GatewayEntry, IngressEntry

BUILD = wl.Artifact("server", containers=[wl.Container(build=wl.ImageBuild(), port=8080)])
REFUSED: list[tuple[wl.Artifact, dict[str, Any], str, str]] = [
    (server(), {"shared_roles": [wl.SharedRole(role="USER", username="bo")]}, "Sharing not possible here", "Workload.shared_roles"),
    (BUILD, {}, "Image builds not possible here", "Artifact.containers[0].build"),
    (server(), {"gpu": 0.5}, "Fraction of a GPU", "Workload.gpu"),
    (server(), {"bundles": ["gpu.h10"]}, "Unknown bundle", "Workload.bundles[0]"),
    (server(), {"tags": {"kubernetes.io/x": "1"}}, "Tag not allowed here", "Workload.tags.kubernetes.io/x"),
    (server(env={"A": wl.credential("1", "k")}), {}, "Credential has no Secret", "Artifact.containers[0].env.A"),
    (server(env={"A": wl.api_key()}), {}, "No key of the platform", "Artifact.containers[0].env.A"),
    (server(env={"1A": "x"}), {}, "Variable name not possible here", "Artifact.containers[0].env.1A"),
    (
        server(liveness=wl.Probe(path="/", success_threshold=2)), {},
        "Threshold not possible here", "Artifact.containers[0].liveness.success_threshold",
    ),
]  # fmt: skip
WARNED: list[tuple[wl.Artifact, dict[str, Any], str, str]] = [
    (server(image="acme/chat:latest"), {}, "Locked with a mutable tag", "Artifact.containers[0].image"),
    (server(), {"replacement": wl.ReplacementPolicy(keep_old_minutes=5)}, "Old version is not kept", "Workload.replacement.keep_old_minutes"),
    (server(), {"bundles": ["gpu.a100"]}, "GPU product not pinned", "Workload.bundles"),
    (wl.Artifact("server", repository="r", containers=[wl.Container(image="a:1.2.3", port=8080)]), {}, "Has no effect here", "Artifact.repository"),
]  # fmt: skip


@pytest.mark.parametrize(("artifact", "workload", "summary", "path"), REFUSED)
def test_what_a_cluster_cannot_do_is_refused(artifact: wl.Artifact, workload: Any, summary: str, path: str) -> None:
    done = rendered(artifact, **workload)
    assert [(problem.summary, problem.path) for problem in done.problems] == [(summary, path)]
    assert errors(done) == [summary]


@pytest.mark.parametrize(("artifact", "workload", "summary", "path"), WARNED)
def test_what_a_cluster_does_otherwise_is_warned_of(
    artifact: wl.Artifact, workload: Any, summary: str, path: str
) -> None:
    done = rendered(artifact, **workload)
    assert [(problem.summary, problem.path) for problem in done.problems] == [(summary, path)]
    assert warnings(done) == [summary]


@pytest.mark.parametrize(("artifact", "workload", "summary", "path"), [*REFUSED, *WARNED])
def test_every_problem_says_where_why_and_what_to_do(
    artifact: wl.Artifact, workload: Any, summary: str, path: str
) -> None:
    for problem in rendered(artifact, **workload).problems:
        assert problem.address in ("workload.chat", "artifact.server")
        assert problem.location is not None
        assert problem.detail.endswith(".")
        assert problem.fix
        assert len(problem.summary.split()) <= 6


def test_a_draft_may_have_any_tag() -> None:
    artifact = wl.Artifact("server", status="draft", containers=[wl.Container(image="acme/chat:latest", port=8080)])
    assert rendered(artifact).problems == ()


@pytest.mark.parametrize(
    ("image", "mutable"),
    [("a", True), ("a:latest", True), ("a:1.4", True), ("a:1.4.2", False), ("a:v1.4.2-rc1", False), ("a:main-0f3c2d1", False), ("a@sha256:0f", False)],
)  # fmt: skip
def test_a_tag_that_names_one_build_does_not_move(image: str, mutable: bool) -> None:
    assert split_image(image).is_mutable is mutable


def test_containers_of_an_artifact_known_elsewhere_are_checked() -> None:
    done = rendered(server(), allocations={"main": wl.Allocation(cpu=1)})
    assert errors(done) == []


def test_a_way_in_without_a_domain_has_no_host() -> None:
    done = rendered(on=target(entry=IngressEntry()))
    assert (warnings(done), done.endpoint) == (["No domain for its host"], "http://chat.ai.svc.cluster.local")


def test_a_way_in_needs_a_fitting_backend() -> None:
    on = target(entry=GatewayEntry(name="web"), domain="example.com")
    done = rendered(on=on, autoscaling=[wl.concurrency(target=1, max=2)])
    assert done.objects[-1].manifest["spec"]["rules"][0]["backendRefs"] == [
        {"name": "keda-add-ons-http-interceptor-proxy", "namespace": "keda", "port": 8080}
    ]
    assert "ReferenceGrant" in done.notes[0]
