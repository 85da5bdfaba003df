"""What the core says, for users of Pulumi: its remedies as commands of theirs, its failures as refusals, no secret."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from wlinfra.errors import (
    ConfigurationError,
    DeclarationError,
    Diagnostic,
    InterruptedRun,
    WlinfraError,
)
from wlinfra.http.failures import UNANSWERED
from wlinfra.printable import escaped
from wlinfra.pulumi.bridge.kinds import models
from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.contract import BridgeError, Refusal, Subject
from wlinfra.remedies import Do, Option, Remedy, worded
from wlinfra.values import HIDDEN, Json, Secret, leaves

__all__ = ["Scrubber", "refusal_of", "said", "sentence", "unanswered"]

_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes out of any text what was marked as secret, wherever it comes from."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, *values: Json) -> Scrubber:
        """Return one for the secrets in the values."""
        found = {text for value in values for text in _texts(value) if len(text) >= _SHORTEST}
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = dict(value)
    for leaf in leaves(value):
        if isinstance(leaf, Secret):
            for inner in leaves(plain(leaf)):
                yield str(plain(inner))
                yield from str(plain(inner)).splitlines()


def sentence(diagnostic: Diagnostic, subject: Subject | None = None) -> str:
    """Return what is wrong, why and how to fix it, in one paragraph and with the commands of Pulumi."""
    fix = worded(diagnostic.fix, lambda part: _in_pulumi(part, subject))
    text = " ".join(part.rstrip() for part in (f"{diagnostic.summary}: {diagnostic.detail}", fix) if part)
    for ours, theirs in _WORDS.items():
        text = text.replace(ours, theirs)
    return "\n".join(escaped(line) for line in text.split("\n"))


def said(diagnostics: Iterable[Diagnostic], subject: Subject | None = None) -> str:
    """Return all of them."""
    return "\n".join(sentence(item, subject) for item in diagnostics)


def refusal_of(error: WlinfraError, subject: Subject | None = None) -> BridgeError:
    """Return the error as one of the bridge."""
    return BridgeError(_kind(error), said(error.diagnostics, subject) or "The run was interrupted.")


def _kind(error: WlinfraError) -> Refusal:
    match error:
        case InterruptedRun():
            return Refusal.CANCELLED
        case DeclarationError() | ConfigurationError():
            return Refusal.INVALID
        case _ if unanswered(error):
            return Refusal.UNREACHABLE
        case _:
            return Refusal.REFUSED


def unanswered(error: WlinfraError) -> bool:
    """True when the platform did not answer, so that nothing is concluded."""
    return any(item.summary in UNANSWERED for item in error.diagnostics)


def _in_pulumi(part: Remedy | Option, subject: Subject | None) -> str:
    if isinstance(part, Option):
        return _OPTIONS.get(part.name, f"the option {part.name}")
    urn = f"'{subject.urn}'" if subject is not None else "URN"
    match part.kind:
        case Do.PLAN:
            return (
                f"pulumi state delete {urn}"
                if any(one.name == "new_place" for one in part.options)
                else "pulumi preview"
            )
        case Do.APPLY:
            return "pulumi up"
        case Do.DESTROY:
            return "pulumi destroy"
        case Do.IMPORT:
            address, identity = part.arguments
            return f"pulumi import {_imported(address, subject)} {identity}"
        case Do.FORGET:
            return f"pulumi state delete {urn}"
        case Do.MOVE | Do.RENAME:
            return f"pulumi state rename {urn} NEW_NAME"
        case Do.SHOW_STATE:
            return "pulumi stack export"
        case Do.PUSH:
            return "pulumi stack import"
        case Do.REPAIR:
            return "pulumi refresh, once the journal's folder is moved away"
        case Do.UNLOCK:
            return "delete the file lock.json in the journal's folder"
        case other:
            assert_never(other)


def _imported(address: str, subject: Subject | None) -> str:
    """Return type and name of what is to be imported: the subject, or another resource that stands in its way."""
    for token, model in models().items():
        _, is_one, name = f".{address}".partition(f".{model.type}.")
        if is_one and (subject is None or subject.type != token):
            return f"{token} {shlex.quote(name)}"
    return f"{subject.type} {shlex.quote(subject.name)}" if subject is not None else "TYPE NAME"


_WORDS: Final = {
    "the environment's options": "the provider's configuration",
    "ignore_changes=": "the resource option ignoreChanges=",
    "retain=True": "the resource option retainOnDelete",
    "`timeouts`": "customTimeouts",
    "timeouts={...}": "the resource option customTimeouts",
}
"""What the core calls things inside its sentences, and what Pulumi does."""

_OPTIONS: Final = {
    "review": "pulumi preview",
    "adopt": "adopt",
    "refresh": "--refresh",
    "targets": "--target",
    "excludes": "--exclude",
    "replaces": "--replace",
}
