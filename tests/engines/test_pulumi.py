"""The real Pulumi CLI runs programs in Python and YAML, offline, and leaves no process behind."""

from __future__ import annotations

import pytest

from engines.kubernetes.waiting import eventually
from engines.pulumi.workspace import PulumiWorkspace

PYTHON = """\
import pulumi

pulumi.ComponentResource("shop:index:Group", "group")
pulumi.export("greeting", pulumi.Config().get("greeting") or "hello")
pulumi.export("token", pulumi.Output.secret("canary"))
"""
YAML = """\
variables:
  name: YAML
outputs:
  greeting: hello ${name}
"""
SLOW = """\
import time

print("the program runs", flush=True)
time.sleep(60)
"""


def test_a_python_program_runs(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.python(PYTHON)
    pulumi_workspace.init()
    steps = pulumi_workspace.run("preview", "--json").json["steps"]
    assert [step["op"] for step in steps] == ["create", "create"]
    pulumi_workspace.run("up", "--yes", "--skip-preview")
    assert pulumi_workspace.outputs() == {"greeting": "hello", "token": "canary"}
    assert [resource["type"] for resource in pulumi_workspace.resources()] == [
        "pulumi:pulumi:Stack",
        "shop:index:Group",
    ]


def test_a_yaml_program_runs(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.yaml(YAML)
    pulumi_workspace.init()
    events = pulumi_workspace.run("up", "--yes", "--skip-preview", "--json").lines
    assert [event["summaryEvent"]["resourceChanges"] for event in events if "summaryEvent" in event] == [{"create": 1}]
    assert pulumi_workspace.outputs() == {"greeting": "hello YAML"}


def test_a_plugin_that_is_not_there_is_not_downloaded(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.yaml("resources:\n  one:\n    type: nowhere:index:Thing\n")
    pulumi_workspace.init()
    ended = pulumi_workspace.run("preview", code=1)
    assert "no resource plugin 'pulumi-resource-nowhere' found" in ended.out + ended.err


def test_nothing_of_the_developers_environment_is_seen(
    pulumi_workspace: PulumiWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "theirs")
    pulumi_workspace.python(
        "import os\nimport pulumi\npulumi.export('seen', os.environ.get('PULUMI_STACK', 'nothing'))"
    )
    pulumi_workspace.init()
    pulumi_workspace.run("up", "--yes", "--skip-preview")
    assert pulumi_workspace.outputs() == {"seen": "nothing"}


def test_control_c_ends_a_program(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.python(SLOW)
    pulumi_workspace.init()
    command = pulumi_workspace.start("up", "--yes", "--skip-preview")
    eventually(lambda: "the program runs" in command.output.read_text())
    assert len(pulumi_workspace.running()) == 3  # the CLI, the language host and the program
    with pytest.raises(AssertionError, match=r"still runs after 0 s\n(.*\n)*.*the program runs"):
        command.wait(0)
    command.interrupt()
    assert "cancel" in command.wait(60).out
    eventually(lambda: pulumi_workspace.running() == {})


def test_what_a_killed_engine_leaves_behind_ends_with_the_workspace(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.python(SLOW)
    pulumi_workspace.init()
    command = pulumi_workspace.start("up", "--yes", "--skip-preview")
    eventually(lambda: "the program runs" in command.output.read_text())
    command.kill()
    assert any("pulumi-language-python 127.0.0.1" in words for words in pulumi_workspace.running().values())
    pulumi_workspace.close()
    assert pulumi_workspace.running() == {}
