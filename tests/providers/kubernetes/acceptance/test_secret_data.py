"""Data of Secrets that is no text: sent as it is, compared by digest, and shown nowhere."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import pytest
from support.cluster_stage import ClusterStage

# The first bytes of a Java keystore, and then what no text could be.
KEYSTORE = bytes.fromhex("feedfeed00000002") + hashlib.sha512(b"a keystore").digest() * 8
OTHER = KEYSTORE[:-1] + bytes([KEYSTORE[-1] ^ 1])
PROGRAM = """
import wlinfra as wl
from wlinfra_kubernetes import Manifest, manifests_from

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    yield from manifests_from("k8s")

"""


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def declare(stage: ClusterStage, content: bytes, *, wrapped: bool = False) -> None:
    folder = stage.folder / "k8s"
    folder.mkdir(exist_ok=True)
    line = encoded(content)
    text = f"'{line}'"
    if wrapped:  # as base64 prints it, in lines of 76
        text = "|\n" + "\n".join(f"    {line[at : at + 76]}" for at in range(0, len(line), 76))
    head = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {note: 'naïve'}\n"
    (folder / "keys.yaml").write_text(f"{head}data:\n  keystore.jks: {text}\n", encoding="utf-8")
    stage.program(PROGRAM)


def live(stage: ClusterStage) -> bytes:
    return base64.b64decode(stage.get("secret", "keys")["data"]["keystore.jks"])


def assert_unseen(text: str, *contents: bytes) -> None:
    for content in contents:
        for form in (encoded(content), encoded(content)[:24], content.hex(), repr(content)[2:40], str(list(content))):
            assert form not in text


@pytest.mark.parametrize("wrapped", [False, True], ids=["one-line", "in-lines"])
def test_a_keystore_is_sent_as_it_is_and_the_plan_is_empty_then(stage: ClusterStage, *, wrapped: bool) -> None:
    declare(stage, KEYSTORE, wrapped=wrapped)
    stage.apply()
    assert live(stage) == KEYSTORE
    assert base64.b64decode(stage.get("secret", "keys")["data"]["note"]).decode() == "naïve"
    assert stage.actions() == {}


def test_one_bit_is_a_change_and_nothing_shows_it(stage: ClusterStage) -> None:
    declare(stage, KEYSTORE)
    seen = [stage.run("plan").out, stage.apply().out]
    declare(stage, OTHER)
    change = stage.project.changes("-e", "cluster")["manifest.secret-keys"]
    (item,) = change["attributes"]
    assert (change["action"], change["reason"], item["origin"]) == ("update", "attribute_changed", "intended")
    seen += [str(change), stage.run("plan").out, stage.run("plan", "--format", "markdown").out]
    seen += [stage.apply().out, stage.run("show").out, stage.project.everything_written()]
    assert live(stage) == OTHER
    assert stage.actions() == {}
    assert_unseen("\n".join(seen), KEYSTORE, OTHER)


def test_an_edit_by_hand_is_drift_that_nothing_shows(stage: ClusterStage) -> None:
    declare(stage, KEYSTORE)
    stage.apply()
    stage.program(PROGRAM, conflicts={"data": "force"})
    stage.kubectl(
        "patch", "secret", "keys", "--type=merge", "-p", f'{{"data": {{"keystore.jks": "{encoded(OTHER)}"}}}}'
    )
    change = stage.project.changes("-e", "cluster")["manifest.secret-keys"]
    assert (change["action"], change["reason"]) == ("update", "drifted")
    assert_unseen(str(change) + stage.run("plan").out, KEYSTORE, OTHER)
    stage.apply()
    assert live(stage) == KEYSTORE


def test_content_that_is_sometimes_text_and_sometimes_not_changes_both_ways(stage: ClusterStage) -> None:
    for content in (b"plain text", KEYSTORE, b"", b"\x00base64:AAEC", b"\xff", encoded(KEYSTORE).encode()):
        declare(stage, content)
        stage.apply()
        assert live(stage) == content
        assert stage.actions() == {}


def test_random_content_survives(stage: ClusterStage) -> None:
    contents = {f"key-{size}": os.urandom(size) for size in (1, 2, 3, 16, 255, 4096)}
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": contents}
    stage.manifests(body)  # bytes in the program itself
    stage.apply()
    found = stage.get("secret", "keys")["data"]
    assert {name: base64.b64decode(text) for name, text in found.items()} == contents
    assert stage.actions() == {}


def test_a_secret_whose_state_is_lost_is_recognised(stage: ClusterStage) -> None:
    declare(stage, KEYSTORE)
    stage.apply()
    (stage.folder / ".wlinfra").rename(stage.folder / "lost")
    assert stage.actions() == {"inventory.default": "import", "manifest.secret-keys": "import"}
    declare(stage, OTHER)
    (item,) = stage.project.changes("-e", "cluster")["manifest.secret-keys"]["attributes"]
    assert item["origin"] == "intended"
    stage.apply("--adopt")  # the inventory bears the lineage of the state that is lost
    assert live(stage) == OTHER
