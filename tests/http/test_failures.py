"""What a failed answer becomes for people and for providers."""

from __future__ import annotations

import pytest

from wlinfra.http.failures import ApiError, Call, FailureKind, answer_failure, explain_body, lost_failure

READ = Call(method="GET", path="/things", platform="Example")
WRITE = Call(method="POST", path="/things", platform="Example")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"detail": "text"}', "text"),
        (b'{"message": "old style"}', "old style"),
        (b'{"detail": {"code": 7, "message": "nested"}}', "nested"),
        (b'{"detail": "", "error": "second"}', "second"),
        (b'{"detail": [{"msg": "no place"}, "plain", {"loc": ["query", "limit"], "msg": "too many"}, 5]}', "no place; plain; limit: too many"),
        (b'{"data": "CANARY"}', ""),
        (b'["CANARY"]', ""),
        (b"<html>CANARY</html>", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_the_explanation_is_found_in_the_usual_places(body: bytes, detail: str) -> None:
    assert explain_body(body)[0] == detail


def test_plain_text_is_quoted_and_long_text_is_cut() -> None:
    assert explain_body(b"try later\n", content_type="text/plain; charset=utf-8") == ("try later", ())
    assert len(explain_body(b'{"detail": "' + b"x" * 9000 + b'"}')[0]) < 600


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_says_what_and_how_to_fix(kind: FailureKind) -> None:
    (diagnostic,) = ApiError(WRITE, kind, "why", status=500).diagnostics
    assert 0 < len(diagnostic.summary.split()) <= 6
    assert diagnostic.detail.startswith("Example answered POST /things with 500 Internal Server Error: why.")
    assert diagnostic.fix.endswith(".")


def test_an_unknown_outcome_says_that_it_may_have_happened() -> None:
    error = lost_failure(WRITE, "The connection broke.", sent=True)
    assert str(error).startswith(
        "Outcome of a call unknown: Example gave no answer to POST /things: The connection broke."
    )
    assert "may have taken effect" in str(error)


def test_what_never_left_is_refused_for_now_or_unreadable() -> None:
    assert lost_failure(WRITE, "", sent=False).kind is FailureKind.REFUSED_FOR_NOW
    assert lost_failure(READ, "", sent=False).kind is FailureKind.UNREADABLE


def test_a_status_without_a_name_is_shown_as_a_number() -> None:
    error = answer_failure(READ, 599, b"")
    assert (error.kind, "with 599." in str(error)) == (FailureKind.UNREADABLE, True)


def test_a_read_that_is_refused_for_now_says_where_and_how_long_to_wait() -> None:
    call = Call(method="GET", path="/workloads", platform="DataRobot", endpoint="https://app.example.com/api/v2")
    error = answer_failure(call, 429, b'{"detail": "Slow down."}', retry_after=600.0)
    assert error.diagnostics[0].detail == (
        "DataRobot at https://app.example.com/api/v2 answered GET /workloads with 429 Too Many Requests: "
        "Slow down; it asks to wait 10 minutes."
    )
