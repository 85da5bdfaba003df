"""No part of a secret that was sent comes back in an error, however the server quotes it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import Reply, scripted

from wlinfra.errors import ConfigurationError
from wlinfra.http.options import HttpOptions
from wlinfra.http.redaction import Redactor
from wlinfra.http.transport import ApiError, HttpTransport
from wlinfra.values import HIDDEN, Secret

CANARY = "canary-4711\nsecond line"
TOKEN = "token-that-nobody-sees"


def canary() -> Secret:
    return Secret(lambda: CANARY, describe="CANARY")


QUOTED = {
    "detail": {"detail": f"env TOKEN: value {CANARY} is too short"},
    "message": {"message": f"'{CANARY}'"},
    "nested message": {"error": {"message": repr(CANARY)}},
    "list of msg": {"detail": [{"loc": ["body", CANARY], "msg": f"{CANARY} is wrong", "input": CANARY}]},
    "list of strings": {"detail": [CANARY]},
    "json in a string": {"detail": json.dumps({"value": CANARY})},
    "base64": {"detail": base64.b64encode(CANARY.encode()).decode()},
    "url": {"detail": quote(CANARY)},
    "upper case": {"detail": CANARY.upper()},
    "capitals": {"detail": CANARY.title()},
    "base64 in upper case": {"detail": base64.b64encode(CANARY.encode()).decode().upper()},
    "url in lower case": {"detail": quote(CANARY).lower()},
    "cut": {"detail": f"value {CANARY[:9]}..."},
    "long": {"detail": "x" * 495 + CANARY},
    "token": {"detail": f"Invalid token {TOKEN}"},
    "header": {"detail": f"Authorization: Bearer {TOKEN}"},
}
PARTS = (CANARY[:9], TOKEN[:9], base64.b64encode(CANARY.encode()).decode()[:9], "second l")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in QUOTED.items()])
def test_no_answer_brings_a_secret_back(status: int, body: object) -> None:
    for reply in (
        Reply(status=status, json=body),
        Reply(status=status, text=orjson.dumps(body).decode(), headers={"Content-Type": "text/plain"}),
        Reply(status=status, text=f"<p>{CANARY} {TOKEN}", headers={"Content-Type": "text/plain"}),
    ):
        with scripted(reply) as server:
            options = HttpOptions(base_url=server.url, token=lambda *, refresh: TOKEN, retries=0)
            http = HttpTransport(options)
            with pytest.raises(ApiError) as caught:
                http.request("POST", "/things", body={"env": [{"value": canary()}]})
            assert orjson.loads(server.received[0].body) == {"env": [{"value": CANARY}]}
        error = caught.value
        shown = f"{error}{error!r}{vars(error)}{error.fields}{error.diagnostics}"
        assert not [part for part in PARTS if part in shown]


def test_what_was_sent_once_is_hidden_in_every_later_answer() -> None:
    with scripted(Reply(json={}), Reply(status=404, json={"detail": f"no {CANARY}"})) as server:
        http = HttpTransport(HttpOptions(base_url=server.url, retries=0))
        http.request("POST", "/things", body={"value": canary()})
        with pytest.raises(ApiError) as caught:
            http.request("GET", "/things/1")
        assert http.hide(f"it failed: {CANARY}") == f"it failed: {HIDDEN}"
    assert caught.value.detail == f"no {HIDDEN}"


def test_a_secret_without_a_source_says_so_before_anything_is_sent() -> None:
    def unset() -> str:
        raise ConfigurationError.of("Secret not found", "TOKEN is not set.")

    with scripted(Reply(json={})) as server, pytest.raises(ConfigurationError, match="TOKEN is not set"):
        HttpTransport(HttpOptions(base_url=server.url)).request(
            "POST", "/things", body={"value": Secret(unset, describe="TOKEN")}
        )
    assert server.received == []


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("abc", "abc is wrong, abcd and .spec.abc are not", f"{HIDDEN} is wrong, abcd and .spec.abc are not"),
        ("1", "replicas=1 of 10", f"replicas={HIDDEN} of 10"),
        ("hunter2", "'hunter2'", f"'{HIDDEN}'"),
        ("", "nothing", "nothing"),
        ("12345678", "x12345678y", f"x{HIDDEN}y"),
    ],
)
def test_short_secrets_are_hidden_where_they_stand_alone(secret: str, text: str, shown: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert redactor.text(text) == shown


@given(st.text(min_size=1, max_size=60), st.text(max_size=30), st.text(max_size=30), st.data())
def test_neither_a_secret_nor_its_beginning_is_left(secret: str, before: str, after: str, data: st.DataObject) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    if len(secret) >= 8:
        assert secret not in redactor.text(f"{before}{secret}{after}").replace(HIDDEN, "\x00")
        part = secret[: data.draw(st.integers(8, len(secret)))]
        for text in (f"{before}{part}", f"{before}{part}...{after}", f"{before}...{part}{after}"):
            assert part not in redactor.text(text).replace(HIDDEN, "\x00")
    elif secret.isalnum():
        assert redactor.text(f"it is '{secret}'") == f"it is '{HIDDEN}'"


def test_a_word_that_a_secret_begins_with_is_no_secret() -> None:
    redactor = Redactor()
    redactor.learn("stack-user-token")
    assert redactor.text('User "stack-user" cannot get it') == 'User "stack-user" cannot get it'
    assert redactor.text("stack-user-token") == HIDDEN


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_body_without_a_secret_stays_as_it_is(document: object) -> None:
    redactor = Redactor()
    redactor.learn("\x00 nothing that a document holds \x00")
    try:
        body = orjson.dumps(document)
    except TypeError:
        return
    assert orjson.loads(redactor.body(body)) == orjson.loads(body)


SLASHED = "Pa/ss:w\u00f6rd+4711?"


@pytest.mark.parametrize(
    "form",
    [
        SLASHED.lower(),
        SLASHED.upper(),
        quote(SLASHED).lower(),
        quote(SLASHED, safe=""),
        quote(SLASHED, safe="!~*'()"),
        quote(SLASHED, safe="/:+?"),
        json.dumps(SLASHED)[1:-1],
        json.dumps(SLASHED)[1:-1].upper(),
        json.dumps(SLASHED, ensure_ascii=False).replace("/", "\\/")[1:-1],
        json.dumps(SLASHED).replace("/", "\\/")[1:-1],
    ],
)
def test_case_and_escapes_of_a_server_hide_no_secret(form: str) -> None:
    redactor = Redactor()
    redactor.learn(SLASHED)
    assert redactor.text(f"value {form} is wrong") == f"value {HIDDEN} is wrong"
    assert redactor.body(json.dumps(f"value {form} is wrong").encode()) == f'"value {HIDDEN} is wrong"'.encode()


def test_a_short_secret_is_hidden_in_any_case() -> None:
    redactor = Redactor()
    redactor.learn("Pin4711")
    assert redactor.text("the pin PIN4711 is wrong, pin4711x is not") == f"the pin {HIDDEN} is wrong, pin4711x is not"
