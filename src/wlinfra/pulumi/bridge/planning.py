"""Planning one resource: from Pulumi's record for a diff, from what is live before anything is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.errors import WlinfraError
from wlinfra.plan.cover import approval_of, uncovered
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.planner import build_plan
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.records import Record
from wlinfra.pulumi.bridge.subjects import Task
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, State
from wlinfra.values import UNKNOWN, Address, Json
from wlinfra.version import tool_version

__all__ = ["Planned", "expanded", "main_of", "outputs_of", "plan_from_record", "plan_live", "refuse_errors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would happen to a resource."""

    task: Task
    inputs: Inputs
    plan: Plan

    @property
    def exporters(self) -> Exporters:
        """Which object answers for which output."""
        return Exporters.of(self.plan.objects.values())

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes with calls, with something to wait for, or with other outputs, such as a version that exists."""
        return tuple(
            change
            for change in self.plan.changes
            if change.steps or change.goal is not None or self._gives_others(change)
        )

    def _gives_others(self, change: Change) -> bool:
        record = self.inputs.state.objects.get(change.address)
        if record is None or change.is_empty:
            return False
        return any(record.outputs.get(name) != value for name, value in change.outputs.items())

    @property
    def main(self) -> PlatformObject | None:
        """The object whose identity is that of the resource."""
        return main_of(self.task.address, self.plan.objects)

    @property
    def main_change(self) -> Change | None:
        """What happens to it."""
        main = self.main
        return next(
            (change for change in self.plan.changes if main is not None and change.address == main.address), None
        )

    @property
    def replaces(self) -> bool:
        """True when the resource gets another identity."""
        change = self.main_change
        return change is not None and change.action is Action.REPLACE

    def outputs(self) -> Mapping[str, Json]:
        """Return the resource's outputs after the changes; UNKNOWN where only they will tell."""
        return outputs_of(self.task.address, self.exporters, self.plan.changes)

    def beyond(self, approved: Planned) -> list[str]:
        """Return, in words, what goes beyond another plan of the same resource."""
        digest = self.inputs.digest
        shown = {change.address: approval_of(change, digest) for change in approved.plan.changes}
        return [
            reason
            for change in self.plan.changes
            if change.steps
            for reason in uncovered(shown.get(change.address), change, digest)
        ]


def main_of(resource: Address, objects: Mapping[Address, PlatformObject]) -> PlatformObject | None:
    """Return the object that answers for a resource's id."""
    own = [item for item in objects.values() if item.address.resource == resource]
    return next((item for item in reversed(own) if "id" in item.outputs), own[-1] if own else None)


def outputs_of(resource: Address, exporters: Exporters, holders: Sequence[ObjectState | Change]) -> Mapping[str, Json]:
    """Return the outputs of a resource that records or changes have; UNKNOWN for the others."""
    known = exporters.known(*holders)
    names = exporters.outputs_of(resource)
    return {name: known.get((resource, name), UNKNOWN) for name in names}


def expanded(configured: Configured, task: Task, digest: Digest) -> Exporters:
    """Check and expand it, calling nothing; raises DeclarationError with everything that is wrong on this platform."""
    inputs = configured.inputs(task.declared, configured.state(), digest)
    return expand(inputs).exporters


def plan_from_record(configured: Configured, task: Task, record: Record) -> Planned:
    """Return what would happen if everything is as it was seen last."""
    inputs = configured.inputs(task.declared, configured.state(record), record.digest)
    plan = build_plan(inputs, PlanOptions(refresh=False), tool_version=tool_version())
    return Planned(task=task, inputs=inputs, plan=plan)


def plan_live(
    configured: Configured, task: Task, state: State, digest: Digest, options: PlanOptions | None = None
) -> Planned:
    """Return what must happen now; raises WlinfraError for what cannot be planned."""
    inputs = configured.inputs(task.declared, state, digest)
    plan = build_plan(inputs, options, tool_version=tool_version())
    return Planned(task=task, inputs=inputs, plan=replace(plan, outputs=()))


def refuse_errors(plan: Plan) -> None:
    """Raise WlinfraError for what could not be planned."""
    WlinfraError.raise_for(plan.errors)
