"""Parts and disguises of an object's values: for revisions, for recording, for showing.

Called by the planner (`project`), by the applier (`redact`) and wherever values are shown (`mask`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wlinfra.diff.leaves import is_list, is_object, is_open_leaf, is_plain
from wlinfra.diff.model import SENSITIVE
from wlinfra.diff.patterns import Pattern, below
from wlinfra.diff.schema import OPAQUE, Attribute
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Json, Secret, map_leaves

__all__ = ["keep_ignored", "key_elements", "mask", "project", "redact"]


def key_elements(elements: Sequence[Json], name: str) -> dict[str, Json] | None:
    """Return the elements by the attribute that identifies them; None when one lacks it or two share it."""
    found: dict[str, Json] = {}
    for element in elements:
        key = element.get(name) if type(element) is dict or is_object(element) else None
        if type(key) is str:
            found[key] = element
        elif isinstance(key, str | int):
            found[str(key)] = element
        else:
            return None
    return found if len(found) == len(elements) else None


def project(values: Json, managed: Json, schema: Attribute) -> Json:
    """Return the live values on the managed paths, in one spelling and order, so that a keyed digest of them is a revision.

    The result may hold a live secret's text: it is for digesting only.
    """
    if schema.computed or schema.write_only or values is None:
        return None
    if schema.normalize is not None:
        return schema.normalize(values)
    if is_object(values) and (schema.fields is not None or schema.values is not None):
        names = managed if schema.values is None and is_object(managed) else values
        return {
            name: project(values[name], managed.get(name) if is_object(managed) else None, schema.member(name))
            for name in sorted(names)
            if values.get(name) is not None
        }
    if is_list(values):
        return _project_list(values, managed, schema)
    if isinstance(values, Secret) or (is_object(values) and not is_plain(values)):
        return map_leaves(values, _revealed)
    return values


def _revealed(leaf: Any) -> Any:
    return leaf.reveal() if isinstance(leaf, Secret) else leaf


def _project_list(values: Sequence[Json], managed: Json, schema: Attribute) -> Json:
    if schema.unordered:
        return sorted(values, key=str)
    item = schema.element
    if schema.keyed_by is not None and (live := key_elements(values, schema.keyed_by)) is not None:
        wanted = (key_elements(managed, schema.keyed_by) if is_list(managed) else None) or {}
        return [project(live[key], wanted.get(key, live[key]), item) for key in sorted(live)]
    aligned = managed if is_list(managed) and len(managed) == len(values) else values
    return [project(value, want, item) for value, want in zip(values, aligned, strict=True)]


def redact(values: Json, digest: Digest) -> Json:
    """Return the values as they may be recorded: secrets as keyed digests.

    Without a key the digest is empty, so that nothing can be compared with it later.
    Raises ValueError for a value that is not known yet, and ConfigurationError when a secret's source has none.
    """

    def record(leaf: Any) -> Any:
        if isinstance(leaf, Secret):
            return SecretDigest(digest(leaf.reveal()) if digest.known else "")
        if is_open_leaf(leaf):
            raise ValueError(f"{leaf!r} is not known yet, so it cannot be recorded")
        return leaf

    return map_leaves(values if not is_object(values) else dict(values), record)


def mask(values: Json, schema: Attribute = OPAQUE) -> Json:
    """Return the values as they may be shown: SENSITIVE for secrets, UNKNOWN for what only the apply will tell.

    What needs no disguise is shared with the argument, not copied.
    """
    if values is None:
        return None
    if schema.sensitive or isinstance(values, Secret | SecretDigest):
        return SENSITIVE
    if is_open_leaf(values):
        return UNKNOWN
    if schema is OPAQUE and isinstance(values, dict | list) and is_plain(values):
        return values
    if is_object(values):
        shown = {name: mask(item, schema.member(name)) for name, item in values.items()}
        return values if all(shown[name] is item for name, item in values.items()) else shown
    if is_list(values):
        elements = [mask(item, schema.element) for item in values]
        return values if all(new is old for new, old in zip(elements, values, strict=True)) else elements
    return values


def keep_ignored(
    values: Json, live: Json, ignored: Sequence[Pattern], schema: Attribute = OPAQUE, *, recorded: bool = False
) -> Json:
    """Return the wanted values with the live ones on the ignored paths, which is what a call must send there.

    With ``recorded``, a record stands for the live values, and the live ones for the wanted: a record holds no secret's
    text, and stays also where nothing of the object or list around it is live.
    """
    if () in ignored:
        return live if recorded or is_plain(values) else map_leaves(live, _hide)
    if recorded and ignored and values is None and (is_object(live) or is_list(live)):
        return keep_ignored({} if is_object(live) else [], live, ignored, schema, recorded=True) or None
    if not ignored or not is_object(values) or not is_object(live):
        listed = ignored and is_list(values) and is_list(live)
        return _keep_in_list(values, live, ignored, schema, recorded=recorded) if listed else values
    kept = dict(values)
    for name in {**values, **live}:
        inner = below(ignored, name)
        if inner:
            kept[name] = keep_ignored(values.get(name), live.get(name), inner, schema.member(name), recorded=recorded)
    return {name: item for name, item in kept.items() if item is not None or (name in values and values[name] is None)}


def _hide(leaf: Any) -> Any:
    """Return text as a secret: it was read where the program declares one, so it must not be shown or recorded."""
    return Secret(lambda: leaf, describe="its live value") if isinstance(leaf, str) else leaf


def _keep_in_list(
    values: Sequence[Json], live: Sequence[Json], ignored: Sequence[Pattern], schema: Attribute, *, recorded: bool
) -> Json:
    """Return the wanted elements, kept as above; one ignored as a whole is there exactly where it is live."""
    item = schema.element
    wanted, found = (_elements(side, schema) for side in (values, live))
    kept: list[Json] = []
    for index, key in enumerate({**wanted, **found}):
        inner = below(ignored, str(key)) or ([] if schema.keyed_by is not None else below(ignored, str(index)))
        if () in inner:
            kept += [keep_ignored(wanted.get(key), found[key], inner, item, recorded=recorded)] if key in found else []
        elif key in wanted:
            both = inner and key in found
            kept.append(keep_ignored(wanted[key], found[key], inner, item, recorded=recorded) if both else wanted[key])
    return kept


def _elements(side: Sequence[Json], schema: Attribute) -> Mapping[Any, Json]:
    """Return the elements by their name, or by their place where they have none."""
    return key_elements(side, schema.keyed_by or "name") or dict(enumerate(side))
