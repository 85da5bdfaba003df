"""What differs between the wanted, the live and the recorded values of one object.

Called by `changes.default` and by providers that plan themselves; hands on `AttributeChange`s that hold no secret.
Pure: everything it knows about an attribute stands in the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from wlinfra.diff.free import find_differences
from wlinfra.diff.leaves import are_identical, dig, is_list, is_object, is_open_leaf, is_special, same, secret_matches
from wlinfra.diff.model import SENSITIVE, AttributeChange, Origin
from wlinfra.diff.patterns import covers, named_path, parse_pattern
from wlinfra.diff.private import conceal
from wlinfra.diff.project import key_elements
from wlinfra.diff.schema import OPAQUE, Attribute, Effect
from wlinfra.diff.secrecy import Cover
from wlinfra.state.key import Digest
from wlinfra.state.model import SecretDigest
from wlinfra.values import UNKNOWN, Json, Path, Secret

__all__ = ["Comparison", "compare", "drift"]

_SCALARS: Final = frozenset((str, int, float, bool))
_NO_FIELDS: Final[Mapping[str, Attribute]] = {}

_Sides: TypeAlias = tuple[Json, Json, Json]
"""Wanted, live, recorded; None is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and what could not be compared."""

    changes: tuple[AttributeChange, ...] = ()
    notes: tuple[tuple[Path, str], ...] = ()
    """What could not be compared, and why; never a reason to change anything."""

    @property
    def effect(self) -> Effect | None:
        """The strongest effect; None when nothing differs."""
        return max((change.effect for change in self.changes), default=None)


def compare(
    desired: Json,
    live: Json,
    prior: Json | None,
    schema: Attribute,
    digest: Digest,
    *,
    has_prior: bool,
    ignore: Sequence[str] = (),
) -> Comparison:
    """Return what must change for ``live`` to become ``desired``.

    An attribute in neither ``desired`` nor ``prior`` is not ours; one in ``prior`` alone is reset to its default.
    Without ``has_prior`` nothing is recorded: nothing is reset and differences are unattributed.
    ``ignore`` holds paths of `Lifecycle.ignore_changes`; they apply only where a live object exists.
    """
    was = prior if has_prior else None
    walk = _Walk(desired, live, was, schema, digest, has_prior=has_prior, ignore=ignore if live is not None else ())
    walk.visit_root()
    return Comparison(changes=tuple(walk.changes), notes=tuple(dict.fromkeys(walk.notes)))


def drift(
    prior: Json, live: Json, schema: Attribute, digest: Digest, *, ignore: Sequence[str] = ()
) -> tuple[AttributeChange, ...]:
    """Return what another user changed: the recorded paths whose live value is another one; ``planned`` stays empty."""
    found = compare(prior, live, prior, schema, digest, has_prior=True, ignore=ignore).changes
    return tuple(replace(change, planned=None, origin=Origin.DRIFT) for change in found)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an attribute inherits from those above it."""

    effect: Effect = Effect.IN_PLACE
    sensitive: bool = False

    def into(self, attribute: Attribute) -> _Rule:
        if (attribute.effect is None or attribute.effect is self.effect) and attribute.sensitive <= self.sensitive:
            return self
        effect = self.effect if attribute.effect is None else attribute.effect
        return _Rule(effect, self.sensitive or attribute.sensitive)


class _Walk:
    """One comparison under way."""

    def __init__(
        self,
        desired: Json,
        live: Json,
        prior: Json,
        schema: Attribute,
        digest: Digest,
        *,
        has_prior: bool,
        ignore: Sequence[str],
    ) -> None:
        self._roots: _Sides = (desired, live, prior)
        self._schema = schema
        self._digest = digest
        self._has_prior = has_prior
        self._ignored = tuple(parse_pattern(path) for path in ignore)
        self._cover: Cover | None = None
        self.changes: list[AttributeChange] = []
        self.notes: list[tuple[Path, str]] = []

    def visit_root(self) -> None:
        """Compare the complete object: its attributes one by one, whether the schema names them or not."""
        want, have, was = self._roots
        if self._schema.free or not all(is_object({} if side is None else side) for side in (want, have)):
            self._visit((), self._roots, self._schema, _Rule())
        elif not self._all_equal(self._roots):
            self._visit_fields((), (want or {}, have or {}, was or {}), self._schema, _Rule().into(self._schema))

    # ------------------------------------------------------------ one attribute

    def _visit(self, path: Path, sides: _Sides, attribute: Attribute, above: _Rule) -> None:
        want, have, was = sides
        if attribute.computed or (want is None and was is None):
            return
        rule = above.into(attribute)
        if attribute.write_only:
            if not self._has_prior:
                self._note(path, "the platform does not return it and nothing is recorded")
                return
            have = was
        if want is None:
            if _resets_one_by_one(attribute) and is_object(was) and (have is None or is_object(have)):
                want = {}
            elif not self._is_same(attribute.default, have, attribute):
                self._report(path, (attribute.default, have, was), attribute, rule)
                return
            else:
                return
        self._visit_value(path, (want, have, was), attribute, rule)

    def _visit_value(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, _ = sides
        if is_open_leaf(want):
            self._report(path, sides, attribute, rule)
        elif is_special(want) or is_special(have):
            self._visit_secret(path, sides, attribute, rule)
        elif is_object(want) or is_list(want):
            if not self._all_equal(sides):
                self._visit_container(path, sides, attribute, rule)
        elif not self._is_same(want, have, attribute):
            self._report(path, sides, attribute, rule)

    def _visit_container(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, was = sides if attribute.normalize is None else self._meanings(sides, attribute.normalize)
        have = attribute.default if have is None else have
        normal = (want, have, was)
        if is_object(want) and attribute.fields is not None and (have is None or is_object(have)):
            self._visit_fields(path, (want, have or {}, was), attribute, rule)
        elif is_object(want) and attribute.values is not None and (have is None or is_object(have)):
            self._visit_map(path, (want, have or {}, was), attribute, rule)
        elif is_list(want) and have is None and (attribute.items or attribute.keyed_by or attribute.unordered):
            if want:
                self._report(path, sides, attribute, rule)
        elif is_list(want) and is_list(have) and not attribute.free:
            self._visit_list(path, normal, attribute, rule)
        else:
            self._visit_free(path, normal, attribute, rule)

    def _visit_secret(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, was = sides
        if have is None and (isinstance(was, SecretDigest) or (was is None and not self._has_prior)):
            matches = None if was is None else secret_matches(want, was, self._digest)
        else:
            matches = secret_matches(want, have, self._digest)
        if matches is None:
            self._note(path, "neither its live nor its recorded value can be compared with the secret")
        elif not matches:
            self._report(path, sides, attribute, rule)

    # ------------------------------------------------------------ containers

    def _visit_fields(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, was = sides
        was = was if is_object(was) else {}
        children = attribute.fields if attribute.fields is not None else _NO_FIELDS
        for name, wanted in want.items():
            found = have.get(name)
            kind = type(wanted)
            if kind in _SCALARS and kind is type(found) and wanted == found:
                continue
            self._visit((*path, name), (wanted, found, was.get(name)), children.get(name, OPAQUE), rule)
        for name, recorded in was.items():
            if name not in want:
                self._visit((*path, name), (None, have.get(name), recorded), children.get(name, OPAQUE), rule)

    def _visit_map(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, was = sides
        was = was if is_object(was) else {}
        for name in {
            **want,
            **have,
            **{name: None for name in was if attribute.values and attribute.values.write_only},
        }:
            found = (want.get(name), have.get(name), was.get(name))
            self._visit_element((*path, name), found, attribute.values or OPAQUE, rule)

    def _visit_element(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        """Compare one element of a list or map that is wholly ours: one that is not wanted goes, one not live comes."""
        want, have, _ = sides
        if attribute.computed or (want is None and have is None and not attribute.write_only):
            return
        if want is None or (have is None and not attribute.write_only):
            self._report(path, sides, attribute, rule.into(attribute))
        else:
            self._visit(path, sides, attribute, rule)

    def _visit_list(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        if attribute.unordered:
            if not self._same_in_any_order(sides, attribute):
                self._report(path, sides, attribute, rule)
            return
        item = attribute.element
        if attribute.keyed_by is not None:
            want, have, was = (key_elements(side, attribute.keyed_by) if is_list(side) else None for side in sides)
            if want is not None and have is not None:
                self._visit_keyed(path, (want, have, was or {}), item, rule)
                return
        if attribute.items is None:
            self._visit_free(path, sides, attribute, rule)
        else:
            self._visit_positions(path, sides, item, rule)

    def _visit_keyed(self, path: Path, sides: _Sides, item: Attribute, rule: _Rule) -> None:
        want, have, was = sides
        for key in {**want, **have}:
            found = (want.get(key), have.get(key), was.get(key))
            # Most elements are equal even where the list is not.
            if item.write_only or not self._all_equal(found):
                self._visit_element((*path, key), found, item, rule)

    def _visit_positions(self, path: Path, sides: _Sides, item: Attribute, rule: _Rule) -> None:
        want, have, was = sides[0], sides[1], sides[2] if is_list(sides[2]) else ()
        start = end = 0
        shortest = min(len(want), len(have))
        if len(want) != len(have):
            while start < shortest and self._is_same(want[start], have[start], item):
                start += 1
            while end < shortest - start and self._is_same(want[-1 - end], have[-1 - end], item):
                end += 1
        for index in range(start, max(len(want), len(have)) - end):
            found = (
                want[index] if index < len(want) - end else None,
                have[index] if index < len(have) - end else None,
                was[index] if index < len(was) else None,
            )
            self._visit_element((*path, index), found, item, rule)

    def _visit_free(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        want, have, was = sides

        def visit(at: Path, wanted: Json, found: Json) -> None:
            leaf = (wanted, found, dig(was, at[len(path) :]))
            if isinstance(wanted, Secret | SecretDigest):
                self._visit_secret(at, leaf, OPAQUE, rule)
            else:
                self._report(at, leaf, attribute if at == path else OPAQUE, rule)

        find_differences(path, want, have, visit)

    # ------------------------------------------------------------ equality

    def _all_equal(self, sides: _Sides) -> bool:
        """True when nothing below can differ: what is recorded counts too, since it may have to be reset."""
        want, have, was = sides
        if not are_identical(want, have):
            return False
        # What is recorded decides only whether something is to be reset, so that the quicker equality will do.
        return was is None or bool(was == want)

    def _is_same(self, want: Json, have: Json, attribute: Attribute) -> bool:
        if are_identical(want, have):
            return True
        want = attribute.default if want is None else want
        have = attribute.default if have is None else have
        if is_object(want) or is_list(want):
            trial = _Trial(want, have, None, attribute, self._digest, has_prior=True, ignore=())
            trial._visit_value((), (want, have, None), attribute, _Rule())
            return not trial.differs
        want, have, _ = self._meanings((want, have, None), attribute.normalize)
        return same(want, have, self._digest)

    def _meanings(self, sides: _Sides, normalize: Callable[[Json], Json] | None) -> _Sides:
        if normalize is None:
            return sides
        want, have, was = (side if side is None or is_special(side) else normalize(side) for side in sides)
        return want, have, was

    def _same_in_any_order(self, sides: _Sides, attribute: Attribute) -> bool:
        normalize = attribute.items.normalize if attribute.items else None
        want, left = (
            [side if normalize is None or is_special(side) else normalize(side) for side in elements]
            for elements in sides[:2]
        )
        if len(want) != len(left):
            return False
        if all(type(element) is str for element in (*want, *left)):
            return bool(sorted(want) == sorted(left))
        for element in want:
            index = next((at for at, other in enumerate(left) if same(element, other, self._digest)), None)
            if index is None:
                return False
            del left[index]
        return True

    # ------------------------------------------------------------ reporting

    def _note(self, path: Path, why: str) -> None:
        self.notes.append((path, why))

    def _report(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        if self._ignored and self._is_ignored(path):
            return
        want, have, was = sides
        cover = self._cover = self._cover or Cover(self._roots, self._schema, self._digest)
        hidden = rule.sensitive or cover.hides(path) or any(isinstance(side, Secret | SecretDigest) for side in sides)
        recorded, live, planned = (
            None
            if side is None
            else UNKNOWN
            if is_open_leaf(side)
            else SENSITIVE
            if hidden
            else cover.show(side, path, attribute)
            for side in (was, conceal(have, want, was, attribute), want)
        )
        change = AttributeChange(
            path=path,
            recorded=recorded,
            live=live,
            planned=planned,
            effect=_strongest(attribute, rule.effect, (want, have)),
            origin=self._origin(sides, attribute),
            sensitive=hidden,
        )
        self.changes.append(change)

    def _is_ignored(self, path: Path) -> bool:
        """Elements of lists that no schema keys are named by their index or by their name."""
        return covers(self._ignored, path) or any(covers(self._ignored, named_path(path, side)) for side in self._roots)

    def _origin(self, sides: _Sides, attribute: Attribute) -> Origin:
        want, have, was = self._meanings(sides, attribute.normalize)
        if not self._has_prior:
            return Origin.UNATTRIBUTED
        if was is None or same(have, was, self._digest):
            return Origin.INTENDED if want is not None or was is not None else Origin.DRIFT
        return Origin.DRIFT if same(want, was, self._digest) else Origin.BOTH


class _Trial(_Walk):
    """A comparison of which only the outcome counts."""

    differs = False

    def _report(self, path: Path, sides: _Sides, attribute: Attribute, rule: _Rule) -> None:
        self.differs = True


def _resets_one_by_one(attribute: Attribute) -> bool:
    """True when removing the attribute resets what was recorded below it, and leaves alone what was not ours."""
    if attribute.default is not None:
        return False
    return attribute.fields is not None or (attribute.values is not None and attribute.values.write_only)


def _strongest(attribute: Attribute, effect: Effect, values: Sequence[Json]) -> Effect:
    """Return the strongest effect among the attributes that stand in the values."""
    found: list[Effect] = []
    for value in values:
        if is_object(value) and (attribute.fields is not None or attribute.values is not None):
            named = [(attribute.member(name), item) for name, item in value.items()]
        elif is_list(value) and attribute.items is not None:
            named = [(attribute.items, item) for item in value]
        else:
            continue
        found += [
            _strongest(child, effect if child.effect is None else child.effect, (item,))
            for child, item in named
            if not child.computed
        ]
    return max(found, default=effect)
