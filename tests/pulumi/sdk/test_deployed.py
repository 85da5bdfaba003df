"""A wlinfra stack is deployed by the real engine, with its secrets in no state."""

from __future__ import annotations

import json

from engines.pulumi.workspace import PulumiWorkspace

INFRA = """
import wlinfra as wl

stack = wl.Stack("shop")


@stack.resources
def resources(env):
    server = wl.Artifact(
        "server",
        containers=[wl.Container(image="ghcr.io/acme/chat:1", port=8080, env={"HF_TOKEN": wl.secret_env("HF_TOKEN")})],
    )
    with wl.scope("payments"):
        chat = wl.Workload("chat", artifact=server, replicas=2, bundles=["cpu.small"])
    inline = wl.Artifact("gateway", containers=[wl.Container(image="g:1", port=8080, env={"PEER": f"{chat.endpoint}v1"})])
    yield wl.Workload("gateway", artifact=inline, bundles=["cpu.small"], ignore_changes=["replicas"], timeouts={"create": 600})
    yield chat
    yield server
    yield wl.Output("endpoint", chat.endpoint)


stack.environment("prod", provider="datarobot", endpoint="emulator", name_prefix="prod-")
"""
PROGRAM = """
import pulumi
import pulumi_wlinfra as wlinfra

deployment = wlinfra.deploy("infra.py", "prod")
pulumi.export("endpoint", deployment.outputs["endpoint"])
"""


def test_a_stack_is_deployed_stays_and_goes(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.python(PROGRAM)
    pulumi_workspace.write("infra.py", INFRA)
    pulumi_workspace.environ["HF_TOKEN"] = "canary-7f3a"
    pulumi_workspace.init()
    pulumi_workspace.run("up", "--yes", "--skip-preview")
    assert pulumi_workspace.outputs()["endpoint"].startswith("http://127.0.0.1:")
    found = {one["urn"].rpartition("::")[2]: one for one in pulumi_workspace.resources()}
    assert {"shop", "shop-default", "shop-server", "shop-payments-chat", "shop-gateway"} <= set(found)
    assert found["shop-payments-chat"]["inputs"]["name"] == "prod-chat"
    assert "canary" not in json.dumps(pulumi_workspace.run("stack", "export", "--show-secrets").json)
    pulumi_workspace.run("preview", "--expect-no-changes")
    pulumi_workspace.run("destroy", "--yes", "--skip-preview")
    assert pulumi_workspace.resources() == []


def test_mistakes_of_a_stack_are_shown_without_a_traceback(pulumi_workspace: PulumiWorkspace) -> None:
    pulumi_workspace.python(PROGRAM)
    pulumi_workspace.write("infra.py", INFRA.replace("replicas=2", "replicas=0"))
    pulumi_workspace.init()
    ended = pulumi_workspace.run("preview", code=1)
    assert "payments.workload.chat Workload.replicas" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
