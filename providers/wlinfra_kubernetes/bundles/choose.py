"""Which bundle each group of a workload takes: the one it has, else the first whose pod fits on some node now.

`plan` calls `choose_bundle` for each object that names bundles. The first question decides for all of a plan, in the order of their declaration: what one takes the next cannot have, whichever is planned first.
Nodes and pods are listed only when something has to be chosen or gets more replicas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wlinfra.errors import ProviderError
from wlinfra.provider import Live, Others, PlanRequest, PlatformObject
from wlinfra.values import Json
from wlinfra_kubernetes.cluster.failures import Failure, unless
from wlinfra_kubernetes.ownership.identity import BUNDLE
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import Offer, private_of
from wlinfra_manifests.document import Key

from .room import Need, Room, need_of
from .shortage import shortage

__all__ = ["Chosen", "bundle_of", "choose_bundle", "known_of"]

_WAIT: Final = ", so the others may wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The bundle that was chosen, and what people should know about it."""

    bundle: str
    note: str = ""
    refusal: str = ""
    """Why no bundle can be taken; empty when one can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What an object becomes with its bundle."""

    values: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What people should know of the choice."""


def bundle_of(document: Mapping[str, Any]) -> str:
    """Return the bundle an object was made with; empty for none."""
    return str(((document.get("metadata") or {}).get("annotations") or {}).get(BUNDLE) or "")


def known_of(live: Live | None) -> Mapping[str, Any]:
    """Return the live object, or what was recorded of it where nothing was read; empty when it does not exist."""
    return (live.document or live.values) if live is not None else {}


def choose_bundle(platform: Platform, request: PlanRequest, desired: PlatformObject, offer: Offer) -> Chosen:
    """Return the values of its bundle; raises ProviderError when no node could ever hold one."""
    choice = _choice(platform, request, desired)
    has = _has(offer.order, request.live)
    choice = _Choice(bundle=has, note=choice.note if choice.bundle == has else "") if has else choice
    if choice.refusal:
        raise ProviderError.of(
            "No node fits a bundle",
            f"{desired.address} {choice.refusal}",
            "Name a bundle that fits, correct the catalogue, add nodes, or set adds_nodes=True where the cluster adds them by itself.",
            address=desired.address,
            location=desired.location,
        )
    return Chosen(
        values=request.filled(dict(offer.options[choice.bundle])),
        notes=(*offer.notes.get(choice.bundle, ()), *([choice.note] if choice.note else [])),
    )


# ---------------------------------------------------------------- deciding for all


def _sharers(platform: Platform, others: Others) -> Iterator[_Sharer]:
    for item, reading in others:
        if private_of(item).offer is not None:
            yield _Sharer(platform=platform, item=item, live=reading if isinstance(reading, Live) else None)


def _choice(platform: Platform, request: PlanRequest, desired: PlatformObject) -> _Choice:
    """Return the choice for the object: one of those made for all, or for it alone where it is not planned with them."""
    key, others = _key(desired), request.others
    shared = platform.shared.of(others, "bundles", lambda: _choices(platform, list(_sharers(platform, others))))
    if key in shared:
        return shared[key]
    alone = _Sharer(platform=platform, item=desired, live=request.live)
    return platform.shared.of(others, f"bundles of {key}", lambda: _choices(platform, [alone]))[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sharer:
    """A Deployment or NIMService that names bundles."""

    platform: Platform
    item: PlatformObject
    live: Live | None

    @property
    def key(self) -> Key:
        """Which object."""
        return _key(self.item)

    @property
    def offer(self) -> Offer:
        """What it chooses from."""
        offer = private_of(self.item).offer
        if offer is None:
            raise ValueError(f"{self.item.address} names no bundles")
        return offer

    @property
    def _bounds(self) -> tuple[int, int]:
        return private_of(self.item).replicas or (1, 1)

    @property
    def order(self) -> Sequence[str]:
        """Its bundles, the preferred one first."""
        return self.offer.order

    @property
    def has(self) -> str:
        """The bundle it has and may keep; empty for none."""
        return _has(self.order, self.live)

    @property
    def replicas(self) -> int:
        """How many pods are counted: the fewest, or one where it goes to zero; none when it is stopped."""
        least, most = self._bounds
        return max(least, 1) if most else 0

    @property
    def grows(self) -> bool:
        """True when it keeps its bundle and has fewer replicas now than it needs."""
        spec = known_of(self.live).get("spec") or {}
        return self._bounds[0] > int(spec.get("replicas", 1))

    def need(self, bundle: str) -> Need:
        """Return what one pod asks for with that bundle."""
        known = self.platform.target.bundles[bundle]
        return need_of(known, self.offer.options[bundle], self.offer.devices.get(bundle) or ())


def _key(item: PlatformObject) -> Key:
    return Key.parse(item.kind, item.name)


def _has(order: Sequence[str], live: Live | None) -> str:
    found = bundle_of(known_of(live))
    return found if found in order else ""


def _choices(platform: Platform, sharers: Sequence[_Sharer]) -> dict[Key, _Choice]:
    """Return a choice for each, those declared first served first."""
    if all(one.has and not one.grows for one in sharers):
        return {one.key: _Choice(bundle=one.has) for one in sharers}
    counted = {platform.target.bundles[name].gpu for one in sharers for name in one.order}
    devices = any(gpu is not None and gpu.dra is not None for gpu in counted)
    room = unless(Failure.FORBIDDEN, lambda: Room.read(platform.client, devices=devices), None)
    if room is None:
        return {one.key: _unseen(one) for one in sharers}
    return {one.key: _kept(room, one) if one.has else _chosen(room, one) for one in sharers}


def _unseen(one: _Sharer) -> _Choice:
    note = f"bundle {one.order[0]}: the account may not look at nodes, so the first is taken"
    return _Choice(bundle=one.has or one.order[0], note="" if one.has else note)


def _kept(room: Room, one: _Sharer) -> _Choice:
    """Return the bundle it has, with the room for its new replicas taken."""
    need = one.need(one.has)
    more = max(one.replicas - room.running(one.key), 0)
    fitting = room.take(need, more)
    short = one.grows and fitting < more
    return _Choice(
        bundle=one.has,
        note=_note(room, one.has, need, f"{fitting} of {more} more replicas fit now{_WAIT}") if short else "",
    )


def _chosen(room: Room, one: _Sharer) -> _Choice:
    room.release(one.key)
    for name in one.order:
        need = one.need(name)
        if fitting := room.take(need, one.replicas) if one.replicas else room.fitting(need):
            return _Choice(bundle=name, note=_fits(room, one, name, fitting))
    for now in (True, False):
        for name in one.order:
            need = one.need(name)
            if room.could_hold(need, now=now):
                why = "no node has room for it now" if now else "the nodes that could hold it take no pods now"
                return _Choice(bundle=name, note=_note(room, name, need, f"{why}, so its pods may wait"))
    if one.platform.config.adds_nodes:
        return _Choice(bundle=one.order[0], note=f"bundle {one.order[0]}: the cluster has to add a node for it")
    why = "; ".join(shortage(room, name, one.need(name)) for name in one.order)
    why = f"gets no node, for none of the {len(room.nodes)} could ever hold one of its pods: {why}."
    return _Choice(bundle=one.order[0], refusal=why)


def _fits(room: Room, one: _Sharer, name: str, fitting: int) -> str:
    """Return what people should know of a bundle that fits; nothing where there was no doubt."""
    need = one.need(name)
    if fitting < one.replicas:
        return _note(room, name, need, f"{fitting} of {one.replicas} replicas fit now{_WAIT}")
    return _note(room, name, need, "it fits now" if len(one.order) > 1 else "")


def _note(room: Room, name: str, need: Need, *reasons: str) -> str:
    found = [*filter(None, reasons), *room.doubts(need)]
    return f"bundle {name}: {'; '.join(found)}" if found else ""
