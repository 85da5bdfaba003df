from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.rendering import TARGET, nim, rendered, server

import wlinfra as wl
from wlinfra.errors import DeclarationError
from wlinfra.provider.rendering import RenderedObject
from wlinfra.render.manifests.files import write_manifests
from wlinfra.render.manifests.yaml import format_manifests
from wlinfra_manifests.render import render_workload
from wlinfra_manifests.secrets import stamp_secrets


def _unreachable() -> str:
    raise LookupError("a rendering must not fetch a secret")


def _files(objects: Iterable[RenderedObject], folder: Path) -> tuple[Path, ...]:
    return write_manifests(objects, folder, owner="manifests of stack shop, environment test").files


SECRET = wl.Secret(_unreachable, describe="CHAT_TOKEN")


def test_each_object_has_a_file_in_a_stable_order(tmp_path: Path) -> None:
    written = _files(rendered(autoscaling=[wl.queue_depth(target=4, max=5)]).objects, tmp_path / "out")
    assert [path.name for path in written] == [
        "deployment-chat.yaml",
        "horizontalpodautoscaler-chat.yaml",
        "service-chat.yaml",
    ]
    assert yaml.safe_load(written[2].read_text())["kind"] == "Service"


def test_the_order_does_not_follow_the_program() -> None:
    objects = rendered(server(), autoscaling=[wl.concurrency(target=4, max=5)]).objects
    assert format_manifests(objects) == format_manifests(reversed(objects))


def test_a_secret_is_written_without_its_values(tmp_path: Path) -> None:
    written = _files(rendered(server(env={"TOKEN": SECRET})).objects, tmp_path)
    assert [path.name for path in written] == [
        "deployment-chat.yaml",
        "secret-chat-env.yaml",
        "service-chat.yaml",
        "README.md",
    ]
    text = written[1].read_text()
    assert text.splitlines()[1].startswith("# Without its values")
    assert "data" not in yaml.safe_load(text)
    assert "kubectl -n ai create secret generic chat-env --from-literal='main.TOKEN=...'" in written[3].read_text()


def test_a_value_known_after_apply_cannot_be_written() -> None:
    other = wl.Workload("other", artifact="65f0")
    with pytest.raises(DeclarationError, match="Known only after apply"):
        format_manifests(rendered(server(env={"URL": other.endpoint})).objects)


def test_two_objects_of_one_name_are_refused() -> None:
    objects = [*rendered().objects, *rendered().objects]
    with pytest.raises(DeclarationError, match="Duplicate object"):
        format_manifests(objects)


def test_objects_of_one_name_in_two_namespaces_have_both_a_file(tmp_path: Path) -> None:
    def settings(namespace: str) -> RenderedObject:
        metadata = {"name": "settings", "namespace": namespace}
        return RenderedObject(part="", manifest={"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})

    written = _files([settings("b"), settings("a")], tmp_path)
    assert [path.name for path in written] == ["configmap-settings.a.yaml", "configmap-settings.b.yaml"]


def test_a_shared_cache_is_written_once() -> None:
    objects: list[RenderedObject] = []
    for name in ("a", "b"):
        artifact = nim(storage=wl.Storage(mode="nim_cache"))
        objects += render_workload(wl.Workload(name, artifact=artifact, gpu=1), artifact, TARGET).objects
    kinds = [document["kind"] for document in yaml.safe_load_all(format_manifests(objects))]
    assert kinds == ["NIMCache", "NIMService", "NIMService"]


@pytest.mark.parametrize("artifact", [server(env={"TOKEN": SECRET}), nim(env={"TOKEN": SECRET})])
def test_pods_restart_when_the_digest_of_their_secrets_differs(artifact: Any) -> None:
    (runner,) = [item for item in rendered(artifact).objects if item.kind in ("Deployment", "NIMService")]
    stamped = stamp_secrets(runner.manifest, "d1")
    spec = stamped["spec"]
    holder = spec if runner.kind == "NIMService" else spec["template"]["metadata"]
    assert holder["annotations"] == {"wlinfra.dev/secrets-digest": "d1"}
    assert stamp_secrets(stamped, "d1") == stamped
    assert "secrets-digest" not in repr(runner.manifest)


@pytest.mark.parametrize(
    "text", ["n", "Y", "on", "1e5", "12e45678", "0x1f", "0o17", "1_000", "null", "~", "", "a: b", "2026-10-01"]
)
def test_a_text_stays_a_text_for_every_reader(text: str) -> None:
    shown = format_manifests(rendered(server(env={"A": text + " ", "B": text})).objects)
    assert f"value: '{text}'" in shown or text == ""
