"""What the API server answers, checked to be a document before anything reads it.

`client` makes one of every successful answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from wlinfra.http.sender import Sending
from wlinfra.http.shapes import misfit
from wlinfra.http.wire import WireAnswer
from wlinfra_manifests.document import Key

from .failures import ClusterError, Failure

__all__ = ["AnsweredDocument", "answered", "confirm", "warnings_of"]

_WARNING: Final = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


class AnsweredDocument(dict[str, Any]):
    """A document as the API server answered it."""

    warnings: tuple[str, ...] = ()
    """What its ``Warning`` headers report, once each, such as a deprecation or a violation of pod security."""


def answered(sending: Sending, answer: WireAnswer, shape: Any, *, hide: Callable[[str], str]) -> AnsweredDocument:
    """Return the document; raises ClusterError for one of another shape, such as the page of a proxy."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        said = f"{sending.method} {sending.path} was answered with {answer.status} and no JSON object, so not by the API server."
        raise ClusterError(Failure.LOST, said, status=answer.status)
    wrong = misfit(found, shape)
    if wrong:
        said = f"{sending.method} {sending.path} was answered with {answer.status} and a document that cannot be read: {wrong}."
        raise ClusterError(Failure.LOST, said, status=answer.status)
    document = AnsweredDocument(found)
    document.warnings = tuple(map(hide, warnings_of(answer.headers.get("Warning") or "")))
    return document


def confirm(sending: Sending, document: AnsweredDocument, key: Key, sent: Mapping[str, Any]) -> AnsweredDocument:
    """Return the answer to an apply; raises ClusterError unless it is the object that was sent, with our marks on it."""
    meta, wanted = document["metadata"], sent.get("metadata") or {}
    marks = {name: text for name, text in (wanted.get("annotations") or {}).items() if "wlinfra" in name}
    is_it = (document.get("kind"), meta["name"]) == (key.kind, key.name) and wanted.get("uid") in (
        None,
        meta.get("uid"),
    )
    if is_it and meta.get("uid") and marks.items() <= (meta.get("annotations") or {}).items():
        return document
    said = f"{sending.method} {sending.path} was answered with success and something else than was sent."
    raise ClusterError(Failure.LOST, said, status=200)


def warnings_of(header: str) -> tuple[str, ...]:
    """Return the texts of a ``Warning`` header, once each; several headers are joined by commas.

    >>> warnings_of('299 - "v1 Endpoints is deprecated", 299 - "a \\\\"quoted\\\\" word"')
    ('v1 Endpoints is deprecated', 'a "quoted" word')
    """
    texts = (re.sub(r"\\(.)", r"\1", text) for text in _WARNING.findall(header))
    return tuple(dict.fromkeys(" ".join(text.split()) for text in texts))
