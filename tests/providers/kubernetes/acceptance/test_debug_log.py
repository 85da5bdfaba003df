"""What --debug tells of the requests to a cluster: which, and how they ended; never what was sent or who sent it."""

from __future__ import annotations

import base64
import re

import pytest
from support.cluster_stage import ClusterStage

CANARY = "canary-7f3a9c-do-not-print"
ENCODED = base64.b64encode(CANARY.encode()).decode()
PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}
    yield Manifest("keys", {**head, "stringData": {"token": wl.secret_env("CHAT_TOKEN")}})

"""


@pytest.fixture
def secretive(stage: ClusterStage) -> ClusterStage:
    stage.project.environ["CHAT_TOKEN"] = CANARY
    stage.program(PROGRAM)
    return stage


def silent(text: str) -> None:
    assert text
    assert [word for word in (CANARY, ENCODED, "admin-token", "Bearer") if word in text] == []


def test_each_request_of_a_plan_is_told_with_its_end_and_its_size(secretive: ClusterStage) -> None:
    told = secretive.run("plan", "--debug").err
    path = f"/api/v1/namespaces/{secretive.namespace}/secrets/keys"
    assert re.search(rf"wlinfra\.http: PATCH {path} \(dry run\) -> 20[01], \d+ bytes in \d+ ms", told)
    assert re.search(r"wlinfra\.http: GET /apis -> 200, \d+ bytes in \d+ ms", told)
    silent(told)


def test_the_log_of_an_apply_tells_no_secret_and_no_credential(secretive: ClusterStage) -> None:
    made = secretive.apply("--debug").err
    path = f"/api/v1/namespaces/{secretive.namespace}/secrets"
    assert re.search(rf"wlinfra\.http: (POST {path}|PATCH {path}/keys) -> 201", made)
    secretive.project.environ["CHAT_TOKEN"] = f"{CANARY}-2"
    changed = secretive.apply("--debug").err
    assert f"PATCH {path}/keys -> 200" in changed
    gone = secretive.run("destroy", "--auto-approve", "--debug").err
    assert f"DELETE {path}/keys -> 200" in gone
    silent(made)
    silent(changed)
    silent(gone)


def test_a_request_that_reaches_nobody_is_told_with_each_attempt(secretive: ClusterStage) -> None:
    (file,) = [path for path in secretive.cluster.folder.glob("*.kubeconfig") if path.name.startswith("admin")][:1]
    lost = secretive.folder / "lost.kubeconfig"
    lost.write_text(file.read_text().replace(secretive.cluster.server, "http://127.0.0.1:9"))
    secretive.program(PROGRAM, kubeconfig=str(lost), retries=1)
    told = secretive.run("plan", "--debug", code=1).err
    assert re.search(r"GET /api -> \w+Error in \d+ ms\n.* attempt 2 of GET /api in 0\.\d s", told)
    silent(told)
