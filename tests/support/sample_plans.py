"""Plans made by hand, one for each thing a rendering must show."""

from __future__ import annotations

from typing import Any

from support.changes import altered
from support.changes import change as change
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, ActionReason, BlastRadius, Gate, Goal, GpuCount, Impact, Step
from wlinfra.diff.model import SENSITIVE, AttributeChange, Origin
from wlinfra.diff.schema import Effect
from wlinfra.errors import Diagnostic, Location, Severity
from wlinfra.plan.model import OutputChange, Plan, PlanOptions, Recovered
from wlinfra.resources.lifecycle import ReplaceOrder
from wlinfra.state.model import Intent
from wlinfra.values import UNKNOWN, Address, Ref, Secret

CANARY = "c4n4ry-of-a-secret"


def plan_of(*changes: Change, **fields: Any) -> Plan:
    """Return a plan of these changes."""
    return Plan(
        stack="chat",
        environment="prod",
        options=fields.pop("options", PlanOptions()),
        changes=changes,
        edges={},
        tool_version="0.1.0",
        **fields,
    )


def created_artifact() -> Change:
    """A create with a secret, an unknown output and a text of several lines."""
    return change(
        "artifact.server",
        Action.CREATE,
        reason=ActionReason.NOT_IN_STATE,
        location=Location("infra.py", 12),
        values={
            "name": "server",
            "spec": {
                "containers": [
                    {
                        "image": "ghcr.io/acme/chat:1.4.2",
                        "port": 8080,
                        "env": {"LOG": "info", "TOKEN": Secret(lambda: CANARY, describe="CHAT_TOKEN")},
                    }
                ]
            },
            "notes": "first line\nsecond line\n",
        },
        outputs={"id": UNKNOWN, "version": UNKNOWN},
        steps=(
            Step(
                operation="create_artifact", verb="POST", path="/artifacts", summary="create the artifact", makes=True
            ),
        ),
    )


def rolling_workload() -> Change:
    """A roll with an intended change, drift, a secret, a gate and GPUs."""
    eight, twelve, sixteen = (GpuCount(type="H100", low=count, high=count) for count in (8, 12, 16))
    return change(
        "workload.chat",
        Action.ROLL,
        reason=ActionReason.ATTRIBUTE_CHANGED,
        location=Location("infra.py", 41),
        id="w-1",
        values={"name": "chat", "description": "d", "runtime": {}, "artifactId": "a-1", "importance": "low"},
        attributes=(
            AttributeChange(
                path=("runtime", "containerGroups", "default", "replicaCount"),
                recorded=3,
                live=2,
                planned=4,
                effect=Effect.ROLLS,
                origin=Origin.BOTH,
            ),
            AttributeChange(path=("artifactId",), recorded="a-1", live="a-1", planned=UNKNOWN, effect=Effect.ROLLS),
            AttributeChange(path=("description",), recorded="d", live="d", planned=None),
            AttributeChange(
                path=("runtime", "token"),
                recorded=SENSITIVE,
                live=SENSITIVE,
                planned=SENSITIVE,
                sensitive=True,
                effect=Effect.ROLLS,
            ),
        ),
        drift=(
            AttributeChange(
                path=("runtime", "containerGroups", "default", "replicaCount"),
                recorded=3,
                live=2,
                planned=4,
                origin=Origin.DRIFT,
            ),
        ),
        steps=(
            Step(
                operation="patch_workload",
                verb="PATCH",
                path="/workloads/{id}",
                summary="change the description",
                target="w-1",
            ),
            Step(
                operation="replace",
                verb="POST",
                path="/workloads/{id}/replacement",
                summary="roll to the new artifact",
                target=Ref(Address("workload.chat"), "id"),
                gate=Gate(goal="idle", describe="the replacement in flight is over"),
            ),
        ),
        goal=Goal(describe="running on the new artifact"),
        blast_radius=BlastRadius.ROLLING,
        impact=Impact(
            gpus_now=(eight,), gpus_after=(twelve,), gpus_peak=(sixteen,), replicas_now=(2, 2), replicas_after=(2, 4)
        ),
        depends_on=(Address("artifact.server"),),
        notes=("importance is not shown by this platform",),
    )


def replaced_store() -> Change:
    """A replacement that loses data."""
    return change(
        "volume.store",
        Action.REPLACE,
        reason=ActionReason.CANNOT_UPDATE,
        id="v-1",
        values={"size": 20, "class": "fast"},
        attributes=(
            AttributeChange(path=("class",), recorded="slow", live="slow", planned="fast", effect=Effect.REPLACES),
        ),
        replace_order=ReplaceOrder.DELETE_THEN_CREATE,
        blast_radius=BlastRadius.DATA_LOSS,
        reversible=False,
        irreversible_because="the data goes with the old volume",
        predicted=("the quota was not checked",),
    )


def deleted(address: str = "workload.old", **fields: Any) -> Change:
    """A delete of something that is not declared any more."""
    return change(
        address, Action.DELETE, reason=ActionReason.NOT_IN_STACK, id="w-9", blast_radius=BlastRadius.DOWNTIME, **fields
    )


def everything() -> Plan:
    """Return a plan with a bit of all."""
    server = created_artifact()
    return plan_of(
        server,
        altered(
            server,
            address=Address("artifact.next"),
            action=Action.UPDATE,
            label="new version",
            id="a-1",
            outputs={},
            attributes=(AttributeChange(path=("notes",), live="a\nb\nc\n", planned="a\nB\nc\n"),),
        ),
        rolling_workload(),
        change(
            "workload.web/Deployment", Action.CREATE, kind="apps/v1/Deployment", values={"replicas": 1}, unverified=True
        ),
        change("workload.web/Service", Action.CREATE, kind="v1/Service", values={"port": 80}),
        change("workload.seen", Action.IMPORT, reason=ActionReason.FOUND_BY_NAME, id="w-3"),
        change("workload.kept", Action.FORGET, reason=ActionReason.RETAINED, id="w-4"),
        change("secret.key", Action.READ),
        change("workload.same", Action.NO_OP, id="w-5"),
        replaced_store(),
        deleted(),
        deleted("workload.chat2", deposed_id="w-0"),
        outputs=(
            OutputChange(name="endpoint", before="https://old", after=UNKNOWN),
            OutputChange(name="token", after=SENSITIVE, sensitive=True),
            OutputChange(name="same", before=1, after=1),
        ),
        moved={Address("workload.same"): Address("workload.before")},
        recovered=(Recovered(intent=intent(), outcome="happened", id="a-7"),),
        warnings=(
            Diagnostic(
                summary="Image is not pinned",
                detail="The image of artifact.server has a tag that can move.",
                fix="Use a digest.",
                severity=Severity.WARNING,
            ),
        ),
        provisional="alice on build-7 (pid 12)",
    )


def intent() -> Intent:
    """Return what an interrupted create left behind."""
    return Intent(
        address=Address("artifact.server"),
        provider="default",
        kind="artifact",
        operation="create_artifact",
        verb="POST",
        target=None,
    )


def failing() -> Plan:
    """Return a plan that cannot be applied."""
    error = Diagnostic(
        summary="Port is below 1024",
        detail="The container listens on port 80, and this platform runs containers without the right to do so.",
        fix="Let it listen on 8080:\n    wl.Container(port=8080)",
        address="workload.chat",
        path="runtime.port",
        location=Location("infra.py", 12),
    )
    return plan_of(change("artifact.server", Action.NO_OP), errors=(error,))
