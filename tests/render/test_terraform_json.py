from __future__ import annotations

from typing import Any

from support import sample_plans as samples

from wlinfra.changes.model import Action
from wlinfra.render.terraform_json import render_terraform_json, terraform_document


def changes() -> dict[str, Any]:
    return {
        item["address"] + item.get("deposed", ""): item
        for item in terraform_document(samples.everything())["resource_changes"]
    }


def test_actions_are_terraforms() -> None:
    found = changes()
    names = (
        "artifact.server",
        "workload.chat",
        "volume.store",
        "workload.old",
        "workload.kept",
        "workload.same",
        "secret.key",
        "workload.seen",
    )
    assert [found[name]["change"]["actions"] for name in names] == [
        ["create"], ["update"], ["delete", "create"], ["delete"], ["forget"], ["no-op"], ["read"], ["no-op"],
    ]  # fmt: skip


def test_a_replacement_names_its_paths_and_reason() -> None:
    store = changes()["volume.store"]
    assert store["change"]["replace_paths"] == [["class"]]
    assert store["action_reason"] == "replace_because_cannot_update"
    assert (store["change"]["before"]["class"], store["change"]["after"]["class"]) == ("slow", "fast")


def test_unknown_and_secret_leaves_are_marked_and_have_no_value() -> None:
    change = changes()["artifact.server"]["change"]
    assert change["after_unknown"] == {"id": True, "version": True}
    assert change["after_sensitive"] == {"spec": {"containers": [{"env": {"TOKEN": True}}]}}
    assert change["before"] is None


def test_drift_holds_recorded_and_live_values() -> None:
    (drift,) = terraform_document(samples.everything())["resource_drift"]
    assert drift["change"]["before"] == {"runtime": {"containerGroups": {"default": {"replicaCount": 3}}}}
    assert drift["change"]["after"] == {"runtime": {"containerGroups": {"default": {"replicaCount": 2}}}}


def test_outputs_tell_what_is_unknown_and_sensitive() -> None:
    outputs = terraform_document(samples.everything())["output_changes"]
    assert outputs["endpoint"]["after_unknown"] is True
    assert outputs["token"]["after_sensitive"] is True
    assert outputs["same"]["actions"] == ["no-op"]


def test_an_import_names_the_id() -> None:
    assert changes()["workload.seen"]["change"]["importing"] == {"id": "w-3"}


def test_a_moved_object_names_its_old_address() -> None:
    assert changes()["workload.same"]["previous_address"] == "workload.before"


def test_it_holds_no_secret() -> None:
    assert samples.CANARY not in render_terraform_json(samples.everything())


def test_it_is_not_applyable_with_errors() -> None:
    document = terraform_document(samples.failing())
    assert (document["errored"], document["applyable"]) == (True, False)


def test_a_plan_without_changes_lists_its_objects_as_no_op() -> None:
    document = terraform_document(
        samples.plan_of(samples.change("workload.chat", Action.NO_OP, values={"name": "chat"}))
    )
    assert [item["change"]["actions"] for item in document["resource_changes"]] == [["no-op"]]
