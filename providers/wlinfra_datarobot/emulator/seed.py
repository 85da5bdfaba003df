"""What an emulated account holds before anyone uses it, and what only a platform's own screens could set."""

from __future__ import annotations

from wlinfra.emulation import Transaction

from .errors import not_found
from .world import Call, new_id, require

_DEMO = (
    ("chat", "ghcr.io/acme/chat:1.4.2", "gpu.h100", "critical"),
    ("search", "ghcr.io/acme/search:0.9.0", "cpu.medium", "high"),
    ("nightly-report", "ghcr.io/acme/report:2.0.0", "cpu.small", "low"),
)


def seed_account(tx: Transaction, now: float) -> None:
    """Put the credential that an empty account has."""
    if not tx.all("credentials"):
        row = {"credentialId": "65f0c0ffee0000000000c001", "name": "registry", "credentialType": "basic"}
        tx.put("credentials", row["credentialId"], {**row, "description": None, "creationDate": now})


def seed_demo(call: Call) -> None:
    """Put three locked artifacts with a workload each, unless there are workloads already."""
    from .artifacts import create
    from .shapes import InputArtifact
    from .validate import body, runtime_document
    from .workload_shapes import Runtime
    from .workloads import store_workload

    if call.tx.all("workloads"):
        return
    for name, image, bundle, importance in _DEMO:
        container = {"name": "main", "imageUri": image, "port": 8080, "primary": True}
        spec = {"type": "service", "containerGroups": [{"containers": [container]}]}
        artifact = create(call, body(call, InputArtifact, {"name": name, "status": "locked", "spec": spec}))
        runtime = body(call, Runtime, {"containerGroups": [{"resourceBundles": [bundle]}]})
        store_workload(
            call,
            artifact,
            runtime_document(call, runtime, artifact),
            {"name": name, "description": "Demo", "importance": importance},
        )
        set_tag(call, call.tx.where("workloads", "artifactId", artifact["id"])[0]["id"], "team", "demo")


def set_tag(call: Call, workload_id: str, name: str, value: str) -> None:
    """Tag a workload; no documented route of the API does it."""
    workload = require(call.tx.get("workloads", workload_id), not_found("Workload", workload_id))
    kept = [tag for tag in workload["tags"] if tag["name"] != name]
    tag = {"id": new_id(call.now), "name": name, "value": value}
    call.tx.put("workloads", workload_id, {**workload, "tags": [*kept, tag]})
