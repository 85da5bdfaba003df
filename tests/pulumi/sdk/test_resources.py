"""Resources send what programs write, with an Output or a plain value of wlinfra at any place."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from support.pulumi_programs import UNKNOWN, Answers, Hidden, run

import pulumi_wlinfra as wlinfra
import wlinfra as wl
from pulumi_wlinfra.kubernetes import Manifest

DIGEST = "ghcr.io/acme/chat:1.4.2"


def out(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)


def never() -> pulumi.Output[Any]:
    """Return what is known after the update."""
    return pulumi.Output.from_input(pulumi.UNKNOWN)


def sent_by(**attributes: Any) -> dict[str, Any]:
    found = run(lambda: wlinfra.Artifact("server", **attributes))
    return found["server"].properties


def test_names_are_sent_in_camel_case_at_every_level() -> None:
    security: wlinfra.SecurityContext = {
        "read_only_root_filesystem": True,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    container = wlinfra.Container(image=DIGEST, security=security, readiness={"path": "/", "initial_delay_seconds": 2})
    assert sent_by(container_groups=[{"containers": [container]}], a2a_enabled=True) == {
        "containerGroups": [
            {
                "containers": [
                    {
                        "image": DIGEST,
                        "security": {"readOnlyRootFilesystem": True, "seccompProfile": {"type": "RuntimeDefault"}},
                        "readiness": {"path": "/", "initialDelaySeconds": 2},
                    }
                ]
            }
        ],
        "a2aEnabled": True,
    }


def test_keys_of_the_users_own_are_sent_as_they_stand() -> None:
    probe = {"path": "/", "headers": {"x_my_header": "1"}}
    env = {"initial_delay_seconds": "2", "min_replicas": out("3")}
    [container] = sent_by(containers=[{"image": DIGEST, "env": env, "readiness": probe}])["containers"]
    assert container["env"] == {"initial_delay_seconds": "2", "min_replicas": "3"}
    assert container["readiness"]["headers"] == {"x_my_header": "1"}


def test_camel_case_is_understood_too() -> None:
    assert sent_by(containers=[{"image": DIGEST, "readiness": {"path": "/", "initialDelaySeconds": 2}}]) == sent_by(
        containers=[{"image": DIGEST, "readiness": {"path": "/", "initial_delay_seconds": 2}}]
    )


@pytest.mark.parametrize(
    "containers",
    [
        out([{"image": DIGEST, "readiness": {"path": "/", "port": 1, "period_seconds": 2}}]),
        [out({"image": DIGEST, "readiness": {"path": "/", "port": 1, "period_seconds": 2}})],
        [{"image": out(DIGEST), "readiness": out({"path": "/", "port": 1, "period_seconds": 2})}],
        [{"image": DIGEST, "readiness": {"path": out("/"), "port": out(1), "period_seconds": out(2)}}],
        [wl.Container(image=DIGEST, readiness=wl.Probe(path="/", port=1, period_seconds=2))],
        out([wl.Container(image=DIGEST, readiness=wl.Probe(path="/", port=1, period_seconds=2))]),
        [{"image": DIGEST, "readiness": wl.Probe(path="/", port=1, period_seconds=2)}],
    ],
    ids=["list", "item", "attribute", "inner", "declared", "declared-later", "declared-inside"],
)
def test_an_output_or_a_declaration_may_stand_anywhere(containers: Any) -> None:
    expected = [{"image": DIGEST, "readiness": {"path": "/", "port": 1, "periodSeconds": 2}}]
    assert sent_by(containers=containers) == {"containers": expected}


def test_a_secret_stays_one_and_hides_nothing_else() -> None:
    env = {"TOKEN": pulumi.Output.secret("canary"), "LOG": "info"}
    [container] = sent_by(containers=[{"image": DIGEST, "env": env}])["containers"]
    assert container == {"image": DIGEST, "env": {"TOKEN": Hidden("canary"), "LOG": "info"}}


def test_secrets_of_wlinfra_are_fetched_by_the_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "canary")
    env = {"HF_TOKEN": wl.secret_env("HF_TOKEN"), "KEY": wl.api_key(), "STORED": wl.credential("65f0", "apiToken")}
    expected = {
        "HF_TOKEN": {"$secret": {"env": "HF_TOKEN"}},
        "KEY": {"$apiKey": {}},
        "STORED": {"$credential": {"id": "65f0", "key": "apiToken"}},
    }
    for container in ({"image": DIGEST, "env": env}, wl.Container(image=DIGEST, env=env)):
        assert sent_by(containers=[container]) == {"containers": [{"image": DIGEST, "env": expected}]}


def test_a_secret_of_the_programs_own_becomes_one_of_pulumi() -> None:
    class Vault:
        describe = "the vault"

        def fetch(self) -> str:
            return "canary"

    [container] = sent_by(containers=[{"image": DIGEST, "env": {"TOKEN": wl.secret(Vault())}}])["containers"]
    assert container["env"] == {"TOKEN": Hidden("canary")}


def test_a_reference_of_a_stack_is_refused_with_what_to_do() -> None:
    peer = wl.Workload("peer", artifact="65f0c0ffee0123456789abcd")
    with pytest.raises(TypeError, match=r"workload\.peer#endpoint.*pulumi_wlinfra\.deploy"):
        sent_by(containers=[wl.Container(image=DIGEST, env={"PEER": peer.endpoint})])
    with pytest.raises(TypeError, match=r"pulumi_wlinfra\.deploy"):
        sent_by(description=f"of {peer.endpoint}")


def test_a_workload_sends_the_declaration_and_the_id_of_its_artifact() -> None:
    def program() -> None:
        server = wlinfra.Artifact("server", containers=[{"image": DIGEST, "port": 8080}])
        wlinfra.Workload("chat", artifact=server, replicas=2, autoscaling=[wl.concurrency(target=4, max=3)])

    answers = Answers({"wlinfra:index:Artifact": {"artifactId": "a1"}})
    assert run(program, answers)["chat"].properties == {
        "artifact": {"name": "server", "containers": [{"image": DIGEST, "port": 8080}], "id": "a1"},
        "replicas": 2,
        "autoscaling": [{"metric": "httpRequestsConcurrency", "target": 4, "min": 1, "max": 3}],
    }


def test_only_the_id_of_an_artifact_that_does_not_exist_is_unknown() -> None:
    def program() -> None:
        server = wlinfra.Artifact("server", containers=[{"image": DIGEST}], name="shop-server")
        wlinfra.Workload("chat", artifact=server)

    sent = run(program, preview=True)["chat"]
    assert sent.properties == {"artifact": {"name": "shop-server", "containers": [{"image": DIGEST}], "id": UNKNOWN}}
    assert [urn.rpartition("::")[2] for urn in sent.request.propertyDependencies["artifact"].urns] == ["server"]


def test_an_unknown_value_leaves_what_stands_beside_it_known() -> None:
    sent = run(lambda: wlinfra.Artifact("server", containers=[{"image": never(), "port": 8080}]), preview=True)
    assert sent["server"].properties == {"containers": [{"image": UNKNOWN, "port": 8080}]}


def test_an_artifact_declared_in_place_is_sent_without_an_id() -> None:
    expected = {"containers": [{"image": DIGEST, "port": 8080}]}
    declared = wl.Artifact("server", containers=[wl.Container(image=DIGEST, port=8080)])
    for artifact, names in ((expected, {}), (declared, {"name": "server"})):
        sent = run(lambda artifact=artifact: wlinfra.Workload("chat", artifact=artifact))  # type: ignore[misc]
        assert sent["chat"].properties == {"artifact": {**names, **expected}}


def test_a_resource_stands_for_its_id_elsewhere() -> None:
    def program() -> None:
        peer = wlinfra.Workload("peer", artifact="65f0")
        wlinfra.Artifact("server", containers=[{"image": DIGEST, "env": {"PEER": peer.own_id, "URL": peer.endpoint}}])

    answers = Answers({"wlinfra:index:Workload": {"workloadId": "w1", "endpoint": "http://peer/"}})
    [container] = run(program, answers)["server"].properties["containers"]
    assert container["env"] == {"PEER": "w1", "URL": "http://peer/"}


def test_outputs_come_back_with_the_names_that_programs_write() -> None:
    seen: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        probe: wlinfra.Probe = {"path": "/", "period_seconds": 2}
        env = {"periodSeconds": "1"}
        server = wlinfra.Artifact("server", containers=[{"image": DIGEST, "readiness": probe, "env": env}])
        wanted = {"containers": server.containers, "id": server.id, "own": server.artifact_id, "v": server.version}
        return pulumi.Output.all(**wanted, none=server.storage).apply(seen.update)

    run(program, Answers({"wlinfra:index:Artifact": {"artifactId": "a1", "version": 3}}))
    expected = [{"image": DIGEST, "readiness": {"path": "/", "period_seconds": 2}, "env": {"periodSeconds": "1"}}]
    assert seen == {"containers": expected, "id": "server-id", "own": "a1", "v": 3, "none": None}


def test_outputs_can_be_given_to_another_resource() -> None:
    def program() -> None:
        server = wlinfra.Artifact(
            "server", containers=[{"image": DIGEST, "readiness": {"path": "/", "period_seconds": 2}}]
        )
        wlinfra.Artifact("copy", containers=server.containers)

    sent = run(program)
    assert sent["copy"].properties == sent["server"].properties


def test_the_version_of_the_plugin_is_that_of_the_package() -> None:
    sent = run(lambda: wlinfra.Artifact("server", opts=pulumi.ResourceOptions(protect=True), containers=[]))
    assert sent["server"].request.version == "0.1.0"
    assert sent["server"].request.protect
    assert list(sent["server"].request.additionalSecretOutputs) == ["record"]


def test_options_may_name_attributes_as_programs_write_them() -> None:
    opts = pulumi.ResourceOptions(
        ignore_changes=["container_groups", "a2a_enabled"],
        replace_on_changes=["containers[0].readiness.period_seconds"],
        additional_secret_outputs=["template_id"],
    )
    probe: wlinfra.Probe = {"path": "/", "period_seconds": 2}
    request = run(lambda: wlinfra.Artifact("s", opts, containers=[out({"image": DIGEST, "readiness": probe})]))[
        "s"
    ].request
    assert list(request.ignoreChanges) == ["containerGroups", "a2aEnabled"]
    assert list(request.replaceOnChanges) == ["containers[0].readiness.periodSeconds"]
    assert list(request.additionalSecretOutputs) == ["record", "templateId"]


def test_a_provider_sends_its_options_as_strings() -> None:
    def program() -> None:
        wlinfra.Provider("lab", platform="kubernetes", read_only=True, parallelism=4, conflicts={"spec.x": "force"})
        wlinfra.Provider("prod", endpoint="https://dr.example.com/api/v2", token=wl.secret_env("T"), pool_size=out(8))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("T", "canary")
        sent = run(program)
    assert sent["lab"].request.type == "pulumi:providers:wlinfra"
    assert sent["lab"].properties == {
        "platform": "kubernetes",
        "readOnly": "true",
        "parallelism": "4",
        "conflicts": '{"spec.x": "force"}',
    }
    assert sent["prod"].properties["token"] == Hidden("canary")
    assert sent["prod"].properties["poolSize"] == "8"


def test_a_manifest_is_sent_as_it_stands_and_names_what_it_reads() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"read_only": out("x")}}

    def program() -> None:
        config = Manifest("config", manifest=document)
        Manifest("pods", manifest={**document, "kind": "DaemonSet"}, roll_on=[config], cluster_scoped=False)

    sent = run(program, Answers({"wlinfra:kubernetes:Manifest": {"manifestId": "m1"}}))
    plain = {**document, "data": {"read_only": "x"}}
    assert sent["config"].request.type == "wlinfra:kubernetes:Manifest"
    assert sent["config"].properties == {"manifest": plain}
    assert sent["pods"].properties["rollOn"] == [{"manifest": plain, "id": "m1"}]


def test_what_exists_is_looked_up() -> None:
    seen: dict[str, Any] = {}
    answers = Answers()

    def program() -> pulumi.Output[Any]:
        found = wlinfra.get_workload(name="peer")
        wlinfra.Workload("chat", artifact=wlinfra.get_artifact(id=out("a1"))["artifact_id"])
        return pulumi.Output.all(endpoint=found["endpoint"]).apply(seen.update)

    assert run(program, answers)["chat"].properties == {"artifact": "a1"}
    assert seen == {"endpoint": "http://peer/"}
    assert sorted(answers.calls) == [
        ("wlinfra:index:getArtifact", {"id": "a1"}),
        ("wlinfra:index:getWorkload", {"name": "peer"}),
    ]


def test_the_names_that_generators_write_exist() -> None:
    assert wlinfra.ContainerArgs is wlinfra.Container
    assert wlinfra.kubernetes.Manifest is Manifest
    with pytest.raises(AttributeError, match="Nonsense"):
        wlinfra.NonsenseArgs  # noqa: B018
    assert {name for name in wlinfra.__all__ if not hasattr(wlinfra, name)} == set()
