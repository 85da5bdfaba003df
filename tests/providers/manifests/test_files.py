"""The folder that manifests are written to: what goes, what stays, and what every file is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wlinfra.errors import ConfigurationError, DeclarationError
from wlinfra.provider.rendering import RenderedObject
from wlinfra.render.manifests.files import Written, write_manifests

OWNER = "manifests of stack shop, environment test"


def made(name: str, kind: str = "ConfigMap", api: str = "v1", namespace: str = "ai", **rest: Any) -> RenderedObject:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return RenderedObject(part="", manifest={"apiVersion": api, "kind": kind, "metadata": metadata, **rest})


def write(folder: Path, *objects: RenderedObject, owner: str = OWNER) -> Written:
    return write_manifests(objects, folder, owner=owner)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_no_longer_declared_is_removed_and_named(tmp_path: Path) -> None:
    write(tmp_path, made("a"), made("b"), made("s", "Secret", stringData={"k": "v"}))
    written = write(tmp_path, made("a"))
    assert [path.name for path in written.removed] == ["README.md", "configmap-b.yaml", "secret-s.yaml"]
    assert names(tmp_path) == ["configmap-a.yaml"]


def test_nothing_changes_when_the_same_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, made("a"))
    before = (tmp_path / "configmap-a.yaml").read_bytes()
    assert write(tmp_path, made("a")).removed == ()
    assert (tmp_path / "configmap-a.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["notes.yaml", "kustomization.yaml", "README.md", "configmap-b.yaml"])
@pytest.mark.parametrize("content", [b"a: 1\n", b"", b"\xff\xfe# Written by wlinfra render", b"# Written by hand\n"])
def test_files_of_others_stay(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    write(tmp_path, made("a"))
    assert write(tmp_path, made("c")).removed == (tmp_path / "configmap-a.yaml",)
    assert (tmp_path / name).read_bytes() == content


def test_files_of_another_environment_stay_and_are_named(tmp_path: Path) -> None:
    write(tmp_path, made("a"))
    written = write(tmp_path, made("b"), owner="roles of stack shop, environment test")
    assert (written.removed, written.others) == ((), ((tmp_path / "configmap-a.yaml", OWNER),))
    assert names(tmp_path) == ["configmap-a.yaml", "configmap-b.yaml"]


@pytest.mark.parametrize("name", ["configmap-a.yaml", "README.md"])
def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(ConfigurationError, match=r"Another file in the way.*not written by wlinfra render"):
        write(tmp_path, made("a"), made("s", "Secret", data={"k": "dg=="}))
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_file_of_another_environment_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, made("a", data={"k": "test"}))
    with pytest.raises(ConfigurationError, match="was written for the manifests of stack shop, environment test"):
        write(tmp_path, made("a", data={"k": "prod"}), owner="manifests of stack shop, environment prod")
    assert "k: test" in (tmp_path / "configmap-a.yaml").read_text()


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine\n")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "configmap-a.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="in the way"):
        write(folder, made("a"))
    assert (tmp_path / "elsewhere").read_text() == "mine\n"


def test_nothing_is_removed_when_the_new_objects_are_wrong(tmp_path: Path) -> None:
    write(tmp_path, made("a"))
    with pytest.raises(DeclarationError, match="Duplicate object"):
        write(tmp_path, made("b"), made("b"))
    assert names(tmp_path) == ["configmap-a.yaml"]


def test_kinds_of_one_name_in_two_groups_have_both_a_file(tmp_path: Path) -> None:
    write(tmp_path, made("web", "Service"), made("web", "Service", "serving.knative.dev/v1"))
    assert names(tmp_path) == ["service-web.ai.core.yaml", "service-web.ai.serving.knative.dev.yaml"]


def test_two_versions_of_one_object_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="Duplicate object"):
        write(tmp_path, made("a", "Job", "batch/v1"), made("a", "Job", "batch/v1beta1"))


@pytest.mark.parametrize(
    "objects",
    [
        [made("a", namespace="x"), made("a", namespace="y"), made("a.x", namespace="z")],
        [made("Admin", "ClusterRole", namespace=""), made("admin", "ClusterRole", namespace="")],
        [made("a:b/c"), made("a:b_c")],
        [made("x" * 250), made("x" * 251)],
        [made("größe"), made("模型"), made("模型" * 60)],
        [made("a", namespace="n"), made("a", namespace=""), made("a", namespace="cluster")],
    ],
)
def test_no_two_objects_share_a_file_and_none_leaves_the_folder(tmp_path: Path, objects: list[RenderedObject]) -> None:
    written = write(tmp_path / "out", *objects)
    assert len({path.name.casefold() for path in written.files}) == len(objects)
    found = {(item.namespace, item.name) for item in objects}
    documents = [yaml.safe_load(path.read_text("utf-8"))["metadata"] for path in (tmp_path / "out").iterdir()]
    assert {(one.get("namespace", ""), one["name"]) for one in documents} == found
    assert names(tmp_path) == ["out"]
