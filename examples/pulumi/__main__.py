"""Two services in Pulumi: a chat server, and the gateway that calls it.

`pulumi up` runs them on the embedded emulator, without an account. With ``pulumi config set wlinfra:endpoint`` and the
variable DATAROBOT_API_TOKEN they run on an installation.
"""

import pulumi

import pulumi_wlinfra as wlinfra
import wlinfra as wl

config = pulumi.Config()
tag = config.get("tag") or "1.4.2"

server = wlinfra.Artifact(
    "server",
    containers=[
        {
            "image": f"ghcr.io/acme/chat:{tag}",
            "port": 8080,
            "env": {"LOG_LEVEL": "info", "MODEL_TOKEN": config.get_secret("modelToken") or "none"},
            "readiness": {"path": "/health", "period_seconds": 5},
        }
    ],
)
chat = wlinfra.Workload("chat", artifact=server, bundles=["cpu.small"], autoscaling=[wl.concurrency(target=8, max=3)])

# What runs nowhere else needs no resource of its own.
gateway = wlinfra.Workload(
    "gateway",
    artifact={"containers": [{"image": "ghcr.io/acme/gateway:2.0.1", "port": 8080, "env": {"CHAT": chat.endpoint}}]},
    bundles=["cpu.small"],
    replicas=1,
    description="What users call",
)

pulumi.export("endpoint", gateway.endpoint)
pulumi.export("version", server.version)
