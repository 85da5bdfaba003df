"""What fails is said in one sentence, with the code that the engine judges by, and without a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import engine_pb2
from support.pulumi_fake_bridge import FakeBridge
from support.pulumi_protocol import Client, engine_listening, refusal, service_over, urn

from wlinfra.pulumi.contract import Refusal, SecretValue
from wlinfra.pulumi.service.scrubbing import Scrubber

CANARY = "canary-5f2b"


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge()


@pytest.fixture
def engine() -> Iterator[tuple[str, list[Any]]]:
    with engine_listening() as found:
        yield found


@pytest.fixture
def lines(engine: tuple[str, list[Any]]) -> list[Any]:
    return engine[1]


@pytest.fixture
def client(bridge: FakeBridge, engine: tuple[str, list[Any]]) -> Iterator[Client]:
    with service_over(lambda: bridge, engine=engine[0]) as client:
        yield client


CODES = {
    Refusal.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Refusal.REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Refusal.UNREACHABLE: grpc.StatusCode.UNAVAILABLE,
    Refusal.CANCELLED: grpc.StatusCode.CANCELLED,
    Refusal.UNCLEAR: grpc.StatusCode.UNKNOWN,
}


@pytest.mark.parametrize("kind", Refusal)
def test_only_what_is_unclear_has_the_code_of_a_damaged_state(client: Client, kind: Refusal) -> None:
    caught = refusal(lambda: client.create({"refuse": kind.value, "because": "the token expired"}))
    assert caught.code() == CODES[kind]
    assert caught.details() == "Refused as asked: the token expired."
    assert not caught.trailing_metadata()


def test_a_bug_is_one_sentence_and_its_trace_is_in_standard_error(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    caught = refusal(lambda: client.create({"crash": "the inside of a thing"}))
    assert caught.code() == grpc.StatusCode.INTERNAL
    assert caught.details().startswith("This is a bug in wlinfra: Create ended with RuntimeError.")
    assert "the inside" not in caught.details()
    logged = capsys.readouterr().err
    assert "Traceback" in logged
    assert "RuntimeError: the inside of a thing" in logged


def test_a_secret_is_in_no_error_no_line_and_no_trace(
    client: Client, lines: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    client.create({"leak": SecretValue(CANARY)})
    refused = refusal(lambda: client.create({"refuse": "refused", "because": f"{CANARY} is wrong"}))
    refusal(lambda: client.create({"crash": SecretValue({"deep": [CANARY]}), "because": CANARY}))
    refusal(lambda: client.create({"crash": CANARY}))
    said = [refused.details(), capsys.readouterr().err, *(one.message for one in lines)]
    assert len(said) > 4
    assert not [text for text in said if CANARY in text]
    assert "Refused as asked: (sensitive value) is wrong." in said


def test_reasons_and_failures_hide_secrets_too(client: Client) -> None:
    caught = refusal(lambda: client.create({"leak": SecretValue(CANARY), "reasons": [f"cannot sign in with {CANARY}"]}))
    metadata = b"".join(value for _, value in caught.trailing_metadata())
    assert b"cannot sign in with (sensitive value)" in metadata


@pytest.mark.parametrize(
    ("secret", "text", "hidden"),
    [
        ("abcd", "xabcdx", "x(sensitive value)x"),
        ("abc", "abc", "abc"),
        ({"a": ["s3cret"]}, "say s3cret", "say (sensitive value)"),
        ("line one is here\nline two is here", "at line two is here", "at (sensitive value)"),
        ("it's\there", repr("it's\there"), '"(sensitive value)"'),
        ("long-secret", "long-secret and long-secret", "(sensitive value) and (sensitive value)"),
    ],
)
def test_what_is_hidden(secret: Any, text: str, hidden: str) -> None:
    scrubber = Scrubber()
    scrubber.learn({"x": [SecretValue(secret)], "y": "not secret"})
    assert scrubber.text(text) == hidden
    assert scrubber.text("not secret") == "not secret"


def test_the_longer_of_two_secrets_is_hidden_first() -> None:
    scrubber = Scrubber()
    scrubber.learn({"x": SecretValue(["token", "token-of-prod"])})
    assert scrubber.text("token-of-prod") == "(sensitive value)"


# ---------------------------------------------------------------- lines beside the resource


def test_lines_name_the_resource_and_may_be_replaced(client: Client, lines: list[Any]) -> None:
    client.create({"leak": SecretValue(CANARY)})
    assert [(one.severity, one.urn, one.message, one.ephemeral) for one in lines] == [
        (engine_pb2.INFO, urn("chat"), "creating with nothing", True),
        (engine_pb2.WARNING, urn("chat"), "the server said (sensitive value)", False),
    ]


def test_a_diff_speaks_of_what_the_program_declares_and_not_of_a_refresh(client: Client, lines: list[Any]) -> None:
    client.diff({})
    assert lines == []
    client.check({})
    client.diff({})
    client.diff({}, name="another")
    assert [one.message for one in lines] == ["chat rolls"]


def test_a_line_that_no_engine_takes_fails_nothing(bridge: FakeBridge) -> None:
    with engine_listening() as (address, _):
        pass
    with service_over(lambda: bridge, engine=address) as client:
        assert client.create({}).id == "id-1"
