"""What a plan looks at beside the values is recorded, so that the record can stand in for the platform."""

from __future__ import annotations

from dataclasses import replace

from support.datarobot_stage import Declaring, Stage, chat
from support.reports import essence

from wlinfra.changes.model import Action
from wlinfra.state.lease import LockRequest
from wlinfra.values import Address

SERVICE = chat(artifact={"name": "one", "type": "service"})
NIM = chat(artifact={"name": "other", "type": "nim"})


def reads(stage: Stage, declaring: Declaring) -> int:
    """Return how often a plan from the record reads one of its objects by its id."""
    stage.emulator.requests.clear()
    stage.plan(declaring, refresh=False)
    identity = str(stage.record("workload.chat").id)
    return sum(identity in exchange.path for exchange in stage.emulator.requests)


def test_a_replacement_is_one_from_the_record_too(stage: Stage) -> None:
    stage.apply(SERVICE)
    change = stage.change(NIM, "workload.chat", refresh=False)
    assert change.action is Action.REPLACE
    assert essence(stage.plan(NIM, refresh=False)) == essence(stage.plan(NIM))


def test_a_further_version_is_one_from_the_record_too(stage: Stage) -> None:
    stage.apply(chat())
    changed = chat(artifact={"image": "acme/chat:2"})
    change = stage.change(changed, "artifact.server", refresh=False)
    assert [(step.operation, step.supersedes) for step in change.steps] == [
        ("create_artifact", True),
        ("lock_artifact", False),
    ]


def test_facts_that_are_missing_are_read_and_filled_in_without_a_change(stage: Stage) -> None:
    stage.apply(SERVICE)
    facts = stage.record("workload.chat").facts
    assert (facts["type"], reads(stage, SERVICE)) == ("service", 0)
    request = LockRequest(owner="test", operation="test")
    with stage._store.acquire(request) as lease, stage._store.open(lease) as session:
        session.put(replace(session.state.objects[Address("workload.chat")], facts={}))
    assert reads(stage, SERVICE) > 0
    assert stage.change(NIM, "workload.chat", refresh=False).action is Action.REPLACE
    assert stage.plan(SERVICE).is_empty
    stage.apply(SERVICE)
    assert stage.record("workload.chat").facts == facts


def test_what_ends_by_the_record_is_not_taken_for_edited(stage: Stage) -> None:
    """The record has none of what the platform filled in, which is nobody's edit."""
    stage.apply(chat())
    assert stage.apply(lambda: iter(()), refresh=False, allow_empty=True).ok
    assert stage.state.objects == {}
