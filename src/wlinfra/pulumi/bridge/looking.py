"""What is live, in the program's shape: for a refresh, an import, and a look-up of something that no one here owns.

Nothing is called that changes anything, and the journal is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions
from wlinfra.apply.stop import StopSignal
from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject
from wlinfra.changes.subject import subject_of
from wlinfra.diff.model import SENSITIVE
from wlinfra.errors import ProviderError
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.plan.reading import read_object
from wlinfra.provider.base import Live, Unreadable
from wlinfra.provider.optional import DeclaresLive
from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.declared_form import properties_of
from wlinfra.pulumi.bridge.names import address_name
from wlinfra.pulumi.bridge.paths import located_at, value_at, with_value, without
from wlinfra.pulumi.bridge.planning import Planned, identity_of, main_of, outputs_of, plan_live, refuse_errors
from wlinfra.pulumi.bridge.properties import result_of
from wlinfra.pulumi.bridge.records import Record, decoded, new_key
from wlinfra.pulumi.bridge.subjects import Task, task_of
from wlinfra.pulumi.contract import BridgeError, Found, Properties, Recorded, Refusal, SecretValue, Subject
from wlinfra.resources.base import Resource
from wlinfra.state.key import Digest
from wlinfra.state.memory import MemorySession
from wlinfra.state.model import ObjectState
from wlinfra.state.records import imported
from wlinfra.values import Address, Json, Secret

__all__ = ["Look"]

_CHANGED = "(changed outside of this stack)"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One resource that is looked at."""

    configured: Configured
    subject: Subject

    # ------------------------------------------------------------ refresh

    def refreshed(self, recorded: Recorded) -> Found | None:
        """Return what is live of a resource that is recorded; None when the platform says that it is gone."""
        record = decoded(recorded)
        self.configured.refuse_elsewhere(record, self.subject.urn, ask=True)
        task = task_of(self.configured, self.subject, recorded.inputs, name=record.name)
        state = self.configured.state(record)
        planned = plan_live(self.configured, task.declared, state, record.digest, PlanOptions(refresh_only=True))
        refuse_errors(planned.plan)
        main = planned.main_change(task.address)
        if main is not None and (main.action is Action.FORGET or _is_another(planned, task, main, record, recorded.id)):
            return None
        inputs = _as_live(recorded.inputs, planned.plan.changes)
        objects = self._recorded_only(planned, record.objects)
        return self._found(task, planned, recorded.id, inputs, replace(record, objects=objects))

    # ------------------------------------------------------------ import

    def imported(self, model: type[Resource], identity: str) -> Found | None:
        """Return what has the id or the name, as a program would declare it; None when there is nothing."""
        connection = self.configured.connection
        if not isinstance(connection, DeclaresLive):
            raise BridgeError(
                Refusal.REFUSED, f"The platform {self.configured.settings.platform} cannot import a {model.__name__}."
            )
        found = tuple(connection.find(model, identity))
        if not found:
            return None
        if len(found) > 1:
            raise _several(self.subject, model, identity, found)
        name = address_name(self.subject.urn, self.subject.name)
        resource = connection.declared(model, found[0], name=name)
        inputs = self._inputs_of(resource)
        task = task_of(self.configured, self.subject, inputs, name=name)
        planned = self._taken_over(task, found[0])
        if planned is None:
            return None
        lasting = _lasting(task, planned, found[0])
        return self._found(task, planned, lasting, inputs, self._record(planned, name))

    def _inputs_of(self, resource: Resource) -> Properties:
        inputs = dict(properties_of(resource))
        on_platform = inputs.pop("platformName", inputs["name"])
        if on_platform == self.subject.name:
            del inputs["name"]
        else:
            inputs["name"] = on_platform
        return inputs

    def _taken_over(self, task: Task, identity: str) -> Planned | None:
        """Return the plan of a resource that was taken over, its record among the inputs; None when it is gone."""
        digest = Digest(self.configured.journal.key())
        first = plan_live(
            self.configured, task.declared, self.configured.state(), digest, PlanOptions(refresh_only=True)
        )
        main = main_of(task.address, first.plan.objects)
        if main is None:
            raise BridgeError(Refusal.REFUSED, f"{task.address} has no object of its own on the platform.")
        held = self._held(task, first, main, identity)
        if main.address not in held:
            return None
        state = replace(self.configured.state(), objects=held)
        planned = plan_live(self.configured, task.declared, state, digest)
        refuse_errors(planned.plan)
        if any(change.steps for change in planned.plan.changes):
            return planned  # what cannot be declared again differs: the next diff shows it
        objects = self._recorded_only(planned, held.values())
        inputs = replace(planned.inputs, state=replace(state, objects={item.address: item for item in objects}))
        return replace(planned, inputs=inputs)

    def _held(self, task: Task, first: Planned, main: PlatformObject, identity: str) -> dict[Address, ObjectState]:
        """Return a first record of each object that is there; raises ProviderError for what cannot be read."""
        found: dict[Address, ObjectState] = {}
        for address, item in first.plan.objects.items():
            if item.virtual or address.resource not in task.own:
                continue
            record = imported(subject_of(item), identity, {}, None) if item is main else None
            reading = read_object(first.inputs, address, item, record)
            if isinstance(reading, Unreadable):
                raise ProviderError(reading.error)
            if isinstance(reading, Live):
                found[address] = imported(subject_of(item), reading.id, reading.outputs, None)
        return found

    def _record(self, planned: Planned, name: str) -> Record:
        key = planned.inputs.digest.key
        return Record(
            name=name,
            platform=self.configured.settings.platform,
            place=self.configured.here(),
            objects=tuple(planned.inputs.state.objects.values()),
            key=key if key is not None else new_key(),
        )

    # ------------------------------------------------------------ both

    def _recorded_only(self, planned: Planned, objects: Iterable[ObjectState]) -> tuple[ObjectState, ...]:
        """Return the records after the changes that call nothing, by the applier, in memory."""
        session = MemorySession()
        session.set_many(put=objects)
        plan = _without_goals(planned.plan)
        apply_plan(
            plan,
            planned.inputs,
            session,
            options=ApplyOptions(command="refresh", wait=False),
            listener=lambda event: None,
            stop=StopSignal(),
            clock=self.configured.clock,
        )
        return tuple(session.state.objects.values())

    def _found(self, task: Task, planned: Planned, identity: str, inputs: Properties, record: Record) -> Found:
        known = outputs_of(task.address, planned.exporters, record.objects)
        outputs = result_of(task.resource, inputs, known, record)
        return Found(id=identity, inputs=inputs, outputs=outputs)


def _is_another(planned: Planned, task: Task, main: Change, record: Record, identity: str) -> bool:
    """True when what is recorded is gone and this, which has its name, has another identity."""
    recorded = {item.id for item in record.objects if item.address == main.address}
    found = identity_of(main_of(task.address, planned.plan.objects), main.outputs)
    return main.outputs.get("id") not in recorded and found not in ("", identity)


def _without_goals(plan: Plan) -> Plan:
    """Return the plan without waits: one who looks does not wait."""

    def quiet(change: Change) -> Change:
        return replace(change, decision=replace(change.decision, goal=None))

    return replace(plan, changes=tuple(map(quiet, plan.changes)), errors=())


def _lasting(task: Task, planned: Planned, identity: str) -> str:
    main = main_of(task.address, planned.plan.objects)
    known = outputs_of(task.address, planned.exporters, tuple(planned.inputs.state.objects.values()))
    return identity_of(main, known) or identity


def _several(subject: Subject, model: type[Resource], identity: str, found: Sequence[str]) -> BridgeError:
    commands = "".join(f"\n    pulumi import {subject.type} {subject.name} {one}" for one in found)
    return BridgeError(
        Refusal.REFUSED, f"{len(found)} of type {model.type} have the name {identity!r}. Name one by its id:{commands}"
    )


# ---------------------------------------------------------------- in the program's shape


def _as_live(inputs: Properties, changes: Iterable[Change]) -> Properties:
    """Return the inputs with what is live where they say something else; what they do not say stays so."""
    found: Json = dict(inputs)
    for address, item in ((change.address, item) for change in changes for item in change.drift):
        path = located_at(found, address, item.name)
        before = value_at(found, path) if path else None
        if before is None and not _is_entry(found, path):
            continue
        if item.live is None:
            found = without(found, path)
        elif item.live is SENSITIVE or item.sensitive:
            found = with_value(found, path, SecretValue(_CHANGED))
        else:
            found = with_value(found, path, SecretValue(item.live) if isinstance(before, Secret) else item.live)
    return dict(found)


def _is_entry(properties: Json, path: Sequence[str | int]) -> bool:
    """True when the path leads to a new entry of a map that is declared."""
    return len(path) > 1 and isinstance(value_at(properties, tuple(path[:-1])), dict) and isinstance(path[-1], str)
