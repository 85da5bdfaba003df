"""Records have one author, and an intent carries the one that holds if its step happens."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from wlinfra.state.codec import dump, intent_document, load, parse_intent
from wlinfra.state.model import Deposed, Health, Intent, ObjectState, SecretDigest
from wlinfra.state.records import Aim, CallAnswer, Subject, aimed, happened, held
from wlinfra.values import Address

ROOT = Path(__file__).resolve().parents[2]
AT = Address("workload.chat")
OTHER = Address("artifact.server")
SUBJECT = Subject(
    address=AT, provider="default", kind="workload", name="chat", depends_on=(OTHER,), protect=True, retain=True
)
MADE = Aim(
    subject=SUBJECT,
    values={"size": 1, "token": SecretDigest("d")},
    outputs={"artifact_id": "a"},
    memory={"seen": [1]},
    health=Health.UNREADY,
    awaiting="create",
    makes=True,
)


def intent(record: ObjectState | None, **more: object) -> Intent:
    settings: dict[str, object] = {"operation": "create", "verb": "POST", "target": None, "makes": True, **more}
    return Intent(address=AT, provider="default", kind="workload", name="chat", record=record, **settings)  # type: ignore[arg-type]  # the settings of one test


def test_only_one_room_makes_records() -> None:
    rooms = {"src/wlinfra/state/records.py", "src/wlinfra/state/codec.py"}
    makers = {
        str(path.relative_to(ROOT))
        for folder in ("src", "providers")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ObjectState")
    }
    assert makers == rooms


def test_what_happened_is_recorded_with_all_that_the_declaration_said() -> None:
    after = happened(intent(aimed(None, MADE)), CallAnswer(id="new", outputs={"url": "u"}, memory={"proton": 2}))(None)
    assert after is not None
    assert (after.protect, after.retain, after.depends_on, after.health) == (True, True, (OTHER,), Health.UNREADY)
    assert (after.id, after.values) == ("new", {"size": 1, "token": SecretDigest("d")})
    assert after.outputs == {"artifact_id": "a", "id": "new", "url": "u"}
    assert after.memory == {"seen": [1], "proton": 2}


@pytest.mark.parametrize(
    "record",
    [
        None,
        aimed(None, MADE),
        ObjectState(address=AT, provider="other", kind="thing", deposed=(Deposed(id="x", depends_on=(OTHER,)),)),
        ObjectState(address=AT, provider="default", kind="workload", name="chat", virtual=True, awaiting="update"),
    ],
)
def test_an_intent_survives_the_disk_with_its_record(record: ObjectState | None) -> None:
    before = intent(record, depends_on=(OTHER,), ends="old", timeout=3.5, begun=7.25, boot="b")
    assert parse_intent(load(dump(intent_document(before)))) == before


def test_a_deposed_object_that_ended_meanwhile_does_not_come_back() -> None:
    before = ObjectState(address=AT, provider="default", kind="workload", id="old", deposed=(Deposed(id="older"),))
    expected = aimed(before, Aim(subject=SUBJECT, id=None, makes=True, replaces=True))
    assert expected is not None
    assert [item.id for item in expected.deposed] == ["older", "old"]
    now = ObjectState(address=AT, provider="default", kind="workload", id="old")
    after = happened(intent(expected), CallAnswer(id="new"))(now)
    assert after is not None
    assert [item.id for item in after.deposed] == ["old"]


def test_an_object_made_again_leaves_no_deposed_object_of_the_one_that_was_gone() -> None:
    before = ObjectState(address=AT, provider="default", kind="workload", id="gone", values={"size": 9})
    after = happened(intent(aimed(before, MADE)), CallAnswer(id="new"))(before)
    assert after is not None
    assert (after.deposed, after.values["size"]) == ((), 1)


def test_an_intent_of_an_earlier_version_has_no_record_and_implies_one() -> None:
    document = {"address": "workload.chat", "provider": "default", "kind": "workload", "operation": "create"}
    old = parse_intent({**document, "verb": "POST", "target": None, "makes": True, "name": "chat", "deadline": 9.0})
    after = happened(old, CallAnswer(id="new"))(None)
    assert after is not None
    assert (old.record, old.timeout, after.id, after.values, after.health) == (None, 0.0, "new", {}, Health.UNREADY)


def test_what_a_later_version_adds_to_an_intent_is_left_alone() -> None:
    document = intent_document(intent(None))
    assert parse_intent({**document, "invented_later": 1}) == intent(None)


def test_declared_protection_is_added_and_never_taken_away() -> None:
    record = ObjectState(address=AT, provider="default", kind="workload", protect=True)
    assert held(record, protect=False, retain=False) is record
    assert held(record, protect=False, retain=True).protect
    assert held(record, protect=False, retain=True).retain
