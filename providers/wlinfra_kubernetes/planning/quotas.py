"""Whether all objects of a kind that a plan makes fit into the quotas of their namespace, for a dry run judges each alone.

`plan` asks `within_quota` about each change. The first question counts for all of a plan; an account that may not list quotas gets the cluster's own judgement alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra.errors import ProviderError
from wlinfra.provider import Absent, Action, Decision, Others, PlanRequest, PlatformObject
from wlinfra_kubernetes.cluster.failures import Failure, unless
from wlinfra_kubernetes.ownership.identity import PART_OF
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import private_of
from wlinfra_manifests.document import Key
from wlinfra_manifests.quantities import amount

__all__ = ["within_quota"]

_QUOTAS: Final = Key("v1", "ResourceQuota", "", "")
_PLAIN: Final = frozenset(
    {
        "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets",
        "services",
    }
)  # fmt: skip
"""What a quota may count by its bare name, see https://kubernetes.io/docs/concepts/policy/resource-quotas/."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Counted:
    """One resource of one namespace."""

    namespace: str
    group: str
    plural: str

    @property
    def names(self) -> Sequence[str]:
        """How a quota calls the number of its objects."""
        full = f"count/{self.plural}" + (f".{self.group}" if self.group else "")
        return (full, self.plural) if self.plural in _PLAIN and not self.group else (full,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shortfall:
    """More objects of one kind are to be made than a quota has room for."""

    message: str
    certain: bool
    """Nothing that ends meanwhile can make room for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """All real objects of a plan, and which of them do not exist yet."""

    declared: frozenset[Key]
    creates: tuple[Key, ...]
    """Those that do not exist yet and take no other's place, in the order of declaration."""

    @classmethod
    def of(cls, others: Others) -> _Planned:
        real = [(item, reading) for item, reading in others if not item.virtual and not item.lookup]
        return cls(
            declared=frozenset(Key.parse(item.kind, item.name) for item, _ in real),
            # What comes after something that ends may take its place, and is not counted.
            creates=tuple(
                Key.parse(item.kind, item.name)
                for item, reading in real
                if isinstance(reading, Absent) and not private_of(item).comes_after
            ),
        )


def within_quota(platform: Platform, request: PlanRequest, desired: PlatformObject, change: Decision) -> Decision:
    """Return the change, with a doubt where a quota may refuse it; raises ProviderError where one certainly does."""
    if change.action is not Action.CREATE:
        return change
    shortfalls = platform.shared.of(
        request.others, "quotas", lambda: dict(_shortfalls(platform, _Planned.of(request.others)))
    )
    found = shortfalls.get(Key.parse(desired.kind, desired.name))
    if found is None or change.unverified:
        return change
    if not found.certain:
        message = f"{found.message}; the rest has to fit when others of them are gone"
        return replace(change, predicted=(*change.predicted, message))
    raise ProviderError.of(
        "Quota is used up",
        f"{desired.address}: {found.message}. The plan would be done in part only.",
        "Have the quota raised, declare less, or first apply what removes objects of that kind.",
        address=desired.address,
    )


def _shortfalls(platform: Platform, planned: _Planned) -> Iterator[tuple[Key, _Shortfall]]:
    """Yield, under the first object of each kind that does not fit as a whole, what is missing."""
    for namespace, counted in _by_namespace(platform, planned.creates).items():
        for quota in _quotas(platform, namespace):
            for what, keys in counted.items():
                lacking, message = _missing(quota, what, len(keys))
                if lacking > 0:
                    certain = not _is_declared(planned, quota) and lacking > _may_go(platform, planned, keys[0])
                    yield keys[0], _Shortfall(message=message, certain=certain)


def _by_namespace(platform: Platform, creates: Iterable[Key]) -> Mapping[str, Mapping[_Counted, list[Key]]]:
    """Return the objects to be made, but for those whose namespace is made too and has no quota yet."""
    made = {key.name for key in creates if key.full_kind == "v1/Namespace"}
    found: dict[str, dict[_Counted, list[Key]]] = defaultdict(lambda: defaultdict(list))
    for key in creates:
        if not key.namespace or key.namespace in made:
            continue
        if platform.client.serves(key.api, key.kind):
            plural = platform.client.served(key.api, key.kind).plural
            found[key.namespace][_Counted(namespace=key.namespace, group=key.group, plural=plural)].append(key)
    return found


def _quotas(platform: Platform, namespace: str) -> Sequence[Mapping[str, Any]]:
    """Return the quotas that count every object; none where the account may not list them."""
    found = unless(Failure.FORBIDDEN, lambda: platform.client.list(replace(_QUOTAS, namespace=namespace)), ())
    specs = [(item, item.get("spec") or {}) for item in found]
    return [item for item, spec in specs if not spec.get("scopes") and not spec.get("scopeSelector")]


def _missing(quota: Mapping[str, Any], what: _Counted, count: int) -> tuple[int, str]:
    """Return how many objects exceed the quota, 0 where all fit, and a message."""
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    for name in what.names:
        if name not in hard:
            continue
        free = max(int(amount(hard[name]) - amount(used.get(name))), 0)
        if count > free:
            message = f"{count} {what.plural} are to be created in {what.namespace}, and its quota "
            message += f"{quota['metadata']['name']} has room for {free} "
            return count - free, f"{message}({name}: used {used.get(name, 0)}, hard {hard[name]})"
    return 0, ""


def _is_declared(planned: _Planned, quota: Mapping[str, Any]) -> bool:
    """True when the stack itself declares the quota, and may raise it in this plan."""
    meta = quota["metadata"]
    return replace(_QUOTAS, namespace=meta["namespace"], name=meta["name"]) in planned.declared


def _may_go(platform: Platform, planned: _Planned, kind: Key) -> float:
    """Return how many objects of the kind may end while the plan is carried out: ours, or those of another object."""
    found = unless(Failure.FORBIDDEN, lambda: platform.client.list(kind, metadata=True), None)
    if found is None:
        return float("inf")
    ours = platform.identity.applyset
    return sum(_is_leaving(planned, replace(kind, name=item["metadata"]["name"]), item, ours) for item in found)


def _is_leaving(planned: _Planned, key: Key, item: Mapping[str, Any], ours: str) -> bool:
    meta = item["metadata"]
    if meta.get("ownerReferences") or meta.get("deletionTimestamp"):
        return True
    return (meta.get("labels") or {}).get(PART_OF) == ours and key not in planned.declared
