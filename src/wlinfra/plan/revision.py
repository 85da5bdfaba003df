"""What a planned change relies on, as digests: the revision of the live object, and the live value of every path it sets.

Platforms without ETags have timestamps that move with every status. The revision moves only when something does
that we manage, that our whole-object calls echo, or that the object runs. `apply.recheck` compares the values before
the first call and asks what was edited since; digests of this process alone are enough for that, so that no key is
needed and nothing of them is saved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

import orjson

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, Decision, PlatformObject
from wlinfra.diff.leaves import is_list, is_object
from wlinfra.diff.model import SENSITIVE, AttributeChange
from wlinfra.diff.project import key_elements, project
from wlinfra.diff.schema import OPAQUE, Attribute
from wlinfra.provider.base import Live, Reading
from wlinfra.state.key import Digest
from wlinfra.state.model import ObjectState
from wlinfra.values import Json, Path, format_path

__all__ = ["canonical", "edits_since", "looked_at", "revision_of", "seen_of"]


def canonical(value: Json) -> bytes:
    """Return one spelling of a JSON value: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def looked_at(action: Action, desired: PlatformObject | None) -> PlatformObject | None:
    """Return the object whose paths the revision covers; None for what ends, where everything that is live counts."""
    return None if action is Action.REPLACE else desired


def revision_of(reading: Reading, desired: PlatformObject | None, prior: ObjectState | None, digest: Digest) -> str:
    """Return the revision of a reading; empty when nothing is there or no key is known."""
    if not isinstance(reading, Live) or not digest.known:
        return ""
    schema = desired.schema if desired is not None else Attribute()
    managed: Mapping[str, Json] = {**(prior.values if prior else {}), **(desired.values if desired else {})}
    return digest(canonical([reading.id, project(reading.values, managed, schema), reading.pinned]))[:20]


_PROCESS = Digest(os.urandom(32))


def seen_of(
    decision: Decision,
    reading: Reading,
    desired: PlatformObject | None,
    prior: ObjectState | None,
    *,
    paths: Iterable[Path] = (),
) -> dict[Path, str]:
    """Return a digest of the live value for each path that the decision sets, and for each of ``paths``.

    For an object that ends, every attribute at the top counts. A record that stands in for
    the platform lacks what the platform filled in, so that of it the paths alone count.
    """
    if not isinstance(reading, Live):
        return {}
    wanted = {*(item.path for item in decision.attributes), *paths}
    ends = decision.action in (Action.REPLACE, Action.DELETE) and not reading.from_record
    if not wanted and not ends:
        return {}
    schema = desired.schema if desired is not None else OPAQUE
    managed: Mapping[str, Json] = {**(prior.values if prior else {}), **(desired.values if desired else {})}
    values = project(reading.values, managed, schema)
    if ends:
        wanted |= {(name,) for name in {*managed, *reading.values}}
    return {path: _PROCESS(canonical(_at(values, path, schema)))[:16] for path in wanted}


def _at(value: Json, path: Path, schema: Attribute) -> Json:
    """Return what stands at the path; None where nothing does."""
    for part in path:
        if is_object(value):
            value, schema = value.get(str(part)), schema.member(str(part))
        elif is_list(value):
            keyed = key_elements(value, schema.keyed_by) if schema.keyed_by is not None else None
            elements = keyed if keyed is not None else {str(index): item for index, item in enumerate(value)}
            value, schema = elements.get(str(part)), schema.element
        else:
            return None
    return value


def edits_since(shown: Change, now: Change) -> list[str]:
    """Return, in words, each path that the change of now would overwrite and that is not as it was shown.

    A path that has the wanted value by now is not a conflict; nor is one that this stack's own objects move, nor what is
    gone as a whole.
    """
    if now.action is Action.CREATE:
        return []
    lives = {item.path: item for item in shown.attributes}
    current = {item.path: item for item in now.attributes}
    found = {
        path: _words(now.declared.name(path), lives.get(path), current.get(path))
        for path in {**shown.seen, **lives}
        if not _is_moving(path, shown) and _writes(now, path) and _differs(path, shown, now, lives, current)
    }
    return [found[path] for path in sorted(found, key=format_path) if not _is_below(path, found)]


def _differs(
    path: Path,
    shown: Change,
    now: Change,
    lives: Mapping[Path, AttributeChange],
    current: Mapping[Path, AttributeChange],
) -> bool:
    if path in lives and path in current and lives[path].live != current[path].live:
        return True
    return path in shown.seen and now.seen.get(path, shown.seen[path]) != shown.seen[path]


def _is_moving(path: Path, change: Change) -> bool:
    return any(path[: len(moving)] == moving for moving in change.decision.moving)


def _is_below(path: Path, found: Iterable[Path]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in found)


def _writes(now: Change, path: Path) -> bool:
    """True when the change of now sets the path, something above it or something below it."""
    if now.action in (Action.REPLACE, Action.DELETE):
        return True
    return any(_overlap(item.path, path) for item in now.attributes)


def _overlap(one: Path, other: Path) -> bool:
    shortest = min(len(one), len(other))
    return one[:shortest] == other[:shortest]


def _words(name: str, shown: AttributeChange | None, now: AttributeChange | None) -> str:
    return f"{name} was changed since it was shown" + "".join(_values(shown, now))


def _values(shown: AttributeChange | None, now: AttributeChange | None) -> Iterator[str]:
    if shown is None or now is None or SENSITIVE in (shown.live, now.live) or shown.live == now.live:
        return
    yield f", from {short(shown.live)} to {short(now.live)}"


def short(value: object) -> str:
    """Return a live value for people, cut where it is long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
