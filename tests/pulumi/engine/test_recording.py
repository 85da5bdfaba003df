"""What the engine asks today is answered by the plugin without an engine too; `--update-golden` keeps it for later."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines.pulumi.workspace import PulumiWorkspace
from support.pulumi_protocol import service_over
from support.pulumi_replay import differences, kept, replayed
from support.pulumi_stage import PROGRAM, TOKEN, stage_on

from wlinfra.pulumi.bridge.bridge import CoreBridge
from wlinfra.version import tool_version

KEPT = Path(__file__).parents[1] / "plugin" / "recorded"
DESCRIBED = PROGRAM.replace('description="serves chat"', 'description=config.get("words") or "serves chat"').replace(
    "canary-of-the-program",
    "no secret",  # a digest of it is in the record, so it cannot be replaced later
)


@pytest.mark.nightly
def test_a_session_of_the_engine_can_be_replayed(
    pulumi_workspace: PulumiWorkspace, request: pytest.FixtureRequest
) -> None:
    home = str(pulumi_workspace.folder)
    scrub = {TOKEN: "a token", home: "/home/alice"}
    sessions: dict[str, list[str]] = {}
    with stage_on(pulumi_workspace, DESCRIBED) as stage:

        def record(name: str, *arguments: str) -> None:
            log = pulumi_workspace.folder / f"{name}.log"
            pulumi_workspace.environ["PULUMI_DEBUG_GRPC"] = str(log)
            stage.run(*arguments)
            del pulumi_workspace.environ["PULUMI_DEBUG_GRPC"]
            sessions[name] = list(kept(log, scrub))

        record("create", "preview")
        stage.up()
        record("no-change", "preview")
        stage.config(words="serves chat well")
        record("update", "preview")
    for name, lines in sessions.items():
        assert "canary" not in "".join(lines)
        bridge = CoreBridge({"HOME": home, "PULUMI_HOME": f"{home}/{name}", "DATAROBOT_API_TOKEN": "none"})
        with service_over(lambda: bridge, engine="127.0.0.1:1") as client:  # noqa: B023 - it is opened at once
            assert [wrong for line in lines for wrong in differences(*replayed(client, line))] == []
        bridge.close()
        if request.config.getoption("--update-golden"):
            KEPT.mkdir(exist_ok=True)
            (KEPT / f"{tool_version()}-{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
