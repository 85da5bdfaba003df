"""The outputs known by now: what references are filled in with while a run continues.

Every piece of work publishes what it learns; since an object's dependents start after it is done, no reader meets a
value half written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action
from wlinfra.diff.leaves import is_plain
from wlinfra.plan.model import Plan
from wlinfra.plan.outputs import Exporters
from wlinfra.state.model import ObjectState
from wlinfra.values import UNKNOWN, Address, Json, contains_unknown, find_refs, resolve_refs

__all__ = ["Outputs", "known_part"]

_ANEW = (Action.CREATE, Action.REPLACE)


class Outputs:
    """The value of each output by resource and attribute."""

    def __init__(
        self,
        plan: Plan,
        recorded: Mapping[Address, ObjectState],
        elsewhere: Mapping[tuple[Address, str], Json] | None = None,
    ) -> None:
        """Begin with what is recorded, without the objects that get a new identity, and what the plan knows already.

        ``elsewhere`` holds the outputs of what is declared elsewhere.
        """
        self.elsewhere = elsewhere or {}
        self.known: dict[tuple[Address, str], Json] = {}
        self._exporters = Exporters.of(plan.objects.values())
        new = {change.address for change in plan.changes if change.action in _ANEW}
        for address, record in recorded.items():
            if address not in new:
                self.publish(address, record.outputs)
        for key, value in self.elsewhere.items():  # a record may be older
            if value is UNKNOWN:
                self.known.pop(key, None)
            else:
                self.known[key] = value
        for change in plan.changes:
            if change.is_empty or change.action is Action.IMPORT:  # what is taken over is there already
                self.publish(change.address, change.outputs)

    def publish(self, address: Address, outputs: Mapping[str, Json]) -> None:
        """Make outputs of one object known: its own, and those its resource is asked for."""
        for name, value in outputs.items():
            if value is UNKNOWN:
                continue
            self.known[address, name] = value
            if self._exporters.answers(address, name):
                self.known[address.resource, name] = value

    def fill(self, value: Json) -> Json:
        """Return the tree with references filled in; those not known become UNKNOWN."""
        return value if is_plain(value) else resolve_refs(value, self.known)

    def awaited(self, change: Change) -> list[str]:
        """Return what the change refers to that is declared elsewhere and not known yet."""
        refs = find_refs(dict(change.values))
        return sorted({f"{ref.address}.{ref.attribute}" for ref in refs if self.elsewhere.get(ref.key) is UNKNOWN})

    def settled(self, change: Change) -> dict[str, Json]:
        """Return the planned outputs of a change that are known by now."""
        filled = self.fill(dict(change.outputs))
        return {name: value for name, value in filled.items() if not contains_unknown(value)}


def known_part(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what can be recorded: after a call nothing may fail for a value that is still unknown."""
    return {name: value for name, value in values.items() if not contains_unknown(value)}
