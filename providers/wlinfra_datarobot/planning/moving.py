"""A live workload on its way to what is wanted: what changes in place, what rolls and how, what starts or stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from wlinfra.provider import (
    Action,
    ActionReason,
    BlastRadius,
    Decision,
    Effect,
    Gate,
    Live,
    PlanRequest,
    PlatformObject,
    Step,
)
from wlinfra.values import UNKNOWN, Json

from ..compared.echo import echoed
from ..compared.facts import known
from ..compared.schema import NO_ROLE, RUNTIME
from ..compared.shapes import sent_runtime, without_rivals
from ..operations.workloads import (
    REPLACE_WORKLOAD,
    START_WORKLOAD,
    STOP_WORKLOAD,
    UPDATE_ROLES,
    UPDATE_SETTINGS,
    UPDATE_WORKLOAD,
)
from ..platform import Platform
from ..waits.drafts import DraftRun, artifact_change, draft_digest, draft_run
from ..waits.rollout import has_replacement
from .bundles import verify_bundles
from .held_drafts import following
from .impact import impact_of, staying
from .permissions import CAN_SHARE, CAN_UPDATE, verify_permissions
from .replacement import InFlight, Treatment, cancelling, look, over_gate
from .wanted_artifact import verify_artifact, verify_fit
from .workload_steps import (
    ERRORED,
    RUNNING,
    STOPPED,
    failing,
    power_step,
    ready,
    role_steps,
    roll_lookup,
)

__all__ = ["Moving"]

_METADATA = {"name": "", "description": "", "importance": "low"}
_PLATFORM_TIMING = (
    "the declared replacement policy goes with another artifact only; this roll has the platform's timing"
)

_ENDED_BY_STOP = "stopping it may end the replacement under way, so that what is wanted is set once it is stopped"

_ROLLED: Final = (("artifactId",), ("runtime",))
"""What a replacement under way moves when it is over, as the plan says."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A live workload on its way to what is wanted."""

    platform: Platform
    request: PlanRequest
    draft: Decision

    def planned(self) -> Decision:
        """Return the change with its steps."""
        live, desired = self.request.live, self.request.desired
        if live is None or desired is None:
            return self.draft
        # What is live already differs from the record alone, and is no reason for a call.
        touched = {str(item.path[0]) for item in self.draft.attributes if item.effect is not Effect.STORED}
        repairs = live.values.get("power") == ERRORED and self.draft.values.get("power") == RUNNING
        artifact = artifact_change(self.request)
        digest = draft_digest(artifact, self.request.digest)
        memory = self.request.prior.memory if self.request.prior is not None else {}
        draft = draft_run(artifact, digest, memory, live.document)
        if touched & {"artifactId", "runtime"} or draft is not DraftRun.CURRENT or repairs:
            rerolls = draft is DraftRun.STALE or repairs
            return self._rolled(live, desired, touched, rerolls=rerolls, digest=digest)
        adjusted = self._adjusted(live, desired, touched)
        return self._recalled(adjusted, live, desired) if has_replacement(live.document) else adjusted

    def _adjusted(self, live: Live, desired: PlatformObject, touched: set[str]) -> Decision:
        """Return a change that rolls nothing."""
        steps = [*self._sideways(live, touched), *self._powering(live, gate=None)]
        predicted = verify_permissions(known(live), _needed(steps), desired)
        notes = list(self.draft.notes)
        if any(item.path[0] == "replacement" for item in self.draft.attributes):
            notes.append("the replacement policy is kept for the next roll; nothing is called now")
        goal = None
        if any(START_WORKLOAD.made(step) or STOP_WORKLOAD.made(step) for step in steps):
            goal = ready(self.request, self.draft, "update", starting=True)
        elif self.draft.reason is ActionReason.UNREADY:
            # What is wanted runs already, so a record of a failure that is over is about something else.
            over = {} if has_replacement(live.document) else roll_lookup(live, {}, rerolls=False)
            goal = replace(ready(self.request, self.draft, "update", **self._target(live), **over), goal="rolled")
        stops = any(STOP_WORKLOAD.made(step) for step in steps)
        return replace(
            self.draft,
            steps=tuple(steps),
            goal=goal,
            running=failing(self.draft) if goal is not None else {},
            predicted=predicted,
            notes=tuple(notes),
            blast_radius=BlastRadius.DOWNTIME if stops else BlastRadius.NONE,
            impact=self._impact(live, rolls=False) if steps or goal else self.draft.impact,
        )

    def _recalled(self, change: Decision, live: Live, desired: PlatformObject) -> Decision:
        """Return the change with the end of this stack's own roll to what is wanted no more, while the wanted still runs."""
        target = self._target(live)
        in_flight = self._in_flight(live, target, adoptable=True)
        if in_flight.treatment is not Treatment.CANCEL or change.action is Action.IMPORT:
            return change
        before = roll_lookup(live, {}, rerolls=False)
        return replace(
            change,
            action=Action.UPDATE,
            reason=ActionReason.DEPENDENCY_CHANGED,
            label="roll cancelled",
            steps=(cancelling(live.id), *change.steps),
            goal=replace(ready(self.request, self.draft, "update", **target, **before), goal="rolled"),
            predicted=verify_permissions(known(live), [CAN_UPDATE], desired),
            notes=(*change.notes, in_flight.note),
        )

    def _rolled(
        self, live: Live, desired: PlatformObject, touched: set[str], *, rerolls: bool, digest: str | None
    ) -> Decision:
        verify_bundles(self.platform, self.request, self.draft, live.values.get("runtime"))
        swaps = self._swaps(live)
        after = verify_artifact(self.platform, self.request, self.draft, live) if swaps else ()
        if "runtime" in touched and not swaps:
            verify_fit(self.platform, self.request, self.draft, live)
        target = self._target(live)
        stops = live.values.get("power") != STOPPED and self.draft.values.get("power") == STOPPED
        in_flight = self._in_flight(live, target, adoptable=not rerolls and not stops)
        if stops and in_flight.treatment is Treatment.WAIT:
            in_flight = InFlight(treatment=Treatment.NONE, note=_ENDED_BY_STOP)
        steps = [*self._sideways(live, touched)]
        if stops:
            steps += self._powering(live, gate=None)
        if in_flight.treatment is not Treatment.ADOPT:
            gate = self._gate(live, in_flight, stops=stops)
            steps += [cancelling(live.id)] if in_flight.treatment is Treatment.CANCEL else []
            lookup = {**roll_lookup(live, target, rerolls=rerolls), **({"draft": digest} if digest else {})}
            steps.append(self._roll_step(live, lookup, gate, swaps=swaps, sizes="runtime" in touched))
            if not stops:
                steps += self._powering(live, gate=over_gate())
        change = self._described(live, desired, steps, in_flight, rerolls=rerolls, digest=digest, target=target)
        return following(change, after)

    def _described(
        self,
        live: Live,
        desired: PlatformObject,
        steps: list[Step],
        in_flight: InFlight,
        *,
        rerolls: bool,
        digest: str | None,
        target: Mapping[str, Json],
    ) -> Decision:
        draft = self.draft
        runs = live.values.get("power") != STOPPED and draft.values.get("power") != STOPPED
        notes = [*draft.notes, *([in_flight.note] if in_flight.note else [])]
        by_settings = any(UPDATE_SETTINGS.made(step) for step in steps)
        if by_settings and draft.values.get("replacement"):
            notes.append(_PLATFORM_TIMING)
        if not runs:
            notes.append("it is stopped, so that nothing rolls now")
        before = roll_lookup(live, {}, rerolls=rerolls and runs)
        if in_flight.treatment is Treatment.ADOPT:
            before["candidates"] = []  # the one under way is awaited, and is no earlier failure should it fail
        memory = {"memory": {"draft": digest}} if digest else {}
        goal = ready(self.request, draft, "update", starting=not runs, **target, **before, **memory)
        goal = replace(goal, goal="rolled", describe="rolled")
        action, reason = draft.action, draft.reason
        if action in (Action.NO_OP, Action.UPDATE):
            action = Action.ROLL if runs else Action.UPDATE
            reason = _reroll_reason(live, reason)
        elif action is Action.ROLL and not runs:
            action = Action.UPDATE
        swaps = self._swaps(live)
        outputs = {
            **draft.outputs,
            "artifact_id": target["artifact_id"] if isinstance(target.get("artifact_id"), str) else UNKNOWN,
        }
        return replace(
            draft,
            action=action,
            reason=reason,
            label="adopt" if in_flight.treatment is Treatment.ADOPT else draft.label,
            steps=tuple(steps),
            goal=goal,
            blast_radius=BlastRadius.ROLLING if runs else BlastRadius.NONE,
            outputs=outputs if swaps else draft.outputs,
            running={
                **{name: live.values[name] for name in ("artifactId", "runtime") if name in live.values},
                **failing(draft),
            },
            predicted=verify_permissions(known(live), _needed(steps), desired),
            notes=tuple(notes),
            impact=self._impact(live, rolls=runs),
            moving=() if in_flight.treatment is Treatment.NONE else _ROLLED,
        )

    # ------------------------------------------------------------ parts

    def _target(self, live: Live) -> dict[str, Json]:
        """Return what shall run, as far as it is declared."""
        artifact = self.draft.values.get("artifactId")
        runtime = self.draft.values.get("runtime")
        known = artifact if artifact is not None else live.values.get("artifactId")
        return {"artifact_id": known, **({"runtime": runtime} if runtime is not None else {})}

    def _swaps(self, live: Live) -> bool:
        wanted = self.draft.values.get("artifactId")
        return wanted is not None and (not isinstance(wanted, str) or wanted != live.values.get("artifactId"))

    def _sideways(self, live: Live, touched: set[str]) -> list[Step]:
        """Return the calls that restart nothing."""
        changed = [name for name in _METADATA if name in touched]
        payload = {name: self.draft.values.get(name, _METADATA[name]) for name in changed}
        steps = [UPDATE_WORKLOAD.step(f"change {', '.join(changed)}", live.id, payload=payload)] if changed else []
        if "sharedRoles" in touched:
            wanted = self.draft.values.get("sharedRoles") or {}
            applied = self.request.prior.values.get("sharedRoles") if self.request.prior is not None else None
            roles = live.document.get("sharedRoles") or ()
            revoked = {name: NO_ROLE for name in applied or {} if name not in wanted}
            steps += role_steps(live.id, roles, {**revoked, **wanted})
        return steps

    def _powering(self, live: Live, gate: Gate | None) -> list[Step]:
        wanted, now = self.draft.values.get("power", RUNNING), live.values.get("power")
        if wanted == STOPPED and now != STOPPED:
            return [power_step(live.id, STOPPED)]
        if wanted == RUNNING and now == STOPPED:
            if live.document.get("status") == "stopping" and gate is None:
                gate = _stopped_gate()
            return [power_step(live.id, RUNNING, gate)]
        return []

    def _gate(self, live: Live, in_flight: InFlight, *, stops: bool) -> Gate | None:
        if stops or live.document.get("status") == "stopping":
            return _stopped_gate()
        return over_gate() if in_flight.treatment in (Treatment.WAIT, Treatment.CANCEL) else None

    def _roll_step(self, live: Live, lookup: Mapping[str, Any], gate: Gate | None, *, swaps: bool, sizes: bool) -> Step:
        dialect = self.platform.dialect
        runtime = self._runtime(live)
        if not swaps:
            return UPDATE_SETTINGS.step(
                "roll the running artifact",
                live.id,
                payload={"runtime": sent_runtime(runtime, dialect)},
                lookup={"artifact_id": live.values.get("artifactId"), **lookup},
                gate=gate,
            )
        payload: dict[str, Json] = {"artifactId": self.draft.values["artifactId"], "strategy": "rolling"}
        timing = {k: v for k, v in (self.draft.values.get("replacement") or {}).items() if k != "strategy"}
        if timing:
            payload["config"] = timing
        if sizes or live.values.get("artifactId") is None:
            payload["runtime"] = sent_runtime(runtime, dialect)
        return REPLACE_WORKLOAD.step("roll to the artifact", live.id, payload=payload, lookup=lookup, gate=gate)

    def _runtime(self, live: Live) -> dict[str, Any]:
        """Return the complete runtime to send: ours completed by what is live."""
        now = live.values.get("runtime") or {"containerGroups": []}
        applied = self.request.prior.values.get("runtime") if self.request.prior is not None else None
        wanted = self.draft.values.get("runtime")
        if wanted is None:
            wanted = {"containerGroups": [{"name": group["name"]} for group in now["containerGroups"]]}
        whole: dict[str, Any] = echoed(RUNTIME, wanted, without_rivals(now, wanted), applied)
        return whole

    def _in_flight(self, live: Live, target: Mapping[str, Json], *, adoptable: bool) -> InFlight:
        artifact = artifact_change(self.request)
        own = frozenset((artifact.decision.memory.get("versions") or ()) if artifact is not None else ())
        prior = self.request.prior
        if prior is not None and prior.awaiting and isinstance(prior.outputs.get("artifact_id"), str):
            own |= {str(prior.outputs["artifact_id"])}  # what the last roll went to, whose end was not seen
        return look(self.platform, live.document, target, adoptable=adoptable, own=own)

    def _impact(self, live: Live, *, rolls: bool) -> Any:
        now = live.values.get("runtime") if live.values.get("power") != STOPPED else None
        after = self._runtime(live) if self.draft.values.get("power") != STOPPED else None
        if not rolls and now and after:
            after = staying(now, after)
        return impact_of(self.platform, now=now, after=after, rolls=rolls)


def _stopped_gate() -> Gate:
    return Gate(goal="stopped", describe="it to be stopped", details={"power": STOPPED})


def _reroll_reason(live: Live, reason: ActionReason | None) -> ActionReason:
    if live.values.get("power") == ERRORED:
        return ActionReason.DRIFTED
    return reason if reason is not None and reason is not ActionReason.UNCHANGED else ActionReason.DEPENDENCY_CHANGED


def _needed(steps: list[Step]) -> list[str]:
    return [CAN_SHARE if UPDATE_ROLES.made(step) else CAN_UPDATE for step in steps]
