"""Two stacks that meet on one object: the refusal, the take-over, and conflicts about single fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.cluster_stage import HEADER, ClusterStage

SINCE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
PATH = "data.colour"


@dataclass(slots=True, kw_only=True)
class Rivals:
    """The stack ``shop``, which made the ConfigMap ``settings``, and the stack ``rival`` beside it."""

    shop: ClusterStage
    rival: ClusterStage = field(init=False)

    def __post_init__(self) -> None:
        folder = self.shop.folder.parent / "rival"
        self.rival = ClusterStage(
            cluster=self.shop.cluster, namespace=self.shop.namespace, folder=folder, stack="rival"
        )
        settings(self.shop, {"colour": "red", "size": "1"})
        self.shop.apply()

    @property
    def data(self) -> dict[str, str]:
        """What the object holds."""
        found: dict[str, str] = self.shop.get("configmap", "settings")["data"]
        return found

    def take_over(self, data: dict[str, str], **options: Any) -> None:
        settings(self.rival, data, adopt=True, **options)
        self.rival.apply()


def settings(stage: ClusterStage, data: dict[str, str], *, adopt: bool = False, **options: Any) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}
    body = f"    yield Manifest('settings', {document!r}, adopt={adopt})"
    stage.program(HEADER.format(stack=stage.stack, body=body), **options)


def said(stage: ClusterStage) -> str:
    ended = stage.run("plan", code=None)
    return re.sub(r"[\s│]+", " ", ended.out + ended.err)


@pytest.fixture
def rivals(stage: ClusterStage) -> Rivals:
    return Rivals(shop=stage)


# ---------------------------------------------------------------- the object


def test_an_object_of_another_stack_is_refused_with_its_name_the_time_and_the_ways_out(rivals: Rivals) -> None:
    settings(rivals.rival, {"colour": "blue"})
    text = said(rivals.rival)
    assert re.search(f"belongs to stack shop, environment cluster, which applied it last at {SINCE}", text)
    assert "another name here, or destroy it there." in text
    assert "To take it over, or where this stack was renamed, declare adopt=True on manifest.settings" in text
    rivals.rival.apply(code=1)
    assert rivals.data == {"colour": "red", "size": "1"}


def test_a_refused_object_is_made_when_the_other_stack_has_destroyed_its_own(rivals: Rivals) -> None:
    rivals.shop.run("destroy", "--auto-approve")
    settings(rivals.rival, {"colour": "blue"})
    rivals.rival.apply()
    assert rivals.data == {"colour": "blue"}


def test_an_adopted_object_is_refused_to_its_former_stack_and_survives_its_destroy(rivals: Rivals) -> None:
    rivals.take_over({"colour": "red", "size": "1"})
    assert "belongs to stack rival, environment cluster" in said(rivals.shop)
    plan = rivals.shop.run("destroy", "--auto-approve").out
    assert "it belongs to stack rival, environment cluster" in plan
    assert rivals.data == {"colour": "red", "size": "1"}
    assert rivals.rival.actions() == {}


def test_a_former_stack_forgets_what_was_adopted_and_leaves_it_alone(rivals: Rivals) -> None:
    rivals.take_over({"colour": "red", "size": "1"})
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}, "data": {}}
    rivals.shop.manifests(other)
    assert rivals.shop.actions() == {"manifest.settings": "forget", "manifest.other": "create"}
    rivals.shop.apply()
    assert rivals.data == {"colour": "red", "size": "1"}
    assert (rivals.shop.actions(), rivals.rival.actions()) == ({}, {})


# ---------------------------------------------------------------- its fields


def test_a_field_that_another_stack_set_is_a_conflict_that_names_stack_time_and_ways_out(rivals: Rivals) -> None:
    settings(rivals.rival, {"colour": "blue", "size": "1"}, adopt=True)
    text = said(rivals.rival)
    who = r"stack shop, environment cluster \(field manager wlinfra-shop-cluster\)"
    assert re.search(f"{PATH} is managed by {who} since {SINCE}", text)
    assert all(way in text for way in (f'"{PATH}": "force"', f'"{PATH}": "yield"', "leave it out of the declaration"))
    assert "part-of" not in text.partition("declares values")[2]  # whose the object is was decided by adopt=True
    assert rivals.data == {"colour": "red", "size": "1"}


@pytest.mark.parametrize(("policy", "left"), [("force", "blue"), ("yield", "red")])
def test_a_field_of_another_stack_is_taken_over_or_left(rivals: Rivals, policy: str, left: str) -> None:
    rivals.take_over({"colour": "blue", "size": "1"}, conflicts={PATH: policy})
    assert rivals.data == {"colour": left, "size": "1"}
    assert rivals.rival.actions() == {}


def test_a_field_that_is_left_out_stays_with_the_other_stack(rivals: Rivals) -> None:
    rivals.take_over({"size": "1"})
    assert rivals.data == {"colour": "red", "size": "1"}
    assert rivals.rival.actions() == {}


def test_a_field_another_stack_wrote_into_our_object_is_settled_the_same_three_ways(rivals: Rivals) -> None:
    patch = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"colour":"blue"}}'
    rivals.shop.cluster.kubectl(
        "-n", rivals.shop.namespace, "apply", "--server-side", "--force-conflicts",
        "--field-manager=wlinfra-rival-cluster", "-f", "-", input=patch,
    )  # fmt: skip
    assert "stack rival, environment cluster (field manager wlinfra-rival-cluster) since 20" in said(rivals.shop)
    settings(rivals.shop, {"colour": "red", "size": "1"}, conflicts={PATH: "yield"})
    assert (rivals.shop.actions(), rivals.data["colour"]) == ({}, "blue")
    settings(rivals.shop, {"size": "1"})
    rivals.shop.apply()
    assert (rivals.shop.actions(), rivals.data["colour"]) == ({}, "blue")
    settings(rivals.shop, {"colour": "red", "size": "1"}, conflicts={PATH: "force"})
    rivals.shop.apply()
    assert (rivals.shop.actions(), rivals.data["colour"]) == ({}, "red")
