"""Every group of the client against the emulator, over sockets, in drivable time."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from wlinfra.emulation.clock import ManualClock
from wlinfra.emulation.faults import Drop, Phase, Reply, Truncate
from wlinfra.http.transport import ApiError, FailureKind
from wlinfra_datarobot.attributes.dialects import DIALECTS, detect
from wlinfra_datarobot.client import ArtifactFilter, DataRobotClient, Resolution, WorkloadFilter
from wlinfra_datarobot.client.wire import Workload
from wlinfra_datarobot.client.wire_artifacts import Artifact
from wlinfra_datarobot.configuration import DataRobotConfig, open_client, resolve
from wlinfra_datarobot.emulator import DataRobotEmulator

SPEC: dict[str, Any] = {
    "containerGroups": [{"containers": [{"name": "main", "imageUri": "example/app:1", "primary": True, "port": 8080}]}]
}
RUNTIME: Any = {"containerGroups": [{"name": "default", "replicaCount": 1, "resourceBundles": ["cpu.small"]}]}
LONG = 3600.0


@pytest.fixture
def emulator() -> Iterator[DataRobotEmulator]:
    with DataRobotEmulator(clock=ManualClock()) as running:
        yield running


def client_of(emulator: DataRobotEmulator, **options: Any) -> DataRobotClient:
    config = DataRobotConfig.parse({"endpoint": emulator.url, "token": "any", **options})
    return open_client(config, resolve(config, {}), config.sending())


@pytest.fixture
def client(emulator: DataRobotEmulator) -> Iterator[DataRobotClient]:
    made = client_of(emulator)
    yield made
    made.close()


def artifact_input(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "service", "status": "locked", "spec": SPEC, **more}


def run_workload(emulator: DataRobotEmulator, client: DataRobotClient, **artifact: Any) -> tuple[Artifact, Workload]:
    made = client.artifacts.create(artifact_input("server", **artifact))
    workload = client.workloads.create({"name": "chat", "artifactId": made["id"], "runtime": RUNTIME})
    return made, settle(emulator, client, workload)


def settle(emulator: DataRobotEmulator, client: DataRobotClient, workload: Workload) -> Workload:
    for _ in range(20):
        emulator.clock.advance(5)
        workload = client.workloads.get(workload["id"])
        if workload["status"] in {"running", "stopped", "errored"} and not workload["replacement"]:
            return workload
    raise AssertionError(workload["status"])


def refused(error: pytest.ExceptionInfo[ApiError]) -> tuple[FailureKind, int | None]:
    return error.value.kind, error.value.status


def test_a_workload_lives_from_create_to_delete(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    _, workload = run_workload(emulator, client)
    assert workload["status"] == "running"
    updated = client.workloads.update(workload["id"], {"importance": "high"})
    assert updated is not None
    assert updated["importance"] == "high"
    client.workloads.delete(workload["id"])
    emulator.clock.advance(LONG)
    with pytest.raises(ApiError) as caught:
        client.workloads.get(workload["id"])
    assert refused(caught) == (FailureKind.NOT_FOUND, 404)


def test_power_is_switched_and_tracked(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    _, workload = run_workload(emulator, client)
    with pytest.raises(ApiError) as caught:
        client.power.start(workload["id"])
    assert refused(caught) == (FailureKind.REFUSED, 409)
    stopping = client.power.stop(workload["id"])
    assert client.power.track(stopping)["id"] == workload["id"]
    assert settle(emulator, client, workload)["status"] == "stopped"
    client.power.start(workload["id"])
    assert settle(emulator, client, workload)["status"] == "running"


def test_a_replacement_is_started_read_and_remembered(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    first, workload = run_workload(emulator, client)
    second = client.artifacts.create(artifact_input("server", artifactRepositoryId=first["artifactRepositoryId"]))
    started = client.replacement.start(
        workload["id"], {"artifactId": second["id"], "strategy": "rolling", "config": {}}
    )
    assert client.replacement.get(workload["id"])["id"] == started["id"]
    assert settle(emulator, client, workload)["artifactId"] == second["id"]
    assert [entry["candidateArtifactId"] for entry in client.activity.history(workload["id"])] == [second["id"]]
    with pytest.raises(ApiError) as caught:
        client.replacement.get(workload["id"])
    assert refused(caught) == (FailureKind.NOT_FOUND, 404)


def test_a_replacement_can_be_cancelled(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    first, workload = run_workload(emulator, client)
    second = client.artifacts.create(artifact_input("server", artifactRepositoryId=first["artifactRepositoryId"]))
    client.replacement.start(workload["id"], {"artifactId": second["id"], "strategy": "rolling"})
    client.replacement.cancel(workload["id"])
    assert settle(emulator, client, workload)["artifactId"] == first["id"]


def test_settings_are_changed_by_a_roll(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    _, workload = run_workload(emulator, client)
    client.settings.update(
        workload["id"], {"containerGroups": [{"name": "default", "replicaCount": 3, "resourceBundles": ["cpu.small"]}]}
    )
    settle(emulator, client, workload)
    assert client.settings.get(workload["id"])["runtime"]["containerGroups"][0]["replicaCount"] == 3


def test_a_running_draft_is_promoted(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    draft, workload = run_workload(emulator, client, status="draft")
    client.power.promote(workload["id"])
    assert client.artifacts.get(draft["id"])["status"] == "locked"


def test_protons_show_their_status_report_once_there_is_one(
    emulator: DataRobotEmulator, client: DataRobotClient
) -> None:
    made = client.artifacts.create(artifact_input("server"))
    workload = client.workloads.create({"name": "chat", "artifactId": made["id"], "runtime": RUNTIME})
    (proton,) = client.protons.list(workload["id"])
    assert client.protons.status_details(workload["id"], proton["id"]) is None
    settle(emulator, client, workload)
    report = client.protons.status_details(workload["id"], proton["id"])
    assert report is not None
    assert report["overallStatus"]["state"] == client.protons.get(workload["id"], proton["id"])["status"] == "running"


def test_what_a_workload_did_can_be_read(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    made, workload = run_workload(emulator, client)
    assert all(event["workloadId"] == workload["id"] for event in client.activity.events(workload["id"]))
    assert made["id"] in {each["id"] for each in client.activity.related(workload["id"])}
    assert client.stats.everywhere(WorkloadFilter(status="running"))["workloads"]["total"] == 1
    assert "metrics" in client.stats.get(workload["id"])
    assert client.stats.series(workload["id"], "totalRequests", resolution=Resolution.HOUR)["metric"] == "totalRequests"
    client.stats.reset(workload["id"])


def test_roles_are_given_and_taken(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    made, workload = run_workload(emulator, client)
    for roles, object_id in ((client.sharing, workload["id"]), (client.artifacts.roles, made["id"])):
        before = {role["id"] for role in roles.list(object_id)}
        roles.update(object_id, [{"role": "READ_ONLY", "shareRecipientType": "user", "id": "64a000000000000000000001"}])
        assert {role["id"] for role in roles.list(object_id)} - before == {"64a000000000000000000001"}
        roles.update(object_id, [{"role": "NO_ROLE", "shareRecipientType": "user", "id": "64a000000000000000000001"}])
        assert {role["id"] for role in roles.list(object_id)} == before


def test_artifacts_are_changed_cloned_locked_and_deleted(client: DataRobotClient) -> None:
    draft = client.artifacts.create(artifact_input("draft", status="draft"))
    better = client.artifacts.update(draft["id"], {"description": "better"})
    assert better is not None
    assert better["description"] == "better"
    assert client.artifacts.replace(draft["id"], artifact_input("renamed", status="draft"))["name"] == "renamed"
    copy = client.artifacts.clone(draft["id"])
    client.artifacts.delete(copy["id"])
    locked = client.artifacts.update(draft["id"], {"status": "locked"})
    assert locked is not None
    assert locked["version"] == 1
    with pytest.raises(ApiError) as caught:
        client.artifacts.delete(draft["id"])
    assert refused(caught) == (FailureKind.REFUSED, 409)
    assert [found["id"] for found in client.artifacts.list(ArtifactFilter(status="locked"))] == [draft["id"]]


def test_a_repository_is_listed_and_deleted_with_its_versions(client: DataRobotClient) -> None:
    made = client.artifacts.create(artifact_input("server"))
    repository = client.repositories.get(made["artifactRepositoryId"])
    assert [each["id"] for each in client.repositories.list()] == [repository["id"]]
    client.repositories.delete(repository["id"])
    assert list(client.artifacts.list()) == []


def test_sources_are_stored_and_built(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    catalog = client.files.create()["catalogId"]
    stage = client.files.stage(catalog)["stageId"]
    client.files.upload(catalog, stage, "app/Dockerfile", b"FROM scratch")
    stored = client.files.from_stage(catalog, stage)
    assert [file["fileName"] for file in client.files.contained(catalog, stored["catalogVersionId"])] == [
        "app/Dockerfile"
    ]
    code = {"datarobot": {"catalogId": catalog, "catalogVersionId": stored["catalogVersionId"]}}
    container: Any = {"name": "main", "primary": True, "port": 8080, "imageBuildConfig": {"codeRef": code}}
    draft = client.artifacts.create(
        {"name": "built", "status": "draft", "spec": {"containerGroups": [{"containers": [container]}]}}
    )
    (build_id,) = client.builds.start(draft["id"])["buildIds"]
    emulator.clock.advance(LONG)
    assert client.builds.get(draft["id"], build_id)["status"] == "COMPLETED"
    assert [build["id"] for build in client.builds.list(draft["id"])] == [build_id]
    assert client.builds.logs(draft["id"], build_id)
    (second,) = client.builds.start(draft["id"])["buildIds"]
    client.builds.cancel(draft["id"], second)
    assert client.builds.get(draft["id"], second)["status"] == "CANCELLED"


def test_an_archive_is_stored_and_its_task_ends(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("Dockerfile", "FROM scratch")
    stored = client.files.from_archive("app.zip", packed.getvalue())
    emulator.clock.advance(LONG)
    assert client.files.status(stored["statusId"])["status"] == "COMPLETED"
    assert (
        client.files.from_archive("app.zip", packed.getvalue(), catalog_id=stored["catalogId"])["catalogId"]
        == stored["catalogId"]
    )


def test_the_account_tells_bundles_credentials_and_limits(client: DataRobotClient) -> None:
    assert "cpu.small" in {bundle["id"] for bundle in client.account.bundles()}
    assert all("credentialId" in credential for credential in client.account.credentials())
    assert client.account.info()


def test_a_long_list_is_read_page_by_page(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    for number in range(7):
        client.artifacts.create(artifact_input(f"a{number}"))
    before = len(emulator.requests)
    assert [found["name"] for found in client.artifacts.list(ArtifactFilter(order_by="name"), limit=3)] == [
        f"a{number}" for number in range(7)
    ]
    assert len(emulator.requests) - before == 3


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_emulated_version_is_found_out(dialect: str) -> None:
    with DataRobotEmulator(clock=ManualClock(), dialect=dialect) as emulator:
        client = client_of(emulator)
        made = client.artifacts.create(artifact_input("server"))
        policy: Any = {"scalingMetric": "httpRequestsConcurrency", "target": 5}
        bounds: Any = {"minReplicaCount": 1, "maxReplicaCount": 2, "policies": [policy]}
        if dialect == "2026-06":
            bounds = {"policies": [{**policy, "minCount": 1, "maxCount": 2}]}
        group: Any = {"name": "default", "resourceBundles": ["cpu.small"], "autoscaling": {"enabled": True, **bounds}}
        client.workloads.create({"name": "chat", "artifactId": made["id"], "runtime": {"containerGroups": [group]}})
        assert detect(client).name == dialect
        client.close()


@pytest.mark.parametrize("fault", [Drop(), Reply(500), Truncate(keep=5)], ids=["dropped", "500", "cut"])
def test_a_create_whose_reply_is_lost_happened_once_and_is_unknown(
    fault: Any, emulator: DataRobotEmulator, client: DataRobotClient
) -> None:
    emulator.faults.on(fault, method="POST", phase=Phase.AFTER)
    with pytest.raises(ApiError) as caught:
        client.artifacts.create(artifact_input("server"))
    assert caught.value.kind is FailureKind.UNKNOWN
    assert [found["name"] for found in client.artifacts.list()] == ["server"]


def test_passing_refusals_are_waited_out(emulator: DataRobotEmulator, client: DataRobotClient) -> None:
    emulator.faults.on(Reply(429, {"Retry-After": "0"}), times=3)
    assert client.artifacts.create(artifact_input("server"))["name"] == "server"
    assert len(list(client.artifacts.list())) == 1


def test_a_create_answered_with_401_is_not_sent_again_with_the_same_token(
    emulator: DataRobotEmulator, client: DataRobotClient
) -> None:
    emulator.faults.on(Reply(401), phase=Phase.AFTER)
    with pytest.raises(ApiError) as caught:
        client.artifacts.create(artifact_input("server"))
    assert refused(caught) == (FailureKind.UNAUTHORIZED, 401)
    assert len(list(client.artifacts.list())) == 1


def test_a_read_only_token_is_forbidden_to_change() -> None:
    with DataRobotEmulator(clock=ManualClock(), read_only_token="viewer") as emulator:
        client = client_of(emulator, token="viewer")
        assert list(client.workloads.list()) == []
        with pytest.raises(ApiError) as caught:
            client.artifacts.create(artifact_input("server"))
        client.close()
    assert refused(caught) == (FailureKind.FORBIDDEN, 403)


def test_a_wrong_declaration_is_explained_by_attribute(client: DataRobotClient) -> None:
    with pytest.raises(ApiError) as caught:
        client.workloads.create(
            {"name": "chat", "artifactId": "0" * 24, "runtime": {"containerGroups": [{"replicaCount": 0}]}}
        )
    assert refused(caught) == (FailureKind.REFUSED, 422)
    assert any("replicaCount" in loc for loc, _ in caught.value.fields)
