"""The suite every provider passes: what the engine relies on, question by question.

Subclass `ProviderContract` in a test module and give the fixture `samples`, or some of its parts as fixtures of their
names; override the others where the platform needs it. Every test starts with an empty platform, so the provider must
be a new one, or reset its platform. A conftest that calls
``pytest.register_assert_rewrite("wlinfra.testing.contract")`` makes failures show the values they compared.
"""

# ruff: noqa: D102, S101 - tests: their names say what they hold, and assert is how

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wlinfra.changes.change import Change
from wlinfra.changes.model import Action, PlatformObject, Step
from wlinfra.provider.base import (
    Absent,
    Closeable,
    Connection,
    DidNotHappen,
    Done,
    Happened,
    Live,
    Provider,
    ProviderContext,
    ReadRequest,
    Ready,
    Refused,
    Waiting,
)
from wlinfra.resources.base import Resource
from wlinfra.state.model import ObjectState
from wlinfra.testing.driver import Driver, intent_of, steps_of
from wlinfra.values import Address, find_refs

__all__ = ["ProviderContract", "Samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What the suite works with."""

    provider: Provider
    """A provider with an empty platform."""
    resource: Resource
    """A resource the platform takes."""
    variants: Mapping[Action, Resource]
    """The resource with other attributes, by the action that leads there: UPDATE, ROLL or REPLACE."""
    referring: Resource
    """Another resource of which an attribute is a reference to an output of ``resource``."""
    impossible: Step
    """A step that the platform refuses."""


class ProviderContract:
    """What every provider must do; the names of the tests say it."""

    canary = "contract-canary"
    """Let the sample resource hold a secret of this text where the platform takes secrets: it must never be shown."""
    max_read_requests = 5
    """How many requests reading 20 objects at once may take."""

    # ------------------------------------------------------------ what a subclass gives

    @pytest.fixture
    def samples(self) -> Samples:
        """Return what the suite works with."""
        raise NotImplementedError("give a fixture `samples`")

    @pytest.fixture
    def provider(self, samples: Samples) -> Provider:
        return samples.provider

    @pytest.fixture
    def resource(self, samples: Samples) -> Resource:
        return samples.resource

    @pytest.fixture
    def variants(self, samples: Samples) -> Mapping[Action, Resource]:
        return samples.variants

    @pytest.fixture
    def referring(self, samples: Samples) -> Resource:
        return samples.referring

    @pytest.fixture
    def impossible(self, samples: Samples) -> Step:
        return samples.impossible

    @pytest.fixture
    def options(self) -> Mapping[str, Any]:
        """Return the options of the provider in the environment."""
        return {}

    @pytest.fixture
    def requests(self) -> Callable[[], int]:
        """Return a function that returns how many requests the platform received so far."""
        return lambda: 0

    # ------------------------------------------------------------ what the tests use

    @pytest.fixture
    def connection(self, provider: Provider, options: Mapping[str, Any], tmp_path: Path) -> Iterator[Connection]:
        """Return a connection, and close it afterwards."""
        context = ProviderContext(
            name="default", options=options, environ={}, data_dir=tmp_path, stack="contract", environment="test"
        )
        connection = provider.connect(context)
        yield connection
        if isinstance(connection, Closeable):
            connection.close()

    @pytest.fixture
    def driver(self, connection: Connection) -> Driver:
        """Return a workspace in memory on the connection."""
        return Driver(connection=connection)

    # ------------------------------------------------------------ check, expand

    def test_check_and_expand_ask_nothing_and_always_answer_the_same(
        self, connection: Connection, resource: Resource, requests: Callable[[], int]
    ) -> None:
        before = requests()
        declared = {resource.address: resource}
        answers = [repr((connection.check(resource), connection.expand(resource, declared))) for _ in range(2)]
        assert answers[0] == answers[1]
        assert requests() == before

    def test_objects_belong_to_their_resource(self, driver: Driver, resource: Resource) -> None:
        objects = driver.objects(resource)
        assert objects
        assert {address.resource for address in objects} == {resource.address}
        assert all(item.address == address and item.kind and item.name for address, item in objects.items())

    # ------------------------------------------------------------ read

    def test_readings_stand_in_the_order_of_the_question(self, driver: Driver, resource: Resource) -> None:
        driver.apply(resource)
        wanted = [_wanted_of(record) for record in _real(driver)]
        missing = replace(wanted[0], address=Address("none.missing"), name="missing", id=None)
        found = driver.read(*wanted, missing)
        again = driver.read(missing, *reversed(wanted))
        assert [reading.id for reading in found if isinstance(reading, Live)] == [record.id for record in _real(driver)]
        assert isinstance(found[-1], Absent)
        assert [type(reading) for reading in again] == [type(reading) for reading in reversed(found)]

    def test_reading_many_objects_takes_few_requests(
        self, driver: Driver, resource: Resource, requests: Callable[[], int]
    ) -> None:
        driver.apply(resource)
        (record, *_) = _real(driver)
        before = requests()
        assert len(driver.read(*[_wanted_of(record)] * 20)) == 20
        assert requests() - before <= self.max_read_requests

    # ------------------------------------------------------------ plan

    def test_what_is_absent_is_created(self, driver: Driver, resource: Resource) -> None:
        changes = driver.plan(resource)
        assert {change.action for change in changes} == {Action.CREATE}
        assert all(any(step.makes for step in change.steps) for change in changes if not change.virtual)

    def test_planning_changes_nothing_and_is_deterministic(
        self, driver: Driver, resource: Resource, variants: Mapping[Action, Resource]
    ) -> None:
        driver.apply(resource)
        for variant in variants.values():
            assert repr(driver.plan(variant)) == repr(driver.plan(variant))
        assert steps_of(driver.plan(resource)) == []

    def test_after_an_apply_there_is_nothing_to_do(self, driver: Driver, resource: Resource) -> None:
        driver.apply(resource)
        changes = driver.plan(resource)
        assert [change.action for change in changes] == [Action.NO_OP] * len(changes)
        assert steps_of(changes) == []

    def test_every_change_is_called_what_it_is_and_converges(
        self, driver: Driver, resource: Resource, variants: Mapping[Action, Resource]
    ) -> None:
        for action, variant in variants.items():
            driver.apply(resource)
            assert _strongest(driver.plan(variant)) is action
            driver.apply(variant)
            assert {change.action for change in driver.plan(variant)} == {Action.NO_OP}

    def test_calls_that_may_be_repeated_converge(
        self, connection: Connection, resource: Resource, variants: Mapping[Action, Resource]
    ) -> None:
        driver = Driver(connection=connection, repeat_safe=True)
        for wanted in (resource, *variants.values()):
            driver.apply(wanted)
            assert {change.action for change in driver.plan(wanted)} == {Action.NO_OP}

    def test_references_survive_planning_and_are_filled_in_by_the_apply(
        self, driver: Driver, resource: Resource, referring: Resource
    ) -> None:
        open_refs = [ref for change in driver.plan(resource, referring) for ref in find_refs(dict(change.values))]
        assert resource.address in {ref.address for ref in open_refs}
        driver.apply(resource, referring)
        assert {change.action for change in driver.plan(resource, referring)} == {Action.NO_OP}

    def test_losing_the_record_duplicates_nothing(self, driver: Driver, resource: Resource) -> None:
        driver.apply(resource)
        driver.records.clear()
        actions = {change.action for change in driver.plan(resource) if not change.virtual}
        assert actions.isdisjoint({Action.CREATE, Action.REPLACE, Action.DELETE})

    def test_what_is_no_longer_declared_is_deleted(self, driver: Driver, resource: Resource) -> None:
        driver.apply(resource)
        wanted = [_wanted_of(record) for record in _real(driver)]
        changes = driver.apply()
        assert {change.action for change in changes if not change.virtual} == {Action.DELETE}
        assert all(isinstance(reading, Absent) for reading in driver.read(*wanted))

    # ------------------------------------------------------------ run

    def test_what_is_made_has_an_id(self, driver: Driver, resource: Resource) -> None:
        for change in driver.apply(resource):
            if any(step.makes for step in change.steps):
                assert driver.records[change.address].id

    def test_what_the_platform_refuses_is_refused(self, driver: Driver, resource: Resource, impossible: Step) -> None:
        driver.apply(resource)
        result = driver.run(impossible)
        assert isinstance(result, Refused)
        assert result.error.detail
        assert len(result.error.summary.split()) <= 6
        assert steps_of(driver.plan(resource)) == []

    # ------------------------------------------------------------ recover

    def test_a_create_whose_answer_was_lost_is_found_again(self, driver: Driver, resource: Resource) -> None:
        for change, step in _creates(driver, resource):
            intent = intent_of(change, step, driver.digest)
            result = driver.run(step)
            assert isinstance(result, Done)
            recovered = driver.connection.recover(intent)
            assert isinstance(recovered, Happened)
            assert recovered.id == result.id

    def test_a_create_that_was_never_sent_did_not_happen(self, driver: Driver, resource: Resource) -> None:
        for change, step in _creates(driver, resource):
            assert isinstance(driver.connection.recover(intent_of(change, step, driver.digest)), DidNotHappen)
            driver.run(step)

    # ------------------------------------------------------------ poll

    def test_statuses_stand_in_the_order_of_the_question(self, driver: Driver, resource: Resource) -> None:
        changes = driver.apply(resource)
        goals = {change.address: change.goal for change in changes if change.goal is not None}
        waiting = [
            Waiting(address=record.address, kind=record.kind, id=record.id, goal=goal.goal, details=goal.details)
            for record in _real(driver)
            if (goal := goals.get(record.address)) is not None
        ]
        gone = [replace(one, address=Address("none.missing"), id="missing") for one in waiting[:1]]
        statuses = driver.connection.poll([*waiting, *gone])
        assert [isinstance(status, Ready) for status in statuses] == [True] * len(waiting) + [False] * len(gone)

    # ------------------------------------------------------------ secrets

    def test_no_answer_shows_a_secret(
        self, driver: Driver, resource: Resource, variants: Mapping[Action, Resource]
    ) -> None:
        driver.apply(resource)
        for variant in variants.values():
            driver.plan(variant)
        assert self.canary not in repr((driver.answers, driver.records, driver.objects(resource)))


def _real(driver: Driver) -> list[ObjectState]:
    return [record for record in driver.records.values() if not record.virtual]


def _wanted_of(record: ObjectState) -> ReadRequest:
    return ReadRequest(address=record.address, kind=record.kind, name=record.name, id=record.id, prior=record)


def _strongest(changes: list[Change]) -> Action:
    """Return the strongest action on an object that exists; objects that come or go with it do not count."""
    return max((change.action for change in changes if not change.virtual), key=lambda action: action.strength or 0)


def _creates(driver: Driver, resource: Resource) -> Iterator[tuple[Change, Step]]:
    """Yield every change and the step that makes its object, the earlier objects being there."""
    done: dict[Address, Change] = {}
    objects: Mapping[Address, PlatformObject] = driver.objects(resource)
    for item in objects.values():
        change = driver.plan_one(item, done)
        for step in change.steps:
            if step.makes:
                yield change, step
        done[item.address] = driver.execute(driver.plan_one(item, done))
