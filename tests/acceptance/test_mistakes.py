"""Ten mistakes people make: one screen each, with the file, the line and the fix, and no traceback."""

from __future__ import annotations

import pytest
from support.project import Project, program

SERVER = 'wl.Artifact("server", containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080)])'
RUNS = f"""
server = {SERVER}
yield server
yield wl.Workload("chat", artifact=server, MISTAKE)
"""

MISTAKES = {
    "port-80": ('yield wl.Artifact("server", containers=[wl.Container(image="acme/chat:1", port=80)])', "1024", "port"),
    "two-primaries": (
        'yield wl.Artifact("server", containers=[wl.Container(name="a", image="acme/a:1", port=8080, primary=True), wl.Container(name="b", image="acme/b:1", port=8081, primary=True)])',
        "primary",
        "primary",
    ),
    "min-above-max": (
        RUNS.replace("MISTAKE", 'bundles=["cpu.small"], autoscaling=[wl.concurrency(target=10, min=5, max=2)]'),
        "min",
        "max",
    ),
    "cpu-metric-to-zero": (
        RUNS.replace("MISTAKE", 'bundles=["cpu.small"], autoscaling=[wl.cpu(target=70, min=0, max=2)]'),
        "cpu",
        "min",
    ),
    "unknown-group": (
        RUNS.replace(
            "MISTAKE", 'runtime=wl.Runtime(container_groups=[wl.GroupRuntime(name="defualt", bundles=["cpu.small"])])'
        ),
        "defualt",
        "default",
    ),
    "memory-unit": (RUNS.replace("MISTAKE", 'cpu=1, memory="8GiBs"'), "8GiBs", "GB"),
    "duplicate-variables": (
        'yield wl.Artifact("server", containers=[wl.Container(image="acme/chat:1", port=8080, env=[wl.EnvVar("LOG", "a"), wl.EnvVar("LOG", "b")])])',
        "LOG",
        "twice",
    ),
    "secret-in-plain-output": ('yield wl.Output("token", wl.secret_env("CHAT_TOKEN"))', "sensitive=True", "token"),
    "cycle": (
        """
server = wl.Artifact("server", containers=[wl.Container(image="acme/chat:1", port=8080)], depends_on=["workload.chat"])
yield server
yield wl.Workload("chat", artifact=server, bundles=["cpu.small"], replicas=1)
""",
        "workload.chat",
        "artifact.server",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_on_one_screen(project: Project, name: str) -> None:
    body, *words = MISTAKES[name]
    project.write(program(body))
    done = project.plan(code=1)
    shown = done.err
    for word in words:
        assert word in shown, shown
    assert "infra.py" in shown
    assert "Traceback" not in shown + done.out
    assert len(shown.splitlines()) <= 24, shown


def test_locking_back_to_draft_is_refused_when_planning(project: Project, emulator: object) -> None:
    url = emulator.url  # type: ignore[attr-defined]  # the fixture's type lives in conftest
    project.write(program(f"yield {SERVER}", url))
    project.apply()
    project.write(program(f'yield {SERVER[:-1]}, status="draft")', url))
    done = project.plan(code=1)
    shown = done.out + done.err
    assert "draft" in shown
    assert "infra.py" in shown
    assert "Traceback" not in shown


def test_all_mistakes_of_a_program_are_reported_together(project: Project) -> None:
    project.write(
        program(
            "\n".join(
                body.strip("\n").replace('"server"', f'"server{number}"').replace('"chat"', f'"chat{number}"')
                for number, (body, *_) in enumerate(list(MISTAKES.values())[:4])
            )
        )
    )
    assert "4 errors" in project.plan(code=1).err.lower()
