"""Quotas of objects that have room for some of what a plan makes, not for all of it."""

from __future__ import annotations

from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage


def config(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}}


def configs(count: int) -> list[dict[str, Any]]:
    return [config(f"c{number}") for number in range(count)]


def limit(stage: ClusterStage, name: str, free: int) -> str:
    """Make a quota of ConfigMaps with so much room, and return how many there may be."""
    hard = str(len(stage.names("configmap")) + free)
    stage.kubectl("create", "quota", "few", f"--hard={name}={hard}")
    eventually(lambda: name in stage.get("quota", "few").get("status", {}).get("used", {}))
    return hard


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
        },
    },
}


@pytest.mark.parametrize("name", ["configmaps", "count/configmaps"])
def test_what_does_not_fit_as_a_whole_is_refused_before_anything_is_touched(stage: ClusterStage, name: str) -> None:
    stage.manifests(DEPLOYMENT)
    stage.apply()
    hard = limit(stage, name, 1)
    stage.manifests(*configs(5))
    refused = stage.apply(code=1)
    told = refused.out + refused.err
    assert "Quota is used up" in told
    assert told.count("5 configmaps are to be created") == 1
    assert f"quota few has room for 1 ({name}: used {int(hard) - 1}, hard {hard})" in " ".join(told.split())
    assert stage.names("deployment") == {"web"}
    assert not {f"c{number}" for number in range(5)} & stage.names("configmap")


def test_what_fits_just_so_is_made(stage: ClusterStage) -> None:
    stage.manifests(config("old"))
    stage.apply()
    limit(stage, "configmaps", 5)
    stage.manifests(config("old"), *configs(5))
    stage.apply()
    assert stage.actions() == {}


def test_what_may_fit_when_others_are_gone_is_told_as_a_doubt(stage: ClusterStage) -> None:
    stage.manifests(config("old"), config("older"))
    stage.apply()
    limit(stage, "count/configmaps", 1)
    stage.manifests(*configs(3))
    told = stage.run("plan").out
    assert told.count("predicted: 3 configmaps are to be created") == 1
    assert "the rest has to fit when others of them are gone" in told
    stage.manifests(*configs(4))
    assert "Quota is used up" in stage.run("plan", code=1).out


def test_a_quota_of_the_stack_itself_and_one_of_some_pods_only_refuse_nothing(stage: ClusterStage) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "own"}}
    stage.manifests({**quota, "spec": {"hard": {"count/secrets": "0"}}})
    stage.apply()
    eventually(lambda: "count/secrets" in stage.get("quota", "own").get("status", {}).get("used", {}))
    limit(stage, "configmaps", 2)
    raised = {**quota, "metadata": {"name": "few"}, "spec": {"hard": {"configmaps": "20"}}}
    stage.kubectl("label", "quota", "few", "a=b")
    stage.manifests(
        {**quota, "spec": {"hard": {"count/secrets": "0"}}}, raised, *configs(3), conflicts={"spec": "force"}
    )
    assert "predicted: 3 configmaps are to be created" in stage.run("plan", code=None).out


def test_an_account_that_may_not_list_them_gets_no_word_of_it(stage: ClusterStage) -> None:
    stage.manifests(config("old"))
    stage.apply()
    limit(stage, "configmaps", 1)
    rule = ("--verb=get,list,create,patch", "--resource=configmaps")
    stage.kubectl("create", "role", "some", *rule)
    stage.kubectl("create", "rolebinding", "some", "--role=some", "--user=stack-user")
    stage.user = "stack-user"
    stage.manifests(config("old"), *configs(3))
    told = eventually(lambda: stage.run("plan", code=None).out)
    assert "3 created" in told
    assert "few" not in told
    assert "predicted" not in told
