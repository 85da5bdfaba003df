"""What somebody else changed is told from what the program changes, with the manager's name, even without a state."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest
from support.cluster_stage import ClusterStage

BY_HAND = re.compile(r"set by kubectl-edit at 20\d\d-\d\d-\d\dT")


class Drifting:
    """A ConfigMap that is ours, with everything forced, so that drift is corrected and not refused."""

    def __init__(self, stage: ClusterStage) -> None:
        self.stage = stage
        self.is_lost = False
        self.declare(a="1", b="1")
        stage.apply()

    def declare(self, **data: str) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}
        self.stage.manifests(body, conflicts={"data": "force"})

    def edit(self, **data: str | None) -> None:
        patch = json.dumps({"data": data})
        self.stage.kubectl("patch", "cm", "settings", "--type=merge", "-p", patch, "--field-manager=kubectl-edit")

    def lose_state(self, *, with_key: bool = False) -> None:
        self.is_lost = True
        shutil.rmtree(self.stage.folder / ".wlinfra")
        if with_key:
            shutil.rmtree(self.stage.folder / "home" / "data")

    def apply(self) -> None:
        """Apply; a state that does not know the inventory has to be told to take it over."""
        self.stage.apply(*(["--adopt"] if self.is_lost else []))

    def change(self) -> dict[str, Any]:
        found: dict[str, Any] = self.stage.project.changes("-e", "cluster")["manifest.settings"]
        return found

    def told(self) -> dict[str, tuple[Any, ...]]:
        """Return for each path that differs what was, is and will be, and whose doing that is."""
        return {
            item["attribute"]: (*(item[side]["value"] for side in ("recorded", "live", "planned")), item["origin"])
            for item in self.change()["attributes"]
        }

    def data(self) -> dict[str, str]:
        found: dict[str, str] = self.stage.get("cm", "settings")["data"]
        return found


@pytest.fixture
def drifting(stage: ClusterStage) -> Drifting:
    return Drifting(stage)


@pytest.fixture(params=[False, True], ids=["recorded", "state-lost"])
def lost(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_an_edit_by_hand_is_drift_and_names_who_made_it(drifting: Drifting, *, lost: bool) -> None:
    drifting.edit(a="9")
    if lost:
        drifting.lose_state()
    change = drifting.change()
    assert (change["action"], change["reason"]) == ("update", "drifted")
    assert drifting.told() == {"data.a": (None if lost else "1", "9", "1", "drift")}
    assert BY_HAND.match(change["attributes"][0]["note"])
    assert [item["attribute"] for item in change["drift"]] == ["data.a"]
    drifting.apply()
    assert drifting.data() == {"a": "1", "b": "1"}
    assert drifting.stage.actions() == {}


def test_a_change_of_the_program_is_no_drift(drifting: Drifting, *, lost: bool) -> None:
    drifting.declare(a="2", b="1")
    if lost:
        drifting.lose_state()
    change = drifting.change()
    assert (change["action"], change["reason"], change["drift"]) == ("update", "attribute_changed", [])
    assert drifting.told() == {"data.a": (None if lost else "1", "1", "2", "intended")}
    drifting.apply()
    assert drifting.data() == {"a": "2", "b": "1"}
    assert drifting.stage.actions() == {}


def test_both_are_told_apart_path_by_path(drifting: Drifting, *, lost: bool) -> None:
    drifting.edit(a="9")
    drifting.declare(a="1", b="2")
    if lost:
        drifting.lose_state()
    change = drifting.change()
    assert (change["action"], change["reason"]) == ("update", "attribute_changed")
    # Without the state nobody knows what was declared before, so that a foreign value may hide a change as well.
    drifted = (None, "9", "1", "both") if lost else ("1", "9", "1", "drift")
    assert drifting.told() == {"data.a": drifted, "data.b": (None if lost else "1", "1", "2", "intended")}
    assert [item["attribute"] for item in change["drift"]] == ["data.a"]
    drifting.apply()
    assert drifting.data() == {"a": "1", "b": "2"}
    assert drifting.stage.actions() == {}


def test_one_path_that_both_changed_says_so(drifting: Drifting, *, lost: bool) -> None:
    drifting.edit(a="9")
    drifting.declare(a="2", b="1")
    if lost:
        drifting.lose_state()
    assert drifting.told() == {"data.a": (None if lost else "1", "9", "2", "both")}
    assert BY_HAND.match(drifting.change()["attributes"][0]["note"])
    drifting.apply()
    assert drifting.data() == {"a": "2", "b": "1"}
    assert drifting.stage.actions() == {}


def test_a_value_that_somebody_removed_comes_back_as_drift(drifting: Drifting, *, lost: bool) -> None:
    drifting.edit(a=None)
    if lost:
        drifting.lose_state()
    assert drifting.told() == {"data.a": (None if lost else "1", None, "1", "drift")}
    drifting.apply()
    assert drifting.data() == {"a": "1", "b": "1"}
    assert drifting.stage.actions() == {}


def test_an_object_that_somebody_deleted_is_made_again(drifting: Drifting) -> None:
    drifting.stage.kubectl("delete", "cm", "settings")
    change = drifting.change()
    assert (change["action"], change["reason"]) == ("create", "gone")
    drifting.apply()
    assert drifting.stage.actions() == {}


def test_the_text_of_a_plan_says_was_is_and_will_be(drifting: Drifting) -> None:
    drifting.edit(a="9")
    drifting.declare(a="2", b="1")
    text = drifting.stage.run("plan").out
    assert re.search(r'data\.a = "1" -> "9"  # set by kubectl-edit at 20', text)
    assert re.search(r'data\.a = was "1" at last apply, is "9" now, will be "2"  # set by kubectl-edit at 20', text)


def test_without_a_state_what_is_as_declared_is_recognised_as_ours(drifting: Drifting, *, lost: bool) -> None:
    drifting.lose_state(with_key=lost)
    assert drifting.stage.actions() == {"inventory.default": "import", "manifest.settings": "import"}
    before = mark(drifting.stage)
    drifting.apply()
    assert (mark(drifting.stage) == before) is not lost  # under the new key the digest is another one
    assert drifting.data() == {"a": "1", "b": "1"}
    assert drifting.stage.actions() == {}


def mark(stage: ClusterStage) -> str:
    """Return the digest of the declaration that an object bears."""
    return str(stage.get("cm", "settings")["metadata"]["annotations"]["wlinfra.dev/applied-hash"])


def test_without_state_and_key_an_edit_by_hand_is_corrected_and_still_names_who_made_it(drifting: Drifting) -> None:
    drifting.edit(a="9")
    drifting.lose_state(with_key=True)
    assert drifting.told() == {"data.a": (None, "9", "1", "both")}
    assert BY_HAND.match(drifting.change()["attributes"][0]["note"])
    drifting.apply()
    assert drifting.data() == {"a": "1", "b": "1"}
    assert drifting.stage.actions() == {}


def test_without_state_and_key_a_change_of_the_program_is_still_one(drifting: Drifting) -> None:
    drifting.declare(a="2", b="1")
    drifting.lose_state(with_key=True)
    assert drifting.told() == {"data.a": (None, "1", "2", "intended")}
    drifting.apply()
    assert drifting.data() == {"a": "2", "b": "1"}
    assert drifting.stage.actions() == {}


def test_without_a_state_what_is_declared_no_more_is_found_and_deleted(drifting: Drifting) -> None:
    drifting.lose_state()
    drifting.stage.manifests({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}})
    assert "manifest.settings" not in drifting.stage.actions()  # it may be another project's
    drifting.apply()
    assert drifting.stage.actions() == {"manifest.settings": "delete"}
    drifting.stage.apply()
    assert "settings" not in drifting.stage.names("configmap")
    assert drifting.stage.actions() == {}
