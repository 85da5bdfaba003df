"""Outputs: which object of a resource answers for each, as all of them have an id, and what becomes of those of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wlinfra.changes.change import Change
from wlinfra.changes.model import PlatformObject
from wlinfra.errors import ConfigurationError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import OutputChange
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState, SecretDigest
from wlinfra.values import UNKNOWN, Address, Json, Secret, is_open, resolve_refs

__all__ = ["Exporters", "output_changes", "recorded_output"]


@dataclass(frozen=True, slots=True)
class Exporters:
    """The object that answers for each output of each resource."""

    found: Mapping[tuple[Address, str], Address] = field(default_factory=dict)
    """By resource and attribute."""

    @classmethod
    def of(cls, objects: Iterable[PlatformObject]) -> Exporters:
        """Return those among the wanted objects; of several, the last."""
        return cls({(item.address.resource, name): item.address for item in objects for name in item.outputs})

    def answers(self, address: Address, name: str) -> bool:
        """Return whether the object answers for the output of its resource; what is not wanted any more does."""
        return self.found.get((address.resource, name), address) == address

    def exported(self, address: Address, outputs: Mapping[str, Json]) -> Iterator[tuple[tuple[Address, str], Json]]:
        """Yield the outputs for which the object answers, by resource and attribute."""
        for name, value in outputs.items():
            if self.answers(address, name):
                yield (address.resource, name), value

    def known(self, *holders: ObjectState | Change) -> dict[tuple[Address, str], Json]:
        """Return the outputs that records and changes have; of several that answer, the last."""
        return {key: value for item in holders for key, value in self.exported(item.address, item.outputs)}

    def outputs_of(self, resource: Address) -> list[str]:
        """Return the outputs of a resource, sorted."""
        return sorted(name for owner, name in self.found if owner == resource)


def output_changes(inputs: Inputs, known: Mapping[tuple[Address, str], Json], *, destroy: bool) -> list[OutputChange]:
    """Return every output, recorded or declared, before and after."""
    before = inputs.state.outputs
    if inputs.declared.partial:  # the others are of what is declared elsewhere
        own = {output.name for output in inputs.declared.outputs}
        before = {name: value for name, value in before.items() if name in own and not destroy}
    after: dict[str, tuple[Json, bool]] = {}
    if not destroy:
        for output in inputs.declared.outputs:
            value = resolve_refs(output.value, known)
            try:
                shown = recorded_output(value, sensitive=output.sensitive, digest=inputs.digest)
            except ConfigurationError:  # a secret without its source counts as unchanged, and a plan warns of it
                old = before.get(output.name)
                shown = old if isinstance(old, SecretDigest) else SecretDigest("")
            after[output.name] = (shown, output.sensitive)
    return [
        OutputChange(
            name=name,
            before=before.get(name),
            after=after.get(name, (None, False))[0],
            sensitive=after.get(name, (None, isinstance(before.get(name), SecretDigest)))[1],
        )
        for name in sorted({*before, *after})
    ]


def recorded_output(value: Json, *, sensitive: bool, digest: Digest) -> Json:
    """Return the output as it may be recorded and shown: a sensitive one only as a digest."""
    if is_open(value):
        return UNKNOWN
    if not sensitive:
        return value
    text = value.reveal() if isinstance(value, Secret) else canonical(value).decode()
    return SecretDigest(digest(text) if digest.known else "")
