"""What becomes of the outputs of a stack."""

from __future__ import annotations

from collections.abc import Mapping

from wlinfra.errors import ConfigurationError
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import OutputChange
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Address, Json, Secret, is_open, resolve_refs

__all__ = ["output_changes", "recorded_output"]


def output_changes(inputs: Inputs, known: Mapping[tuple[Address, str], Json], *, destroy: bool) -> list[OutputChange]:
    """Return every output, recorded or declared, before and after."""
    before = inputs.state.outputs
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
