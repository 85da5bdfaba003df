"""Rules that several resources break together are found before any call."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, program

DRAFT = 'server = wl.Artifact("server", STATUS containers=[wl.Container(image="acme/chat:1", port=8080)])\n'
RUNS = 'yield wl.Workload("{name}", artifact=server, replicas=1, bundles=["cpu.small"])\n'


def project_of(folder: Path, body: str) -> Project:
    project = Project(folder=folder)
    project.write(program(body))
    return project


@pytest.mark.parametrize("yielded", ["yield server\n", ""])
def test_a_draft_that_two_workloads_run_is_refused_by_validate_with_both(tmp_path: Path, yielded: str) -> None:
    draft = DRAFT.replace("STATUS", 'status="draft",')
    project = project_of(tmp_path, draft + yielded + RUNS.format(name="blue") + RUNS.format(name="green"))
    for command in (["validate"], ["plan"], ["apply", "--auto-approve"]):
        ended = project.run(*command, code=1)
        assert "Draft serves one workload only" in ended.err
        assert "workload.blue" in ended.err
        assert "in workload.green: Workload.artifact" in ended.err
    assert not list(tmp_path.rglob("world.journal")), "no emulator was started for that"


def test_each_further_workload_is_one_error(tmp_path: Path) -> None:
    draft = DRAFT.replace("STATUS", 'status="draft",')
    body = draft + "yield server\n" + "".join(RUNS.format(name=name) for name in ("blue", "green", "red"))
    assert "2 errors." in project_of(tmp_path, body).run("validate", code=1).err


@pytest.mark.parametrize("status", ['status="locked",', ""])
def test_a_locked_artifact_serves_as_many_as_run_it(tmp_path: Path, status: str) -> None:
    body = DRAFT.replace("STATUS", status) + "yield server\n" + RUNS.format(name="blue") + RUNS.format(name="green")
    project = project_of(tmp_path, body)
    assert "Success!" in project.run("validate").out
    assert "3 objects" in project.run("validate").out


def test_a_draft_with_one_workload_is_right(tmp_path: Path) -> None:
    body = DRAFT.replace("STATUS", 'status="draft",') + "yield server\n" + RUNS.format(name="blue")
    project_of(tmp_path, body).run("validate")


@pytest.mark.parametrize("api", ["", 'api="2026-10"'])
def test_a_version_that_does_not_keep_the_old_one_is_warned_of_written_out_or_found(tmp_path: Path, api: str) -> None:
    body = DRAFT.replace("STATUS", "") + "yield server\n" + RUNS.format(name="blue")
    project = Project(folder=tmp_path)
    kept = body.replace("replicas=1", "replicas=1, replacement=wl.ReplacementPolicy(keep_old_minutes=5)")
    project.write(program(kept, options=api))
    assert project.plan().out.count("Warning: Accepted but not applied") == 1
