"""`wlinfra render` for a cluster that is never asked: no secret in what it writes, and whom its roles are for."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Completed, Project

CANARY = "canary-5d1e0b-do-not-print"
ENCODED = base64.b64encode(CANARY.encode()).decode()
PROGRAM = """\
import wlinfra as wl
from wlinfra_kubernetes import Manifest, manifests_from

stack = wl.Stack("s")
CANARY = "canary-5d1e0b-do-not-print"
KEY = wl.secret_env("KEY")


def secret(name, **rest):
    return Manifest(name, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **rest})


def settings(**rest):
    return Manifest("settings", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, **rest})


@stack.resources
def resources(env):
    BODY


stack.environment("t", provider="kubernetes", kubeconfig="nowhere", namespace="ai")
"""
SECRETS = {
    "text": 'yield secret("sec", stringData={"token": CANARY})',
    "base64": f'yield secret("sec", data={{"token": "{ENCODED}"}})',
    "bytes": 'yield secret("sec", data={"token": CANARY.encode() + bytes([255])})',
    "immutable": 'yield secret("sec", immutable=True, stringData={"token": CANARY})',
    "reference": 'yield secret("sec", stringData={"token": KEY})',
    "encoded reference": 'yield secret("sec", data={"token": KEY})',
    "misspelt beside": 'yield secret("sec", data={"token": KEY}, stringdata={"token": CANARY})',
    "file": 'yield from manifests_from("sec.yaml")',
}
FILE = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: sec
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{"stringData": {{"token": "{CANARY}"}}}}'
    note: kept
stringData: {{token: {CANARY}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(folder=tmp_path / "project", environ={"KEY": CANARY})


def render(project: Project, body: str, *arguments: str, code: int = 0) -> Completed:
    project.write(PROGRAM.replace("BODY", body))
    return project.run("render", "-e", "t", *arguments, code=code)


def silent(*texts: str) -> None:
    for text in texts:
        assert CANARY not in text
        assert ENCODED[:20] not in text


@pytest.mark.parametrize("kind", SECRETS)
def test_no_value_of_a_secret_is_written_or_printed(project: Project, kind: str) -> None:
    (project.folder / "sec.yaml").write_text(FILE)
    printed = render(project, SECRETS[kind])
    written = render(project, SECRETS[kind], "--out", "r", "--debug")
    files = {path.name: path.read_text() for path in (project.folder / "r").iterdir()}
    silent(printed.out, printed.err, written.out, written.err, *files.values())
    assert sorted(files) == ["README.md", "secret-sec.yaml"]
    for text in (printed.out, files["secret-sec.yaml"]):
        assert "#   token\n" in text
        assert not {"data", "stringData", "stringdata"} & set(yaml.safe_load(text))
    assert "kubectl -n ai create secret generic sec --from-literal='token=...'\n" in files["README.md"]


def test_both_parts_of_a_secret_and_its_type_stand_in_the_command(project: Project) -> None:
    body = 'yield secret("tls", type="kubernetes.io/tls", data={"tls.key": KEY}, stringData={"tls.crt": "x"})'
    render(project, body, "--out", "r")
    words = "generic tls --type=kubernetes.io/tls --from-literal='tls.crt=...' --from-literal='tls.key=...'\n"
    assert words in (project.folder / "r" / "README.md").read_text()


def test_a_secret_that_only_an_apply_can_tell_is_left_out_too(project: Project) -> None:
    printed = render(project, """a = settings(); yield a; yield secret("sec", stringData={"token": a.id})""").out
    assert [document["kind"] for document in yaml.safe_load_all(printed)] == ["ConfigMap", "Secret"]


@pytest.mark.parametrize("sign", ["*", "!", "!x!", "&a &", "a, token: ", "'", "%"])
def test_what_is_wrong_with_a_file_of_secrets_is_told_without_them(project: Project, sign: str) -> None:
    (project.folder / "sec.yaml").write_text(
        FILE.partition("stringData:")[0] + f"stringData: {{token: {sign}{CANARY}}}"
    )
    done = render(project, SECRETS["file"], code=1)
    silent(done.out, done.err)
    assert "it is not YAML" in done.err


def test_what_else_a_secret_says_is_kept(project: Project) -> None:
    (project.folder / "sec.yaml").write_text(FILE)
    shown = yaml.safe_load(render(project, SECRETS["file"]).out)
    assert shown["metadata"] == {"name": "sec", "annotations": {"note": "kept"}, "namespace": "ai"}


def test_a_secret_that_a_cluster_fills_needs_no_command(project: Project) -> None:
    render(project, 'yield secret("token", type="kubernetes.io/service-account-token")', "--out", "r")
    assert [path.name for path in (project.folder / "r").iterdir()] == ["secret-token.yaml"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('yield settings(data={"token": KEY})', "data.token"),
        ('yield settings(spec={"containers": [{"env": [{"name": "A", "value": KEY}]}]})', "containers[0].env[0].value"),
        ('yield settings(spec=secret("in", stringData={"a": CANARY}).manifest)', "spec"),
        ('yield secret("sec", type=KEY)', "type"),
    ],
)
@pytest.mark.parametrize("out", [(), ("--out", "r")])
def test_a_secret_anywhere_else_is_refused(project: Project, body: str, where: str, out: tuple[str, ...]) -> None:
    done = render(project, body, *out, code=1)
    silent(done.out, done.err)
    assert "Secret outside of a Secret" in done.err
    assert where in done.err
    assert not (project.folder / "r").exists()


def test_a_workload_that_is_no_longer_declared_leaves_no_file(project: Project) -> None:
    render(project, "yield settings(); yield secret('old')", "--out", "r")
    (project.folder / "r" / "notes.yaml").write_text("a: 1\n")
    done = render(project, "yield settings()", "--out", "r")
    assert sorted(path.name for path in (project.folder / "r").iterdir()) == ["configmap-settings.yaml", "notes.yaml"]
    assert "Wrote 1 file to" in done.out
    assert "Removed 1 file of what is no longer declared:\n  secret-old.yaml\n" in done.out


def test_roles_and_manifests_in_one_folder_are_told_apart(project: Project) -> None:
    render(project, "yield settings()", "--out", "r")
    done = render(project, "yield settings()", "--rbac", "--out", "r")
    assert "configmap-settings.yaml, written for the manifests of stack s, environment t" in done.out
    assert "Removed" not in done.out + render(project, "yield settings()", "--out", "r").out


def test_a_folder_that_cannot_be_made_is_named(project: Project) -> None:
    (project.folder / "file").write_text("mine")
    for out in ("file", "file/below"):
        done = render(project, "yield settings()", "--out", out, code=1)
        assert "Manifests cannot be written" in done.err
        assert str(project.folder / "file") in done.err
    assert (project.folder / "file").read_text() == "mine"


def subjects(project: Project, *account: str) -> list[dict[str, Any]]:
    printed = render(project, "yield settings()", "--rbac", *account).out
    return [document["subjects"][0] for document in yaml.safe_load_all(printed) if "subjects" in document]


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("user:system:serviceaccount:ci:wl", ("User", "system:serviceaccount:ci:wl", None)),
        ("group:deployers", ("Group", "deployers", None)),
        ("serviceaccount:ci/wlinfra", ("ServiceAccount", "wlinfra", "ci")),
    ],
)
def test_roles_are_bound_to_the_account_that_is_named(project: Project, account: str, expected: Any) -> None:
    (subject,) = subjects(project, "--account", account)
    assert (subject["kind"], subject["name"], subject.get("namespace")) == expected
    assert ("apiGroup" in subject) == (subject["kind"] != "ServiceAccount")


def test_without_an_account_the_file_says_what_to_fill_in(project: Project) -> None:
    (subject,) = subjects(project)
    assert (subject["kind"], subject["name"]) == ("User", "ACCOUNT")
    assert "# Put the name of the user" in render(project, "yield settings()", "--rbac").out
    assert "system:serviceaccount:NAMESPACE:NAME" in render(project, "yield settings()", "--rbac").out


@pytest.mark.parametrize("account", ["wlinfra", "user:", "robot:x", "serviceaccount:ci", "serviceaccount:a/b/c"])
def test_an_account_of_no_kind_is_refused(project: Project, account: str) -> None:
    done = render(project, "yield settings()", "--rbac", "--account", account, code=1)
    assert "Unknown kind of account" in done.err


def test_an_account_without_roles_is_refused(project: Project) -> None:
    assert "Add --rbac." in render(project, "yield settings()", "--account", "user:a", code=1).err
