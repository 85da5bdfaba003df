"""Images the platform builds: build, wait, lock."""

from __future__ import annotations

from typing import Any

import pytest
from support.datarobot_stage import Stage, chat

import wlinfra as wl
from wlinfra.emulation import Reply


def _sources(stage: Stage) -> tuple[str, str]:
    item = stage.api.ok("POST", "/files", {})
    return item["catalogId"], item["catalogVersionId"]


def _built(sources: tuple[str, str], **container: Any) -> dict[str, Any]:
    code = wl.CodeRef(catalog_id=sources[0], catalog_version_id=sources[1])
    return {"image": None, "container": {"build": wl.ImageBuild(code_ref=code), **container}}


def test_a_build_comes_between_making_and_locking(stage: Stage) -> None:
    wanted = chat(artifact=_built(_sources(stage)))
    change = stage.change(wanted, "artifact.server")
    assert [step.operation for step in change.steps] == ["create_artifact", "build_artifact", "lock_artifact"]
    assert change.steps[2].gate is not None
    stage.calls()
    stage.apply(wanted)
    assert stage.calls() == ["POST /artifacts", "POST /artifacts/*/builds", "PATCH /artifacts/*", "POST /workloads"]
    assert stage.artifacts()[0]["status"] == "locked"
    assert stage.plan(wanted).is_empty


def test_other_sources_are_built_anew(stage: Stage) -> None:
    stage.apply(chat(artifact=_built(_sources(stage))))
    image = _image(stage)
    stage.calls()
    stage.apply(chat(artifact=_built(_sources(stage))))
    assert "POST /artifacts/*/builds" in stage.calls()
    assert _image(stage) != image


def test_the_same_sources_keep_their_image(stage: Stage) -> None:
    sources = _sources(stage)
    stage.apply(chat(artifact=_built(sources)))
    image = _image(stage)
    stage.calls()
    stage.apply(chat(artifact=_built(sources, env={"LOG": "debug"})))
    assert stage.calls() == ["POST /artifacts", "PATCH /artifacts/*", "POST /workloads/*/replacement"]
    assert _image(stage) == image


@pytest.mark.parametrize("missing", ["item", "version"])
def test_sources_that_do_not_exist_are_refused_before_any_call(stage: Stage, missing: str) -> None:
    catalog, version = _sources(stage)
    wrong = (version, version) if missing == "item" else (catalog, catalog)
    stage.calls()
    (error,) = stage.plan(chat(artifact=_built(wrong))).errors
    assert (error.summary, error.address, stage.calls()) == ("No such sources", "artifact.server", [])
    assert error.path == "containers[main].build.code_ref"
    stage.apply(chat(artifact=_built((catalog, version))))
    assert stage.plan(chat(artifact=_built(wrong))).errors == (error,)


def test_a_draft_is_not_edited_to_sources_that_do_not_exist(stage: Stage) -> None:
    catalog, version = _sources(stage)
    stage.apply(chat(artifact={**_built((catalog, version)), "status": "draft"}))
    (error,) = stage.plan(chat(artifact={**_built((catalog, catalog)), "status": "draft"})).errors
    assert error.summary == "No such sources"


def test_sources_that_may_not_be_read_are_left_to_the_build(stage: Stage) -> None:
    sources = _sources(stage)
    stage.emulator.faults.on(Reply(403), method="GET", path="/files")
    assert not stage.plan(chat(artifact=_built(sources))).errors


def _image(stage: Stage) -> Any:
    return stage.artifacts()[-1]["spec"]["containerGroups"][0]["containers"][0]["imageUri"]
