"""Objects that kubectl made and that are imported: which ID names them, and whose their fields are then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.cluster_stage import ClusterStage, container

ADDRESS = "manifest.web"


def made_by_kubectl(stage: ClusterStage, *flags: str) -> None:
    """Make the Deployment that `declare` declares, with a variable of its own."""
    pod = {"containers": [container(env=[{"name": "OLD", "value": "1"}])]}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
    }
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    (stage.folder / "web.json").write_text(json.dumps(document))
    stage.kubectl(*(flags or ("apply",)), "-f", str(stage.folder / "web.json"))


def main_container(stage: ClusterStage) -> Any:
    return stage.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("form", ["uid", "name", "namespace/name"])
def test_an_object_is_imported_by_its_uid_or_its_name(stage: ClusterStage, form: str) -> None:
    made_by_kubectl(stage)
    stage.deployment()
    uid = stage.get("deployment", "web")["metadata"]["uid"]
    identity = {"uid": uid, "name": "web", "namespace/name": f"{stage.namespace}/web"}[form]
    assert f"[id={uid}]" in stage.run("import", ADDRESS, identity).out


def test_an_id_that_is_another_objects_is_refused_with_what_exists(stage: ClusterStage) -> None:
    made_by_kubectl(stage)
    stage.deployment()
    uid = stage.get("deployment", "web")["metadata"]["uid"]
    other = stage.get("configmap", "kube-root-ca.crt")["metadata"]["uid"]
    for wrong in ("11111111-aaaa-4444-8888-000000000000", other, "default/web"):
        said = stage.run("import", ADDRESS, wrong, code=1).err
        assert "No such object" in said
        assert uid in said
    assert ADDRESS in stage.run("plan").out


@pytest.mark.parametrize("flags", [("apply",), ("create",), ("apply", "--server-side")])
def test_what_kubectl_made_is_taken_over_with_the_import_and_stays_ours(
    stage: ClusterStage, flags: tuple[str, ...]
) -> None:
    made_by_kubectl(stage, *flags)
    stage.deployment(image="nginx:2", replicas=None)
    stage.run("import", ADDRESS, "web")
    assert "it is taken over" in stage.run("plan").out
    stage.apply()
    assert main_container(stage)["image"] == "nginx:2"
    stage.deployment(image="nginx:3", replicas=None)
    stage.apply()
    assert main_container(stage)["image"] == "nginx:3"
    assert main_container(stage)["env"] == [{"name": "OLD", "value": "1"}]
    assert stage.actions() == {}


def test_equal_values_of_kubectl_are_no_conflict_at_the_next_change(stage: ClusterStage) -> None:
    made_by_kubectl(stage)
    stage.deployment(replicas=None)
    stage.run("import", ADDRESS, "web")
    stage.apply()
    stage.deployment(image="nginx:2", replicas=None)
    stage.apply()
    assert main_container(stage)["image"] == "nginx:2"


@pytest.mark.parametrize("imported", [True, False])
def test_no_drift_is_told_of_what_was_never_applied(stage: ClusterStage, *, imported: bool) -> None:
    made_by_kubectl(stage)
    stage.deployment(image="nginx:2", replicas=None)
    if imported:
        stage.run("import", ADDRESS, "web")
    said = stage.run("plan").out
    assert "nginx:2" in said
    assert "Since the last apply" not in said
    assert "at last apply" not in said


def test_no_drift_is_told_of_an_adopted_object(stage: ClusterStage) -> None:
    stage.deployment()
    stage.apply()
    stage.stack = "rival"
    stage.folder = stage.folder.parent / "rival"
    stage.__post_init__()
    adopting = stage.project.folder / "infra.py"
    stage.deployment(image="nginx:2", conflicts={"*": "force"})
    adopting.write_text(adopting.read_text().replace("Manifest('web', ", "Manifest('web', adopt=True, manifest="))
    said = stage.run("plan").out
    assert "nginx:2" in said
    assert "at last apply" not in said


def test_a_renamed_object_is_told_with_its_new_id(stage: ClusterStage) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old"}, "data": {"a": "1"}}
    stage.manifests(settings)
    stage.apply()
    stage.manifests({**settings, "metadata": {"name": "new"}})
    program = stage.project.folder / "infra.py"
    program.write_text(program.read_text().replace("Manifest('new', ", "Manifest('old', "))
    said = stage.apply().out
    assert f"[id={stage.get('configmap', 'new')['metadata']['uid']}]" in said
    assert stage.names("configmap") >= {"new"}
