"""The code that `pulumi import` prints runs, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from engines.pulumi.workspace import PulumiWorkspace

from wlinfra_datarobot.emulator import DataRobotEmulator, Durations

EXAMPLE = Path(__file__).parents[3] / "examples" / "pulumi-yaml" / "Pulumi.yaml"


def test_the_code_of_an_import_in_yaml_runs_and_changes_nothing(pulumi_workspace: PulumiWorkspace) -> None:
    with DataRobotEmulator(durations=Durations.instant()) as emulator:
        pulumi_workspace.environ |= {"DATAROBOT_ENDPOINT": emulator.url, "DATAROBOT_API_TOKEN": "none"}
        program = {**yaml.safe_load(EXAMPLE.read_text()), "config": {"tag": {"type": "string", "default": "1.4.2"}}}
        pulumi_workspace.write("Pulumi.yaml", yaml.safe_dump(program))
        pulumi_workspace.init()
        pulumi_workspace.run("up", "--yes", "--skip-preview")

        pulumi_workspace.yaml("resources: {}\n", name="taken")
        pulumi_workspace.init("other")
        kinds = {"server": "wlinfra:index:Artifact", "chat": "wlinfra:index:Workload"}
        found = {"resources": [{"type": kind, "name": name, "id": name} for name, kind in kinds.items()]}
        file = pulumi_workspace.write("import.json", json.dumps(found))
        arguments = ("--file", str(file), "--protect=false", "--yes", "--skip-preview")
        printed = pulumi_workspace.run("import", *arguments).out
        code = printed[printed.index("\nresources:\n") + 1 :]
        assert yaml.safe_load(code)["resources"].keys() == kinds.keys()

        pulumi_workspace.yaml(code, name="taken")
        before = len(emulator.requests)
        pulumi_workspace.run("preview", "--expect-no-changes")
        assert len(emulator.requests) == before
