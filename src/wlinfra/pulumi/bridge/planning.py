"""Planning one resource: from Pulumi's record for a diff, from what is live before anything is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject
from wlinfra.errors import WlinfraError
from wlinfra.plan.cover import approval_of, uncovered
from wlinfra.plan.expand import expand
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.outputs import Exporters
from wlinfra.plan.planner import build_plan
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.records import Record
from wlinfra.pulumi.bridge.subjects import Task, addresses_of
from wlinfra.stack.program import Declared
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, State
from wlinfra.values import UNKNOWN, Address, Json
from wlinfra.version import tool_version

__all__ = [
    "Planned",
    "expanded",
    "identity_of",
    "main_of",
    "outputs_of",
    "plan_from_record",
    "plan_live",
    "refuse_errors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would happen to a resource."""

    inputs: Inputs
    plan: Plan
    own: frozenset[Address]
    """The resources that it is about."""

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
            if change.address.resource in self.own
            if change.steps or change.goal is not None or self._gives_others(change)
        )

    def _gives_others(self, change: Change) -> bool:
        record = self.inputs.state.objects.get(change.address)
        if record is None or change.is_empty:
            return False
        return any(record.outputs.get(name) != value for name, value in change.outputs.items())

    def main_change(self, resource: Address) -> Change | None:
        """Return what happens to the object whose identity is that of the resource."""
        main = main_of(resource, self.plan.objects)
        return next(
            (change for change in self.plan.changes if main is not None and change.address == main.address), None
        )

    def outputs(self, resource: Address) -> Mapping[str, Json]:
        """Return the resource's outputs after the changes; UNKNOWN where only they will tell."""
        return outputs_of(resource, self.exporters, self.plan.changes)

    def beyond(self, approved: Planned, *, begun: bool) -> list[str]:
        """Return, in words, what goes beyond another plan of the same resource.

        With ``begun``, a part of that was done by a process that ended in it: what is left may differ in its values, but
        neither act more strongly nor reach further.
        """
        digest = self.inputs.digest
        shown = {change.address: approval_of(change, digest) for change in approved.plan.changes}
        found: list[str] = []
        for change in self.plan.changes:
            if not change.steps or change.address.resource not in self.own:
                continue
            approval = shown.get(change.address)
            if begun and approval is not None:
                now = approval_of(change, digest)
                approval = replace(approval, id=now.id, paths=now.paths, leaves=now.leaves)
            found += uncovered(approval, change, digest)
        return found


def main_of(resource: Address, objects: Mapping[Address, PlatformObject]) -> PlatformObject | None:
    """Return the object that answers for a resource's id."""
    answers = Exporters.of(objects.values()).found.get((resource, "id"))
    if answers is not None:
        return objects[answers]
    return next((item for item in objects.values() if item.address.resource == resource), None)


def identity_of(main: PlatformObject | None, outputs: Mapping[str, Json]) -> str:
    """Return what Pulumi calls the resource for good; empty where the platform has not said it."""
    if main is not None and not main.stable:
        return main.name if outputs.get("id") not in (None, UNKNOWN) else ""
    found = outputs.get(main.stable if main is not None else "id") or outputs.get("id")
    return found if isinstance(found, str) else ""


def outputs_of(resource: Address, exporters: Exporters, holders: Sequence[ObjectState | Change]) -> Mapping[str, Json]:
    """Return the outputs of a resource that records or changes have; UNKNOWN for the others."""
    known = exporters.known(*holders)
    names = exporters.outputs_of(resource)
    return {name: known.get((resource, name), UNKNOWN) for name in names}


def expanded(configured: Configured, task: Task, digest: Digest) -> Exporters:
    """Check and expand it, calling nothing; raises DeclarationError with everything that is wrong on this platform."""
    inputs = configured.inputs(replace(task.declared, implied=True), configured.state(), digest)
    return expand(inputs).exporters


def plan_from_record(configured: Configured, task: Task, record: Record) -> Planned:
    """Return what would happen if everything is as it was seen last."""
    task = task.with_former(item.address.resource for item in record.objects)
    return plan_live(configured, task.declared, configured.state(record), record.digest, PlanOptions(refresh=False))


def plan_live(
    configured: Configured, declared: Declared, state: State, digest: Digest, options: PlanOptions | None = None
) -> Planned:
    """Return what must happen now; raises WlinfraError for what cannot be planned."""
    inputs = configured.inputs(declared, state, digest)
    plan = build_plan(inputs, options, tool_version=tool_version())
    own = frozenset({address for one in declared.resources for address in addresses_of(one, declared)})
    return Planned(inputs=inputs, plan=replace(plan, outputs=()), own=own | declared.former)


def refuse_errors(plan: Plan) -> None:
    """Raise WlinfraError for what could not be planned."""
    WlinfraError.raise_for(plan.errors)
