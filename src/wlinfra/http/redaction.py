"""Hides what was sent in secret from whatever a server says afterwards.

A sender has one `Redactor`. It learns the credentials and every `Secret` in a body where it is revealed, so that no
request can carry one that is not known here, and error bodies pass through it before anything reads them.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

import orjson

from wlinfra.values import HIDDEN, Secret, map_leaves

__all__ = ["Redactor"]

_PART: Final = 8
"""A part of a secret of so many characters is hidden where the server cut it off, as it does with long values."""
_LONG: Final = 16
"""A part of so many characters is hidden anywhere; shorter ones can be words, such as the name of an account."""
_CUTS: Final = ("...", "\u2026")


class Redactor:
    """The secrets of one sender; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._words: set[str] = set()
        """Forms of fewer characters than a part, hidden where they stand as words of their own."""
        self._parts: frozenset[str] = frozenset()
        self._whole: frozenset[str] = frozenset()
        """Forms that are too short to be hidden for their length alone."""
        self._short: re.Pattern[str] | None = None

    def learn(self, secret: str) -> None:
        """Hide the text from now on, as it is and in the forms in which servers repeat it."""
        if not secret or secret in self._known:
            return
        forms = {_folded(form) for form in _forms(secret)}
        short = {form for form in forms if len(form) < _PART}
        parts = {form[at : at + _PART] for form in forms for at in range(len(form) - _PART + 1)}
        with self._lock:
            self._known.add(secret)
            self._words |= short
            self._parts |= parts
            self._whole |= {form for form in forms if _PART <= len(form) < _LONG}
            every = sorted(self._words, key=len, reverse=True)
            words = "|".join(map(re.escape, every))
            self._short = re.compile(rf"(?<![\w.\-])(?:{words})(?![\w\-])", re.IGNORECASE) if every else None

    def dumps(self, value: Any) -> bytes:
        """Return the JSON of a body; the secrets in it are revealed here, and hidden from then on."""
        return orjson.dumps(map_leaves(value, self._revealed))

    def text(self, text: str) -> str:
        """Return the text without any part of a secret."""
        if self._parts:
            text = self._without_parts(text)
        return self._short.sub(HIDDEN, text) if self._short is not None else text

    def body(self, body: bytes) -> bytes:
        """Return an error's body without any part of a secret, however it is escaped there."""
        if not self._parts and self._short is None:
            return body
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self.text(body.decode("utf-8", "replace")).encode()
        return orjson.dumps(self._tree(document))

    def _without_parts(self, text: str) -> str:
        """Return the text with every stretch that is made of parts hidden, and not what is around it."""
        shown: list[str] = []
        done, folded = 0, _folded(text)
        for start, end in _stretches(folded, self._parts):
            stretch = folded[start:end]
            is_cut = end == len(text) or text.startswith(_CUTS, end) or text[:start].endswith(_CUTS)
            if is_cut or len(stretch) >= _LONG or any(form in stretch for form in self._whole):
                shown += [text[done:start], HIDDEN]
                done = end
        return "".join([*shown, text[done:]])

    def _tree(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self._tree(item) for name, item in value.items()}
            case list():
                return [self._tree(item) for item in value]
            case _:
                return value

    def _revealed(self, leaf: Any) -> Any:
        if not isinstance(leaf, Secret):
            return leaf
        text = leaf.reveal()
        self.learn(text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """Yield the secret and what it looks like encoded, or decoded where it is base64 itself."""
    yield secret
    yield from secret.splitlines()
    yield base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()
    yield repr(secret)[1:-1]
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield from (escaped, escaped.replace("/", "\\/"))
    yield html.escape(secret)
    for kept in ("", "/", "!~*'()", "!#$&'()*+,/:;=?@[]~"):  # what is left alone is another set in every language
        yield quote(secret, safe=kept, errors="replace")
    yield quote_plus(secret, errors="replace")
    try:
        yield base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, ValueError):
        return


def _folded(text: str) -> str:
    """Return the text in lower case, with as many characters: servers change the case of what they repeat."""
    if text.isascii():
        return text.lower()
    return "".join(one if len(one.lower()) != 1 else one.lower() for one in text)


def _stretches(text: str, parts: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where the text is made of parts, each time as far as it goes."""
    at = 0
    while at <= len(text) - _PART:
        if text[at : at + _PART] not in parts:
            at += 1
            continue
        end = at + _PART
        while end < len(text) and text[end - _PART + 1 : end + 1] in parts:
            end += 1
        yield at, end
        at = end
