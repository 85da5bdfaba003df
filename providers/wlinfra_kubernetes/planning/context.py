"""One object under planning: the question, the draft of its change, and what would be sent.

`plan` makes it; `plan_new` and `plan_existing` finish the change by asking the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wlinfra.errors import ConfigurationError, ProviderError
from wlinfra.provider import Decision, Live, PlanRequest, PlatformObject, Step
from wlinfra.values import Json, find_secrets
from wlinfra_kubernetes.cluster.answers import AnsweredDocument
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, while_stale
from wlinfra_kubernetes.documents.fieldpath import by_key, resolved
from wlinfra_kubernetes.operations.objects import APPLY, CREATE, EVIDENCE, FORCE_APPLY
from wlinfra_kubernetes.operations.step import step_of
from wlinfra_kubernetes.ownership.identity import APPLIED
from wlinfra_kubernetes.platform import Platform
from wlinfra_kubernetes.private import private_of
from wlinfra_kubernetes.waits.nim import MARK, mark_before
from wlinfra_manifests.document import Key, canonical, keyed_path, wire
from wlinfra_manifests.secrets import stamp_secrets

from .restarts import Stamp
from .steps import goal_of

__all__ = ["REST", "ObjectContext"]

REST: Final = "<nil>"
"""The field of a cause that only says that there may be more of them."""
_OF_ALL: Final = frozenset({Failure.UNREACHABLE, Failure.UNTRUSTED, Failure.LOST, Failure.UNAUTHORIZED})
"""Failures that say nothing of one object: in the same words for each, they are reported once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectContext:
    """Everything the planning of one object looks at."""

    platform: Platform
    request: PlanRequest
    desired: PlatformObject
    draft: Decision
    """What the default planner thinks, without calls."""
    heard: dict[str, None] = field(default_factory=dict, repr=False)
    """What the cluster warned of while it was asked, once each; every later form of the context shares it."""
    stamp: Stamp = field(default_factory=Stamp)
    """The digest of what the pods read at their start."""

    @property
    def key(self) -> Key:
        """Which object."""
        return Key.parse(self.desired.kind, self.desired.name)

    @property
    def live(self) -> Live | None:
        """What exists."""
        return self.request.live

    @property
    def document(self) -> Mapping[str, Any]:
        """The complete live object; empty when there is none."""
        return self.live.document if self.live is not None else {}

    @property
    def body(self) -> Json:
        """What is to be sent, secrets still closed: the wanted values, the stamp of its pods and the applied hash."""
        values = dict(self.draft.values)
        values = stamp_secrets(values, self.stamp.now) if self.stamp.now else values
        mark = self.applied_hash
        if not mark:
            return values
        meta = dict(values.get("metadata") or {})
        meta["annotations"] = {**(meta.get("annotations") or {}), APPLIED: mark}
        return {**values, "metadata": meta}

    @property
    def applied_hash(self) -> str:
        """The keyed digest of the declaration; without a key or a secret the one that is live stays."""
        if not self.request.digest.known or self.lacking_secrets:
            return self.live_hash
        secrets = [secret.reveal() for secret in find_secrets(dict(self.desired.values))]
        return self.request.digest(canonical([private_of(self.desired).template, *secrets]))[:32]

    @property
    def lacking_secrets(self) -> tuple[str, ...]:
        """Why secrets of the declaration cannot be read here, as in a plan without credentials; mostly empty."""
        found: list[str] = []
        for secret in find_secrets(dict(self.desired.values)):
            try:
                secret.reveal()
            except ConfigurationError as error:
                found += [problem.detail for problem in error.diagnostics]
        return tuple(dict.fromkeys(found))

    @property
    def live_hash(self) -> str:
        """The digest on the live object."""
        annotations = (self.document.get("metadata") or {}).get("annotations") or {}
        return str(annotations.get(APPLIED) or "")

    def dry_run(self, body: Json, *, force: bool = False) -> dict[str, Any]:
        """Return the object as it would be after applying the body; raises ClusterError."""
        apply = self.platform.client.apply
        return self.hear(while_stale(lambda: apply(self.key, wire(body), dry_run=True, force=force)))

    def hear(self, answer: AnsweredDocument) -> AnsweredDocument:
        """Return the cluster's answer, its warnings taken note of."""
        self.heard.update(dict.fromkeys(answer.warnings))
        return answer

    def finished(self, change: Decision, steps: Sequence[Step], **attributes: Any) -> Decision:
        """Return the decision with its calls and what is awaited after them."""
        change = replace(change, **attributes)
        goal = goal_of(self.desired, change.action)
        if goal is not None and (mark := mark_before(self.platform.client, self.desired, change)):
            goal = replace(goal, details={**goal.details, MARK: mark})
        return replace(change, steps=tuple(steps), goal=goal)

    def creating(self) -> Step:
        """Return the call that creates the object."""
        return step_of(CREATE, self.desired, "create {kind}", None, payload=self.body, **self._outputs)

    def applying(self, body: Json | None = None, *, force: bool = False) -> Step:
        """Return the call that applies the object's body, or another, to what exists."""
        mark = self.applied_hash
        evidence: dict[str, Any] = {EVIDENCE: mark} if mark and mark != self.live_hash else {}
        call, sent = FORCE_APPLY if force else APPLY, self.body if body is None else body
        return step_of(call, self.desired, "apply {kind}", self.draft.id, payload=sent, **self._outputs, **evidence)

    @property
    def _outputs(self) -> dict[str, Any]:
        outputs = private_of(self.desired).outputs
        return {"outputs": dict(outputs)} if outputs else {}

    def error(self, summary: str, detail: str, fix: str) -> ProviderError:
        """Return an error with this object's place on it."""
        return ProviderError.of(summary, detail, fix, address=self.desired.address, location=self.desired.location)

    def refused(self, error: ClusterError) -> ProviderError:
        """Return what the cluster refused, with this object's place on it."""
        said = [cause for cause in error.causes if cause.message and cause.field != REST]
        names = [self._name(cause.field) for cause in said]
        causes = "; ".join(str(replace(one, field=name or one.field)) for one, name in zip(said, names, strict=True))
        detail = error.message if error.failure in _OF_ALL else f"{self.desired.address}: {causes or error.message}"
        diagnostic = replace(
            error.diagnostic,
            detail=detail,
            address=self.desired.address,
            location=self.desired.location,
            path=next(filter(None, names), None),
        )
        return ProviderError(diagnostic)

    def _name(self, field: str) -> str:
        """Return a field as the program has it; empty where no declaration stands behind it."""
        body = dict(self.desired.values)
        path = resolved(field, body) if field else None
        return self.desired.declared.find(keyed_path(body, by_key(path))) if path else ""
