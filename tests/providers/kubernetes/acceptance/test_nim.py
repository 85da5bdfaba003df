"""A model server through its life, run by the NIM Operator or as plain pods, with both kinds of storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage

if TYPE_CHECKING:
    from pathlib import Path

    from engines.kubernetes.handle import ClusterHandle

PROGRAM = """
import wlinfra as wl

stack = wl.Stack("models")


@stack.resources
def resources(env):
    image = wl.Container(image="nvcr.io/nim/meta/llama:{tag}", port=8000)
    server = wl.Artifact("llama", type="nim", containers=[image], storage=wl.Storage({storage}))
    yield server
    yield wl.Workload("llama", artifact=server, bundles=["h100"], {scale})

"""
BUNDLES = {"h100": {"cpu": 1, "memory": "1GB", "gpu": {"products": ["NVIDIA-H100-80GB-HBM3"], "type": "H100"}}}
MODES = ["dedicated_pvc", "nim_cache"]
RUNNER = {"operator": "workload.llama/NIMService", "plain": "workload.llama/Deployment"}


class Models:
    """The stack of one model server."""

    def __init__(self, stage: ClusterStage) -> None:
        self.stage = stage

    def write(self, *, nim: str, mode: str = MODES[0], tag: str = "1.8.3", size: str = "", **more: Any) -> None:
        storage = f"mode={mode!r}" + (f", pvc_size={size!r}" if size else "")
        scale = more.pop("scale", f"replicas={more.pop('replicas', 1)}")
        text = PROGRAM.format(tag=tag, scale=scale, storage=storage)
        target = {"nim": nim, "ngc_secret": "ngc", "storage_class": "standard", "volume_size": "10Gi", **more}
        self.stage.program(text, bundles=BUNDLES, target=target)

    def image(self) -> str:
        spec = self.stage.get("deployment", "llama")["spec"]
        return str(spec["template"]["spec"]["containers"][0]["image"])

    def available(self) -> int:
        return int(self.stage.get("deployment", "llama")["status"].get("availableReplicas", 0))

    def mounted(self) -> set[str]:
        pod = self.stage.get("deployment", "llama")["spec"]["template"]["spec"]
        claims = (volume.get("persistentVolumeClaim") for volume in pod["volumes"])
        return {claim["claimName"] for claim in claims if claim}


@pytest.fixture
def models(fakes: ClusterHandle, namespace: str, tmp_path: Path) -> Models:
    return Models(ClusterStage(cluster=fakes, namespace=namespace, folder=tmp_path / "project"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("nim", ["operator", "plain"])
def test_a_model_server_lives_and_ends(models: Models, nim: str, mode: str) -> None:
    models.write(nim=nim, mode=mode, volume_access="ReadWriteMany")
    models.stage.apply()
    assert (models.image(), models.available()) == ("nvcr.io/nim/meta/llama:1.8.3", 1)
    assert models.stage.actions() == {}

    models.write(nim=nim, mode=mode, volume_access="ReadWriteMany", replicas=2)
    assert models.stage.actions()[RUNNER[nim]] == "update"
    models.stage.apply()
    assert (models.available(), models.stage.actions()) == (2, {})

    models.stage.run("destroy", "--auto-approve")
    assert models.stage.names("deployment,nimservice,nimcache,service,configmap") == {"kube-root-ca.crt"}


def test_a_second_replica_on_a_volume_of_one_node_is_refused_with_the_ways_out(models: Models) -> None:
    models.write(nim="plain")
    models.stage.apply()
    models.write(nim="plain", replicas=2)
    refused = models.stage.run("plan", code=1)
    assert "target={'volume_access': 'ReadWriteOnce'}" in " ".join((refused.out + refused.err).split())
    models.write(nim="plain", replicas=2, volume_access="ReadWriteOnce")
    assert models.stage.actions()[RUNNER["plain"]] == "update"


@pytest.mark.parametrize("nim", ["operator", "plain"])
def test_another_image_rolls_and_keeps_the_volume(models: Models, nim: str) -> None:
    models.write(nim=nim)
    models.stage.apply()
    models.write(nim=nim, tag="1.9.0")
    assert models.stage.actions()[RUNNER[nim]] == "roll"
    models.stage.apply()
    assert (models.image(), models.mounted()) == ("nvcr.io/nim/meta/llama:1.9.0", {"llama-models"})
    assert models.stage.actions() == {}


@pytest.mark.parametrize("nim", ["operator", "plain"])
def test_a_volume_grows_in_place_and_never_shrinks(models: Models, nim: str) -> None:
    models.write(nim=nim, size="10Gi")
    models.stage.apply()
    models.write(nim=nim, size="20Gi")
    assert models.stage.actions()["workload.llama/PersistentVolumeClaim"] == "update"
    assert models.stage.actions()[RUNNER[nim]] == "update"  # the version it is annotated with; nothing rolls
    models.stage.apply()
    assert models.stage.get("pvc", "llama-models")["spec"]["resources"]["requests"]["storage"] == "20Gi"
    models.write(nim=nim, size="5Gi")
    refused = models.stage.run("plan", code=1)
    assert "Change would lose data" in refused.out + refused.err


def test_a_volume_of_one_node_is_not_given_up_for_a_second_replica(models: Models) -> None:
    models.write(nim="operator")
    models.stage.apply()
    models.write(nim="operator", replicas=2)
    refused = models.stage.run("plan", code=1)
    assert "Change would lose data" in refused.out + refused.err


@pytest.mark.parametrize(("before", "after"), [("operator", "plain"), ("plain", "operator")])
@pytest.mark.parametrize("mode", MODES)
def test_a_model_server_changes_hands(models: Models, before: str, after: str, mode: str) -> None:
    """Both make a Deployment and a Service of one name, so that the one has to be gone before the other comes."""
    models.write(nim=before, mode=mode)
    models.stage.apply()
    models.write(nim=after, mode=mode)
    actions = models.stage.actions()
    assert (actions[RUNNER[before]], actions[RUNNER[after]]) == ("delete", "create")
    assert "(peak" not in models.stage.run("plan").out
    models.stage.apply()
    assert (models.available(), models.stage.actions()) == (1, {})
    assert models.stage.names("nimservice") == ({"llama"} if after == "operator" else set())
    owners = models.stage.get("deployment", "llama")["metadata"].get("ownerReferences") or []
    assert [owner["kind"] for owner in owners] == (["NIMService"] if after == "operator" else [])


@pytest.mark.parametrize(("before", "after"), [("operator", "plain"), ("plain", "operator")])
def test_an_autoscaler_changes_hands_too(models: Models, before: str, after: str) -> None:
    scale = "autoscaling=[wl.queue_depth(target=4, min=1, max=3)]"
    models.write(nim=before, scale=scale)
    models.stage.apply("--no-wait")
    eventually(lambda: models.stage.names("hpa") == {"llama"})
    models.write(nim=after, scale=scale)
    models.stage.apply("--no-wait")
    eventually(lambda: models.stage.names("hpa") == {"llama"})
    owners = models.stage.get("hpa", "llama")["metadata"].get("ownerReferences") or []
    assert [owner["kind"] for owner in owners] == (["NIMService"] if after == "operator" else [])


@pytest.mark.parametrize(("before", "after"), [("operator", "plain"), ("plain", "operator")])
def test_the_models_stay_on_their_volume_when_hands_change(models: Models, before: str, after: str) -> None:
    models.write(nim=before)
    models.stage.apply()
    volume = models.stage.get("pvc", "llama-models")["metadata"]["uid"]
    models.write(nim=after)
    assert "workload.llama/PersistentVolumeClaim" not in models.stage.actions()
    models.stage.apply()
    assert models.stage.get("pvc", "llama-models")["metadata"]["uid"] == volume
    assert models.mounted() == {"llama-models"}


@pytest.mark.parametrize("mode", MODES)
def test_volumes_are_named_and_outlive_a_destroy(models: Models, mode: str) -> None:
    models.write(nim="plain", mode=mode)
    models.stage.apply()
    (volume,) = models.mounted()
    ended = models.stage.run("destroy", "--auto-approve")
    assert volume in ended.out + ended.err
    assert models.stage.names("pvc") == {volume}
