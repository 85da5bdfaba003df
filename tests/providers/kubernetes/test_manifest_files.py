"""Objects in YAML files: what is read, and what is refused with file, line and document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wlinfra.errors import DeclarationError
from wlinfra.resources.declaring import declaring
from wlinfra.values import Ref
from wlinfra_kubernetes import Manifest, manifests_from

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n"


def config(name: str, more: str = "") -> str:
    return CONFIG.replace("NAME", name) + more


def written(tmp_path: Path, text: str, name: str = "all.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def names(path: Path) -> list[str]:
    return [manifest.name for manifest in manifests_from(path)]


def refused(path: Path) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        list(manifests_from(path))
    return [f"{item.detail} {item.fix}".replace(f"{path.parent}/", "") for item in caught.value.diagnostics]


def test_documents_without_content_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, f"---\n# only a word\n---\n{config('a')}---\n\n---\n{config('b')}...\n")
    assert names(path) == ["configmap-a", "configmap-b"]


def test_lists_are_read_item_by_item_even_in_lists(tmp_path: Path) -> None:
    a, b = (f'{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "{name}"}}}}' for name in "ab")
    inner = f'{{"apiVersion": "v1", "kind": "ConfigMapList", "items": [{b}]}}'
    path = written(tmp_path, f'{{"apiVersion": "v1", "kind": "List", "items": [{a}, {inner}]}}')
    assert names(path) == ["configmap-a", "configmap-b"]


def test_files_are_read_in_order_of_their_paths_and_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "k8s" / "sub").mkdir(parents=True)
    for name, file in (("b", "sub/1.yml"), ("a", "2.yaml"), ("c", "notes.txt")):
        (tmp_path / "k8s" / file).write_text(config(name))
    assert names(tmp_path / "k8s") == ["configmap-a", "configmap-b"]


def test_text_beyond_ascii_survives_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    for mark in ("", "\ufeff"):
        (manifest,) = manifests_from(written(tmp_path, mark + config("a", "data: {grüße: 'naïve ☃ 日本'}\n")))
        assert manifest.manifest["data"] == {"grüße": "naïve ☃ 日本"}


def test_values_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    (manifest,) = manifests_from(written(tmp_path, config("a", "data: {8080: x, true: b, day: 2024-01-02}\n")))
    assert manifest.manifest["data"] == {"8080": "x", "true": "b", "day": "2024-01-02"}


def test_texts_refer_to_other_resources(tmp_path: Path) -> None:
    (manifest,) = manifests_from(written(tmp_path, config("a", "data: {url: '${wlinfra:workload.chat#endpoint}'}\n")))
    url = manifest.manifest["data"]["url"]
    assert isinstance(url, Ref)
    assert str(url) == "${wlinfra:workload.chat#endpoint}"


def test_what_is_no_yaml_is_refused_with_file_and_line_and_without_its_text(tmp_path: Path) -> None:
    (said,) = refused(written(tmp_path, config("a") + "data:\n  password: 'hunter2\n  other: [\n"))
    assert said.startswith("all.yaml:")
    assert "not YAML" in said
    assert "hunter2" not in said


def test_a_key_that_stands_twice_is_refused_at_its_line(tmp_path: Path) -> None:
    (said,) = refused(written(tmp_path, config("a") + "data:\n  a: '1'\n  a: '2'\n"))
    assert said.startswith("all.yaml:6: it is not YAML: a key stands twice")


def test_one_object_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    written(tmp_path, config("a"), "one.yaml")
    written(tmp_path, f"{config('b')}---\n{config('a')}", "two.yaml")
    with pytest.raises(DeclarationError) as caught:
        list(manifests_from(tmp_path))
    said = caught.value.diagnostics[0].detail.replace(f"{tmp_path}/", "")
    assert said == ("two.yaml:5: document 2 is the ConfigMap a again, which stands at one.yaml:1 (document 1) already.")


def test_one_name_in_two_namespaces_is_two_objects(tmp_path: Path) -> None:
    text = "---\n".join(config("a").replace("{name: a}", f"{{name: a, namespace: {space}}}") for space in ("x", "z"))
    assert names(written(tmp_path, text)) == ["configmap-x-a", "configmap-z-a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: job-}\n", "generateName, which would make a new object"),
        ("kind: Pod\nmetadata: {name: a}\n", "document 1 has no apiVersion"),
        ("apiVersion: v1\nkind: Pod\n", "document 1 has no metadata.name"),
        (f"{config('a')}---\n- a\n- b\n", "document 2 is a list, not an object"),
        ("a: *missing\n", "not YAML"),
    ],
    ids=["generate-name", "no-version", "no-name", "not-an-object", "alias"],
)
def test_what_cannot_be_an_object_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    (said,) = refused(written(tmp_path, text))
    assert words in said
    assert said.startswith("all.yaml:")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refused(written(tmp_path, "kind: Pod\n---\nplain words\n---\napiVersion: v1\n"))
    assert [text.split(":")[1] for text in said] == ["1", "3", "5"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_manifests_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (said,) = refused(tmp_path / name)
    assert said.startswith(f"{name}:1: ")


def test_bytes_are_encoded_and_refused_where_texts_belong() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "binaryData": {"x": b"\xff\x00"}}
    assert Manifest("a", body).manifest["binaryData"] == {"x": "/wA="}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"x": b"\xff"}}
    with pytest.raises(DeclarationError, match="Give bytes in data"):
        Manifest("a", secret)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"data": {"key": "hunter2!"}}, r"data\.key is not base64"),
        ({"stringData": {"port": 5432}}, r"stringData\.port is not a text"),
    ],
)
def test_data_of_a_secret_that_the_cluster_could_not_take_is_refused_unseen(
    data: dict[str, dict[str, object]], words: str
) -> None:
    with pytest.raises(DeclarationError, match=words) as caught:
        Manifest("a", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **data})
    assert "hunter2" not in str(caught.value)


POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}


def twice(container: dict[str, Any]) -> dict[str, Any]:
    return {**POD, "spec": {"containers": [{"name": "main", "image": "a", **container}]}}


DUPLICATES: dict[str, tuple[dict[str, Any], str]] = {
    "variable": (twice({"env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A"}]}), "name A"),
    "port": (twice({"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]}), "containerPort 80"),
    "mount": (twice({"volumeMounts": [{"mountPath": "/a"}, {"mountPath": "/a"}]}), "mountPath /a"),
    "container": ({**POD, "spec": {"containers": [{"name": "a"}, {"name": "a"}]}}, "name a"),
    "volume": ({**POD, "spec": {"containers": [], "volumes": [{"name": "v"}, {"name": "v"}]}}, "name v"),
    "port of a service": (
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "a"},
            "spec": {"ports": [{"port": 1}, {"port": 1}]},
        },
        "port 1",
    ),
}


@pytest.mark.parametrize("name", DUPLICATES)
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_an_entry_that_stands_twice_is_refused_with_its_document_and_key(tmp_path: Path, name: str, kind: str) -> None:
    document, key = DUPLICATES[name]
    if document["kind"] == "Pod" and kind == "Deployment":
        document = {**document, "apiVersion": "apps/v1", "kind": kind, "spec": {"template": {"spec": document["spec"]}}}
    elif document["kind"] == "Pod" and kind == "CronJob":
        job = {"spec": {"template": {"spec": document["spec"]}}}
        document = {**document, "apiVersion": "batch/v1", "kind": kind, "spec": {"jobTemplate": job}}
    path = written(tmp_path, f"{config('b')}---\n{json.dumps(document)}\n")
    with pytest.raises(DeclarationError) as caught:
        list(manifests_from(path))
    (item,) = caught.value.diagnostics
    assert key in item.detail
    assert item.location is not None
    assert (Path(item.location.file).name, item.location.line) == ("all.yaml", 5)


def test_lists_without_keys_and_keys_that_differ_are_left_alone(tmp_path: Path) -> None:
    ports = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]
    right = twice({"ports": ports, "args": ["-v", "-v"], "envFrom": [{}, {}]})
    unknown = {
        "apiVersion": "a.example.com/v1",
        "kind": "Pod",
        "metadata": {"name": "b"},
        "spec": DUPLICATES["volume"][0]["spec"],
    }
    assert len(names(written(tmp_path, f"{json.dumps(right)}\n---\n{json.dumps(unknown)}\n"))) == 2


EXPORTED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  uid: 0f
  resourceVersion: "7"
  creationTimestamp: "2026-01-01T00:00:00Z"
  managedFields: [{manager: kubectl}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", mine: kept}
  labels: {app: a}
data: {a: b}
"""


def test_what_only_the_cluster_sets_is_left_out_with_one_note(tmp_path: Path) -> None:
    path = written(tmp_path, f"{EXPORTED}---\n{EXPORTED.replace('name: a', 'name: b')}---\n{config('c')}")
    with declaring() as session:
        found = [manifest.manifest for manifest in manifests_from(path)]
    kept = {"name": "a", "annotations": {"mine": "kept"}, "labels": {"app": "a"}}
    assert found[0] == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept, "data": {"a": "b"}}
    (note,) = session.diagnostics
    assert not note.is_error
    assert note.detail.startswith("2 of the objects")
    assert "metadata.managedFields" in note.detail


def test_a_file_of_ones_own_keeps_what_it_says(tmp_path: Path) -> None:
    text = config("a").replace(
        "{name: a}", "{name: a, creationTimestamp: null, annotations: {deployment.kubernetes.io/revision: '1'}}"
    )
    with declaring() as session:
        (manifest,) = manifests_from(written(tmp_path, text))
    assert len(manifest.manifest["metadata"]) == 3
    assert session.diagnostics == []


def test_endless_nesting_is_refused_with_the_file(tmp_path: Path) -> None:
    (said,) = refused(written(tmp_path, config("a") + "data: " + "[" * 3000 + "]" * 3000 + "\n"))
    assert said.startswith("all.yaml:1: it is nested deeper")
