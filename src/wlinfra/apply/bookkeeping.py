"""What is recorded of a plan before its first call and after its last one; called by `apply.applier`."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from wlinfra.apply.outputs import Outputs
from wlinfra.apply.recorder import Recorder
from wlinfra.apply.recovery import record
from wlinfra.changes.model import Action
from wlinfra.diff.project import redact
from wlinfra.errors import ConfigurationError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.outputs import recorded_output
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.state.records import moved as at_address
from wlinfra.state.records import seen, with_renamed_dependencies
from wlinfra.state.session import StateSession
from wlinfra.values import Address, Json, Secret, is_open

__all__ = ["record_findings", "records_for", "settle_outputs"]


def record_findings(plan: Plan, session: StateSession) -> None:
    """Record what was found out while planning: interrupted steps, new addresses, strays and facts.

    Raises StateError.
    """
    record(session, plan.recovered)
    _follow_moves(plan.moved, session)
    if plan.found:
        session.set_many(put=plan.found, remove=())
    _learn_facts(plan, session)


def records_for(plan: Plan, inputs: Inputs, recorder: Recorder) -> Mapping[Address, ObjectState]:
    """Return the records whose outputs a plan may refer to: of one part of an environment those of that part."""
    if not inputs.declared.partial:
        return recorder.objects
    own = {*plan.objects, *(address for change in plan.changes for address in (change.address, *change.depends_on))}
    found = {address: recorder.find(address) for address in own}
    return {address: item for address, item in found.items() if item is not None}


def _learn_facts(plan: Plan, session: StateSession) -> None:
    """Record what was seen of unchanged objects beside their values, such as what an earlier version did not record."""
    unchanged = [change for change in plan.changes if change.action is Action.NO_OP and change.facts]
    records = ((change, session.find(change.address)) for change in unchanged)
    learned = [
        seen(record, change.facts)
        for change, record in records
        if record is not None and dict(record.facts) != dict(change.facts)
    ]
    if learned:
        session.set_many(put=learned, remove=())


def _follow_moves(moved: Mapping[Address, Address], session: StateSession) -> None:
    """Rename what was recorded under an alias, and what depends on it."""
    if not moved:
        return
    objects = session.state.objects
    renamed = {old: new for new, old in moved.items()}
    changed = []
    for address, item in objects.items():
        after = with_renamed_dependencies(item, renamed)
        if address in renamed or after is not item:
            changed.append(at_address(after, renamed.get(address, address)))
    session.set_many(put=changed, remove=tuple(renamed))


def settle_outputs(
    plan: Plan, known: Outputs, session: StateSession, digest: Digest, *, complete: bool
) -> dict[str, Json]:
    """Record the outputs of the stack that are known, and return them; of an incomplete run the others stay as they were."""
    if not plan.output_values and not complete:
        return {}
    before = session.state.outputs
    partial = bool(plan.options.targets or plan.options.excludes or plan.options.refresh_only) or not complete
    recorded = dict(before) if partial else {}
    found: dict[str, Json] = {}
    if not plan.options.destroy:
        for name, declared in plan.output_values.items():
            value = known.fill(declared)
            if is_open(value):
                continue
            sensitive = name in plan.sensitive_outputs
            try:
                recorded[name] = redact(recorded_output(value, sensitive=sensitive, digest=digest), digest)
            except ConfigurationError:  # the source of a secret is gone, and a narrowed run did not need it
                continue
            found[name] = _disguised(name, value) if sensitive else value
    if recorded != before:
        session.set_outputs(recorded)
    return {} if plan.options.targets or plan.options.excludes else found


def _disguised(name: str, value: Json) -> Secret:
    if isinstance(value, Secret):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return Secret(lambda: text, describe=f"output {name}")
