"""What all resources of an environment need in common, such as an inventory: created with the first, deleted with the last.

No resource of Pulumi owns it, so that it is in the journal alone. One call after the other looks after it.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import orjson

from wlinfra.changes.model import Action, PlatformObject
from wlinfra.plan.expand import expand, is_implied
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.pulumi.bridge.planning import Planned, main_of, plan_live, refuse_errors
from wlinfra.pulumi.bridge.subjects import Task
from wlinfra.pulumi.contract import BridgeError, Refusal
from wlinfra.state.key import Digest
from wlinfra.values import Address

if TYPE_CHECKING:
    from wlinfra.pulumi.bridge.mutating import Mutation

__all__ = ["end_common", "share"]

_COMMON: Final = "common"
"""Under what an object remembers that no resource of Pulumi owns it."""


def share(mutation: Mutation, task: Task, digest: Digest, *, takes_over: bool) -> None:
    """Create or update it; raises BridgeError where it is another stack's, unless that is taken over."""
    configured, session = mutation.configured, mutation.session
    declared = replace(task.declared, implied=True)
    inputs = configured.inputs(declared, session.state, digest)
    objects = expand(inputs).objects
    common = {address: item for address, item in objects.items() if is_implied(inputs, address)}
    wanted = orjson.dumps([[address, dict(item.values)] for address, item in common.items()], default=str)
    if not common or wanted in configured.shared:
        return
    with configured.sharing:
        options = PlanOptions(targets=tuple(map(str, common)))
        planned = plan_live(configured, declared, session.state, digest, options)
        refuse_errors(planned.plan)
        planned = replace(planned, plan=_only(planned.plan, common))
        if not takes_over:
            _refuse_taking_over(mutation, planned, main_of(task.address, objects))
        if problems := mutation.carry_out(planned):
            raise BridgeError(Refusal.REFUSED, "\n".join(problems))
        found = [session.state.objects[address] for address in common if address in session.state.objects]
        session.set_many(
            put=[replace(item, memory={**item.memory, _COMMON: True}) for item in found if _COMMON not in item.memory]
        )
        configured.shared.add(wanted)


def end_common(mutation: Mutation, digest: Digest) -> None:
    """Delete it when nothing that needs it is left."""
    configured, session = mutation.configured, mutation.session
    with configured.sharing:
        state = session.state
        needed = any(_COMMON not in item.memory for item in state.objects.values())
        if needed or state.intents or not state.objects or configured.making:
            return
        former = frozenset(address.resource for address in state.objects)
        declared = replace(configured.declared, former=former)
        planned = plan_live(configured, declared, state, digest, PlanOptions(destroy=True))
        refuse_errors(planned.plan)
        if problems := mutation.carry_out(planned):
            raise BridgeError(Refusal.REFUSED, "\n".join(problems))
        configured.shared.clear()


def _only(plan: Plan, addresses: Container[Address]) -> Plan:
    """Return the part of the plan that is about these objects."""
    changes = tuple(change for change in plan.changes if change.address in addresses)
    edges = {
        node: tuple(before for before in earlier if before.address in addresses)
        for node, earlier in plan.edges.items()
        if node.address in addresses
    }
    return replace(plan, changes=changes, edges=edges)


def _refuse_taking_over(mutation: Mutation, planned: Planned, main: PlatformObject | None) -> None:
    for change in planned.plan.changes:
        if change.action is Action.IMPORT:
            subject = mutation.subject
            why = change.reason.value if change.reason is not None else "it is another stack's"
            notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in change.notes)
            raise BridgeError(
                Refusal.REFUSED,
                f"{change.address}, which all resources of this stack need, exists and is another stack's: {why}. Nothing was "
                f"created.{notes} If what is there is this stack's, import each resource, which takes it over with its next "
                f"update:\n    pulumi import {subject.type} {subject.name} {main.name if main is not None else 'ID'}\n"
                "Otherwise give this project or stack another name.",
            )
