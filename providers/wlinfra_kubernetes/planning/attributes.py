"""What an apply would change, as the plan shows it: each path with its values, its effect and who made it differ.

`plan_existing` calls it with the live object and the one the dry run returned.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wlinfra.provider import SENSITIVE, AttributeChange, Effect, Live, Origin, SecretDigest
from wlinfra.values import UNKNOWN, Json, Path, find_secrets, leaves
from wlinfra_kubernetes.documents.fieldpath import FieldPath, by_key, find, leaves_of, owns, shown
from wlinfra_kubernetes.ownership.identity import HANDOVER, Identity
from wlinfra_manifests.document import Difference, at, differences, keyed_path, managed_by, plain_text
from wlinfra_manifests.secrets import SECRETS_DIGEST

from .context import ObjectContext
from .restarts import RESTARTS
from .secrecy import is_private, shown_live

__all__ = ["attributes_of", "explained", "is_new_to_us", "ownership_of", "rolls", "theirs"]

_TEMPLATES: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_ALLOCATED: Final = frozenset({("spec", "clusterIP"), ("spec", "clusterIPs")})
"""What the cluster gives a Service only when it is really applied; a dry run invents it."""
_STILL: Final = frozenset({"replicas", "scale", "expose", "metrics"})
"""What a NIMService takes without new pods."""


def attributes_of(
    context: ObjectContext, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[AttributeChange, ...]:
    """Return every difference between the live object and the one after the apply."""
    texts = frozenset(secret.reveal() for secret in find_secrets(dict(context.desired.values)))
    return tuple(_attribute(context, item, texts) for item in differences(before, after))


def _attribute(context: ObjectContext, item: Difference, texts: frozenset[str]) -> AttributeChange:
    prior = context.request.prior
    recorded = at(dict(prior.values), item.path) if prior is not None and prior.values else None
    hidden = _is_secret(context, item, recorded, texts)
    origin = _origin(context, item, recorded)
    is_allocated = context.key.full_kind == "v1/Service" and item.path in _ALLOCATED and item.live is None
    return AttributeChange(
        path=item.path,
        recorded=_shown(recorded, hidden=hidden),
        live=_shown(shown_live(context.key.full_kind, item.path, item.live, item.planned, recorded), hidden=hidden),
        planned=UNKNOWN if is_allocated else _shown(item.planned, hidden=hidden),
        effect=Effect.ROLLS if rolls(context.key.kind, item.path) else Effect.IN_PLACE,
        origin=origin,
        sensitive=hidden,
        note=RESTARTS
        if item.path[-1:] == (SECRETS_DIGEST,)
        else _who(context.platform.identity, context.document, item.path)
        if origin is not Origin.INTENDED
        else "",
    )


def _shown(value: Json, *, hidden: bool) -> Json:
    return SENSITIVE if hidden and value is not None else value


def _is_secret(context: ObjectContext, item: Difference, recorded: Json, texts: frozenset[str]) -> bool:
    if context.key.full_kind == "v1/Secret" and item.path[:1] in (("data",), ("stringData",)):
        return True
    return isinstance(recorded, SecretDigest) or any(
        isinstance(leaf, str) and leaf in texts for side in (item.live, item.planned) for leaf in leaves(side)
    )


def is_new_to_us(context: ObjectContext) -> bool:
    """Return whether this stack never applied the object: it is imported or adopted, and nothing shows an apply."""
    if context.request.prior is not None and context.request.prior.values:
        return False
    return not (context.live_hash and context.platform.identity.owns(context.document))


def _origin(context: ObjectContext, item: Difference, recorded: Json) -> Origin:
    prior = context.request.prior
    if prior is None or not prior.values:
        if is_new_to_us(context):
            return Origin.UNATTRIBUTED
        return _origin_by_hash(context, item)
    if recorded is None and not _is_owned(context.document, item.path):
        return Origin.INTENDED  # what no manager owns the cluster filled in, and our change undoes it
    if _is_empty(recorded, item.live) or _is_ours_alone(context.platform.identity, context.document, item.path):
        return Origin.INTENDED
    if isinstance(recorded, SecretDigest):
        digest = context.request.digest
        is_data = context.key.full_kind == "v1/Secret" and item.path[:1] == ("data",)
        text = plain_text(item.planned) if is_data and isinstance(item.planned, str) else item.planned
        same = digest.known and isinstance(text, str) and digest(text) == recorded.digest
        return Origin.DRIFT if same else Origin.INTENDED
    if item.planned == recorded:
        return Origin.DRIFT if item.live != recorded else Origin.INTENDED
    return Origin.INTENDED if item.live == recorded or recorded is None or _holds_part(item, recorded) else Origin.BOTH


def _origin_by_hash(context: ObjectContext, item: Difference) -> Origin:
    """Return what the applied hash shows when nothing is recorded: the same declaration makes every difference drift.

    With another declaration, what is still ours was changed by it, and what another user set may be both.
    """
    if context.live_hash == context.applied_hash:
        return Origin.DRIFT
    ours = managed_by(context.document, context.platform.identity.manager)
    return Origin.INTENDED if item.live is None or _covers(ours, item.path) else Origin.BOTH


def _holds_part(item: Difference, recorded: Json) -> bool:
    """True when the recorded part of a complete tree is what is live: the rest are defaults of the server."""
    return isinstance(recorded, Mapping) and isinstance(item.live, Mapping)


def rolls(kind: str, path: Path) -> bool:
    """Return whether a change at the path replaces pods."""
    if kind in _TEMPLATES:
        return path[:2] == ("spec", "template")
    return kind == "NIMService" and path[:1] == ("spec",) and len(path) > 1 and path[1] not in _STILL


def explained(identity: Identity, live: Live, drift: Sequence[AttributeChange]) -> tuple[AttributeChange, ...]:
    """Return the drift of a live object with who made it, elements of lists named by their keys."""
    paths = [keyed_path(dict(live.values), item.path) for item in drift]
    return tuple(
        replace(item, path=path, note=item.note or _who(identity, live.document, path))
        for item, path in zip(drift, paths, strict=True)
    )


def theirs(identity: Identity, live: Live, drift: Sequence[AttributeChange]) -> tuple[AttributeChange, ...]:
    """Return the drift that others made; empty and absent are one value, and what we alone own others did not touch."""
    found = []
    for item in drift:
        path = keyed_path(dict(live.values), item.path)
        if not _is_empty(item.recorded, item.live) and not _is_ours_alone(identity, live.document, path):
            found.append(item)
    return tuple(found)


def _is_empty(*values: Json) -> bool:
    return all(value is None or value in ("", [], {}, ()) for value in values)


def _is_ours_alone(identity: Identity, document: Mapping[str, Any], path: Path) -> bool:
    """True when the field is ours and no other user's: whoever else writes another value takes it from us."""
    owners = {
        entry.get("manager")
        for entry in (document.get("metadata") or {}).get("managedFields") or ()
        if _covers(entry.get("fieldsV1") or {}, path)
    }
    return bool(owners) and owners <= {identity.manager, HANDOVER}


def _is_owned(document: Mapping[str, Any], path: Path) -> bool:
    entries = (document.get("metadata") or {}).get("managedFields") or ()
    return any(_covers(entry.get("fieldsV1") or {}, path) for entry in entries)


def _who(identity: Identity, document: Mapping[str, Any], path: Path) -> str:
    """Return who set the live value and when, as far as the object records it."""
    for entry in (document.get("metadata") or {}).get("managedFields") or ():
        if entry.get("manager") != identity.manager and _covers(entry.get("fieldsV1") or {}, path):
            since = f" at {entry['time']}" if entry.get("time") else ""
            return f"set by {entry.get('manager')}{since}"
    return ""


def _covers(fields: Mapping[str, Any], path: Path) -> bool:
    """Return whether fieldsV1 hold the path of a difference, whose list keys are plain values."""
    node: Any = fields
    for part in path:
        if not isinstance(node, Mapping):
            return False
        if node == {}:
            return True  # owned as a whole, such as a list without keys
        name = f"f:{part}"
        if name not in node:
            name = next((key for key in node if key.startswith("k:") and f'"{part}"' in key), "")
        if not name:
            return False
        node = node[name]
    return True


# ---------------------------------------------------------------- ownership alone


def ownership_of(
    context: ObjectContext,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    planned: Mapping[str, Any],
    left: Container[FieldPath],
) -> tuple[AttributeChange, ...]:
    """Return the paths whose owner changes although their values do not; one ``left`` to others may be let go unsaid.

    Earlier versions held what `ignore_changes` names too; it is given up with the next change of the object.
    """
    gained = [path for path in leaves_of(after) if not owns(before, path)]
    lost = [path for path in leaves_of(before) if not owns(after, path) and path not in left]
    found = [
        *_owned(context, gained, planned, "ours too from now on"),
        *_owned(context, lost, planned, "no longer ours", others=True),
    ]
    return tuple(found)


def _owned(
    context: ObjectContext, paths: list[FieldPath], planned: Mapping[str, Any], note: str, *, others: bool = False
) -> Iterator[AttributeChange]:
    for path in paths:
        value = find(planned, path)
        hidden = context.key.full_kind == "v1/Secret" or isinstance(value, dict | list)
        hidden = hidden or (others and is_private(context.key.full_kind, by_key(path)))
        shown_value = None if hidden else value
        yield AttributeChange(
            path=(shown(path),),
            recorded=shown_value,
            live=shown_value,
            planned=shown_value,
            note=note,
            declared=context.desired.declared.find(by_key(path)),
        )
