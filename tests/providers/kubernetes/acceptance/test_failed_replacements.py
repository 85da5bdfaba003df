"""Replacements that get stuck halfway: nothing is lost without a word, and the next run goes on from there."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from engines.kubernetes.waiting import eventually
from support.cluster_stage import ClusterStage, container

HOLD = '{"metadata": {"finalizers": ["example.com/hold"]}}'
RELEASE = '{"metadata": {"finalizers": null}}'


def deployment(app: str) -> dict[str, Any]:
    pods = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container()]}}
    spec = {"selector": {"matchLabels": {"app": app}}, "template": pods}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def patch(stage: ClusterStage, body: str) -> None:
    stage.kubectl("patch", "deployment", "web", "--type=merge", "-p", body)


def limit(stage: ClusterStage, count: int) -> None:
    stage.kubectl("create", "quota", "few", f"--hard=count/deployments.apps={count}")
    assert eventually(lambda: bool(stage.get("quota", "few").get("status", {}).get("hard")))


def is_refused(stage: ClusterStage) -> bool:
    """Return whether one more Deployment would be too many, which the API server learns after a while."""
    try:
        stage.kubectl("create", "deployment", "probe", "--image=x", "--dry-run=server")
    except subprocess.CalledProcessError:
        return True
    return False


@contextmanager
def while_it_ends(stage: ClusterStage, act: Callable[[], None]) -> Iterator[None]:
    """Do something after the old object's deletion began, and let it end then."""
    patch(stage, HOLD)

    def work() -> None:
        assert eventually(lambda: "deletionTimestamp" in stage.get("deployment", "web")["metadata"])
        act()
        patch(stage, RELEASE)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join()


@pytest.fixture
def replaced(stage: ClusterStage) -> ClusterStage:
    stage.manifests(deployment("web"))
    stage.apply()
    stage.manifests(deployment("other"))
    assert stage.actions() == {"manifest.web": "replace"}
    return stage


def test_a_create_that_is_refused_after_the_delete_is_told_recorded_and_made_up_for(replaced: ClusterStage) -> None:
    def lower() -> None:
        limit(replaced, 0)
        assert eventually(lambda: is_refused(replaced))

    with while_it_ends(replaced, lower):
        failed = replaced.apply(code=1)
    assert "exceeded quota" in failed.out + failed.err
    assert replaced.names("deployment") == set()
    assert "manifest.web" not in replaced.run("state", "list").out
    assert "exceeded quota" in replaced.run("plan", code=1).out
    replaced.kubectl("delete", "quota", "few")
    assert eventually(lambda: not is_refused(replaced))
    assert replaced.actions() == {"manifest.web": "create"}
    replaced.apply()
    assert replaced.names("deployment") == {"web"}
    assert replaced.actions() == {}


def test_a_finalizer_that_holds_the_old_object_is_named_and_the_next_run_goes_on(replaced: ClusterStage) -> None:
    patch(replaced, HOLD)
    replaced.program(with_patience(3))
    failed = replaced.apply(code=1)
    assert "it is being deleted, held by example.com/hold" in failed.out + failed.err
    assert replaced.actions() == {"manifest.web": "replace"}
    patch(replaced, RELEASE)
    replaced.program(with_patience(300))
    replaced.apply()
    assert replaced.names("deployment") == {"web"}
    assert replaced.actions() == {}


def test_a_quota_that_is_just_used_up_does_not_stop_a_replacement(replaced: ClusterStage) -> None:
    limit(replaced, 1)
    assert eventually(lambda: is_refused(replaced))
    change = replaced.project.changes("-e", "cluster")["manifest.web"]
    assert change["action"] == "replace"
    assert "it has to fit when the old one is gone" in change["predicted"][0]
    replaced.apply()
    assert replaced.actions() == {}


def test_a_quota_that_is_overdrawn_stops_the_replacement_before_anything_is_deleted(replaced: ClusterStage) -> None:
    limit(replaced, 0)
    assert eventually(lambda: is_refused(replaced))
    refused = replaced.apply(code=1)
    assert "exceeded quota" in refused.out + refused.err
    assert replaced.names("deployment") == {"web"}


def with_patience(seconds: int) -> str:
    return (
        "import wlinfra as wl\nfrom wlinfra_kubernetes import Manifest\n\nstack = wl.Stack('shop')\n\n\n"
        "@stack.resources\ndef resources(env):\n"
        f"    yield Manifest('web', {deployment('other')!r}, timeouts={{'create': {seconds}}})\n\n"
    )
