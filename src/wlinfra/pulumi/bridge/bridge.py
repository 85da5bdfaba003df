"""The bridge: answers what the gRPC service asks, with the planner and the applier that the command line has too."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from wlinfra.errors import DeclarationError, Severity, WlinfraError
from wlinfra.provider.optional import DeclaresLive
from wlinfra.pulumi.bridge.configuration import checked
from wlinfra.pulumi.bridge.configured import Configured, pulumi_home
from wlinfra.pulumi.bridge.functions import call
from wlinfra.pulumi.bridge.kinds import model_of
from wlinfra.pulumi.bridge.looking import Look
from wlinfra.pulumi.bridge.mutating import mutating
from wlinfra.pulumi.bridge.paths import differences, located, written
from wlinfra.pulumi.bridge.planning import Planned, expanded, plan_from_record, refuse_errors
from wlinfra.pulumi.bridge.properties import result_of
from wlinfra.pulumi.bridge.records import RECORD, Record, decoded
from wlinfra.pulumi.bridge.reports import diffed, input_differences, report_line
from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.bridge.subjects import Task, task_of
from wlinfra.pulumi.bridge.wording import Scrubber, refusal_of, said, sentence, unanswered
from wlinfra.pulumi.contract import (
    BridgeError,
    Checked,
    Diffed,
    Difference,
    Differs,
    Failure,
    Found,
    Made,
    Place,
    Properties,
    Recorded,
    Refusal,
    Subject,
)
from wlinfra.state.key import Digest
from wlinfra.values import UNKNOWN

__all__ = ["CoreBridge"]


def _silent(text: str) -> None:
    """Show it to no one."""


class CoreBridge:
    """Implements `wlinfra.pulumi.contract.Bridge`; see there for what each method promises."""

    def __init__(self, environ: Mapping[str, str] | None = None, *, log: Callable[[str], None] = _silent) -> None:
        """``environ`` replaces the variables of the process; ``log`` is called with lines that belong to no resource."""
        self._environ = os.environ if environ is None else environ
        self._log = log
        self._configured: Configured | None = None
        self._checked: set[str] = set()
        self._recorded: dict[str, Recorded] = {}
        """What Pulumi has of a resource, by its URN: a create of one of them is half of a replacement."""
        self._ended: set[str] = set()
        self._mutex = threading.Lock()

    @property
    def configured(self) -> Configured:
        """The provider; raises BridgeError before `configure`."""
        if self._configured is None:
            raise BridgeError(Refusal.INVALID, "The provider is not configured yet.")
        return self._configured

    # ------------------------------------------------------------ the provider

    def check_config(self, config: Properties) -> Checked:
        """Check a provider's configuration; calls nothing."""
        with _told(config):
            found = checked(config, self._environ, pulumi_home(self._environ) / "wlinfra")
            scrub = Scrubber.of(config)
            failures = tuple(Failure(item.path, scrub(item.reason)) for item in found.failures)
            return Checked(inputs=found.inputs, failures=failures)

    def diff_config(self, old: Properties, new: Properties) -> Diffed:
        """Compare two configurations; none of them replaces anything."""
        found = tuple(
            Difference(path=written(path), differs=Differs.UPDATE) for path, _, _ in differences(dict(old), dict(new))
        )
        return Diffed(changes=bool(found), differences=found)

    def configure(self, place: Place) -> None:
        """Remember where resources live; calls nothing."""
        with _told(place.config):
            before, self._configured = self._configured, Configured.of(place, self._environ, self._log)
            if before is not None:
                before.close()

    # ------------------------------------------------------------ without calls

    def check(self, subject: Subject, old: Properties | None, new: Properties) -> Checked:
        """Check the inputs of a resource."""
        del old
        with _told(new, subject=subject), self._mutex:
            self._checked.add(subject.urn)
        with _told(new, subject=subject):
            scrub = Scrubber.of(new)
            try:
                task = task_of(self.configured, subject, new)
                expanded(self.configured, task, Digest())
            except DeclarationError as error:
                return Checked(
                    inputs=new,
                    failures=tuple(
                        Failure(written(located(new, item.path)) if item.path else "", scrub(sentence(item, subject)))
                        for item in error.diagnostics
                    ),
                )
            for warning in task.declared.warnings:
                subject.report(Severity.WARNING, scrub(sentence(warning, subject)), False)
            return Checked(inputs=new)

    def diff(self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]) -> Diffed:
        """Return what an update would do, planned from the record."""
        with _told(new, recorded, subject=subject):
            with self._mutex:
                self._recorded[subject.urn] = recorded
                is_refresh = subject.urn not in self._checked
            planned = self._foreseen(subject, recorded, new, ignored, quiet=is_refresh)
            if planned is None:
                found = input_differences(recorded.inputs, new)
                return Diffed(changes=bool(found), differences=found)
            answer = diffed(*planned, recorded.inputs, new)
            if answer.changes and not is_refresh:
                subject.report(None, Scrubber.of(new)(report_line(*planned)), False)
            return answer

    def preview_create(self, subject: Subject, inputs: Properties) -> Properties:
        """Return the outputs of a create: all but the inputs is known after it."""
        with _told(inputs, subject=subject):
            try:
                task = task_of(self.configured, subject, inputs)
                names = expanded(self.configured, task, Digest()).outputs_of(task.address)
            except DeclarationError:  # which `check` has told
                names = []
            model = model_of(subject.type, self.configured.settings.platform)
            return result_of(model, inputs, dict.fromkeys(names, UNKNOWN), UNKNOWN)

    def preview_update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]
    ) -> Properties:
        """Return the outputs of an update; what it leaves as it was is known."""
        with _told(new, recorded, subject=subject):
            planned = self._foreseen(subject, recorded, new, ignored, quiet=True)
            if planned is None:
                unknown = {name: UNKNOWN for name in recorded.outputs if name not in recorded.inputs}
                return {**unknown, **new}
            task, plan = planned
            record = UNKNOWN if plan.effective else recorded.outputs.get(RECORD)
            return result_of(task.resource, new, plan.outputs(task.address), record)

    # ------------------------------------------------------------ with calls

    def create(self, subject: Subject, inputs: Properties, timeout: float) -> Made:
        """Create the resource, or continue a create that was interrupted."""
        with _told(inputs, subject=subject):
            task = self._task(subject, inputs, timeout=timeout)
            with self._mutex:
                is_gone = subject.urn in self._ended
                replaced = None if is_gone else self._recorded.get(subject.urn)
            with mutating(self.configured, subject, timeout) as mutation:
                return _scrubbed(mutation.create(task, inputs, replaced), inputs)

    def update(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str], timeout: float
    ) -> Made:
        """Update the resource, planned from what is live."""
        with _told(new, recorded, subject=subject):
            record = decoded(recorded)
            task = self._task(subject, new, record, ignored, timeout)
            with mutating(self.configured, subject, timeout) as mutation:
                return _scrubbed(mutation.update(task, new, recorded, record), new)

    def delete(self, subject: Subject, recorded: Recorded, timeout: float) -> None:
        """Delete the resource."""
        with _told(recorded, subject=subject):
            record = decoded(recorded)
            with mutating(self.configured, subject, timeout) as mutation:
                mutation.delete(recorded, record)
            with self._mutex:
                self._ended.add(subject.urn)

    def read(self, subject: Subject, recorded: Recorded, timeout: float) -> Found | None:
        """Return what is live; with an id alone, as an import does."""
        del timeout
        with _told(recorded, subject=subject):
            look = Look(configured=self.configured, subject=subject)
            if recorded.outputs or recorded.inputs:
                return look.refreshed(recorded)
            return look.imported(model_of(subject.type, self.configured.settings.platform), recorded.id)

    def enumerate(self, token: str, query: Properties, limit: int) -> Sequence[tuple[str, str]]:
        """Return id and name of what exists of a type; a ``name`` in the query selects."""
        with _told(query):
            model = model_of(token, self.configured.settings.platform)
            connection = self.configured.connection
            if not isinstance(connection, DeclaresLive):
                raise BridgeError(Refusal.REFUSED, f"The platform cannot list what exists of {token}.")
            name = plain(query.get("name"))
            found = (item for item in connection.existing(model) if name is None or item[1] == name)
            return tuple(islice(found, limit or None))

    def invoke(self, token: str, arguments: Properties, *, preview: bool) -> Checked:
        """Call a function, which looks up what exists."""
        del preview
        with _told(arguments):
            return call(self.configured, token, arguments)

    def cancel(self, *, in_order: bool = False) -> None:
        """End waits now, and everything after 3 s; returns at once."""
        if self._configured is not None:
            self._configured.in_order = self._configured.in_order or in_order
            self._configured.cancel()

    def close(self) -> None:
        """Release the journal and the connections."""
        if self._configured is not None:
            self._configured.close()

    # ------------------------------------------------------------ planning

    def _task(
        self,
        subject: Subject,
        inputs: Properties,
        record: Record | None = None,
        ignored: Sequence[str] = (),
        timeout: float = 0.0,
    ) -> Task:
        """Return the task of an apply, for which everything must be known."""
        name = record.name if record is not None else ""
        task = task_of(self.configured, subject, inputs, name=name, ignored=ignored, timeout=timeout)
        if not task.is_known:
            raise BridgeError(Refusal.INVALID, "Part of the inputs is not known yet, so nothing was called.")
        return task

    def _foreseen(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str], *, quiet: bool
    ) -> tuple[Task, Planned] | None:
        """Return the plan from the record; None where it cannot be made and what differs is shown all the same.

        With ``quiet``, whatever an update would meet; else only where the platform does not answer, which is reported.
        """
        try:
            return self._planned(subject, recorded, new, ignored)
        except WlinfraError as error:
            if not quiet and not unanswered(error):
                raise
            if not quiet:
                text = "The platform did not answer, so that what this update does is not known before it"
                subject.report(Severity.WARNING, Scrubber.of(new)(f"{text}. {said(error.diagnostics, subject)}"), False)
            return None

    def _planned(
        self, subject: Subject, recorded: Recorded, new: Properties, ignored: Sequence[str]
    ) -> tuple[Task, Planned] | None:
        """Return the task and its plan from the record; None where that does not show what an unknown value does."""
        record = decoded(recorded)
        self.configured.refuse_elsewhere(record, subject.urn, ask=False)
        task = task_of(self.configured, subject, new, name=record.name, ignored=ignored)
        planned = plan_from_record(self.configured, task, record)
        refuse_errors(planned.plan)
        return (task, planned) if task.is_known or (task.is_whole and planned.effective) else None


@contextmanager
def _told(*given: Properties | Recorded, subject: Subject | None = None) -> Iterator[None]:
    """Raise what the core raises as an error of the bridge, without what the caller marked as secret."""
    try:
        yield
    except BridgeError as error:
        raise BridgeError(error.refusal, _scrub(given)(str(error)), missing=error.missing) from None
    except WlinfraError as error:
        found = refusal_of(error, subject)
        raise BridgeError(found.refusal, _scrub(given)(str(found))) from None


def _scrub(given: Sequence[Properties | Recorded]) -> Scrubber:
    return Scrubber.of(*(dict(item.inputs) if isinstance(item, Recorded) else dict(item) for item in given))


def _scrubbed(made: Made, inputs: Properties) -> Made:
    """Return what was made, with its reasons free of secrets."""
    scrub = Scrubber.of(dict(inputs))
    return Made(id=made.id, outputs=made.outputs, reasons=tuple(map(scrub, made.reasons)))
