"""References filled in as far as they are known, and what becomes of the stack's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wlinfra.diff.leaves import is_plain
from wlinfra.errors import ConfigurationError
from wlinfra.plan.engine import Engine
from wlinfra.plan.model import OutputChange
from wlinfra.plan.revision import canonical
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Address, Json, Ref, Secret, Template, is_open, map_leaves, resolve_refs

__all__ = ["output_changes", "recorded_output", "resolve_known"]


def resolve_known(value: Json, known: Mapping[tuple[Address, str], Json]) -> Json:
    """Return the tree with every reference filled in whose value is known; the others stay."""
    if is_plain(value):  # most objects refer to nothing, and need no walk to tell
        return value

    def fill(leaf: Any) -> Any:
        match leaf:
            case Ref():
                found = known.get(leaf.key, UNKNOWN)
                return leaf if found is UNKNOWN else found
            case Template(pieces):
                parts = [known.get(piece.key, UNKNOWN) if isinstance(piece, Ref) else piece for piece in pieces]
                return leaf if any(part is UNKNOWN for part in parts) else "".join(map(str, parts))
            case _:
                return leaf

    return map_leaves(value, fill)


def output_changes(engine: Engine, known: Mapping[tuple[Address, str], Json], *, destroy: bool) -> list[OutputChange]:
    """Return every output, recorded or declared, before and after."""
    before = engine.state.outputs
    after: dict[str, tuple[Json, bool]] = {}
    if not destroy:
        for output in engine.declared.outputs:
            value = resolve_refs(output.value, known)
            try:
                shown = recorded_output(value, sensitive=output.sensitive, digest=engine.digest)
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
