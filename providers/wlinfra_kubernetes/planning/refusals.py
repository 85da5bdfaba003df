"""What a refused update means: that a field never changes, or anything else.

`replacement` asks before it plans to delete anything. Only the API's own sentences about immutable fields count, and
of a kind that an operator defines also what its admission rules say; a rule about a built-in kind is a policy of its users,
which a deletion would only get around.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from wlinfra.errors import ProviderError
from wlinfra.remedies import Advice, Option, apply
from wlinfra_kubernetes.cluster.failures import Cause, ClusterError, Failure
from wlinfra_kubernetes.documents.fieldpath import owners_of, resolved
from wlinfra_kubernetes.losses import is_built_in, is_known
from wlinfra_kubernetes.ownership.identity import shown_manager
from wlinfra_manifests.document import Key

from .context import REST, ObjectContext

__all__ = ["causes_of", "lacking", "refused_update", "says_immutable"]

_SENTENCES: Final = re.compile(
    r"""
      \bimmutable\b                                    # of the API itself, of rules in definitions, of operators
    | \bmay\ not\ change\ once\ set\b                  # addresses of a Service
    | \bcannot\ change\ roleRef\b
    | \bupdates\ to\ .+\bforbidden\b                   # a StatefulSet's spec, a StorageClass's parameters
    | \bupdates\ may\ not\ change\ fields\ other\ than\b   # a Pod's spec
    | \bmay\ not\ be\ changed\ in\ an\ update\b        # a PriorityClass's value
    | ^failed\ rule:\ self\ ==\ oldSelf$               # a rule in a definition that has no message
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""How the API says that a field never changes."""
_MUTABLE: Final = re.compile(r"\bnot immutable\b", re.IGNORECASE)
_QUOTING: Final = ("Invalid value: ", "Unsupported value: ", "Duplicate value: ")
"""How causes begin that quote the refused value, whatever it says."""
_JSON: Final = json.JSONDecoder()
_ENGINES: Final = re.compile(r"gatekeeper|kubewarden|kyverno|\bopa\b|polic(?:y|ies)\.", re.IGNORECASE)
"""In the names of admission webhooks that enforce the policies of users, not an operator's rules about its own kinds."""
_RIGHT: Final = re.compile(r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"')


def says_immutable(error: ClusterError, key: Key) -> bool:
    """Return whether the cluster refused an update because a field of the object never changes."""
    match error.failure:
        case Failure.INVALID if error.status == 422:
            return any(_is_immutability(cause) for cause in error.causes)
        case Failure.DENIED if is_known(key) and not is_built_in(key):
            rule, _, said = error.message.partition(" request: ")
            return _holds_sentence(said) and _ENGINES.search(rule) is None
        case _:
            return False


def causes_of(error: ClusterError) -> tuple[Cause, ...]:
    """Return the causes that say that a field never changes."""
    return tuple(cause for cause in error.causes if _is_immutability(cause))


def _is_immutability(cause: Cause) -> bool:
    return _holds_sentence(_reason(cause.message))


def _reason(message: str) -> str:
    """Return a cause without the value it quotes, which is the user's and may say anything.

    Empty where it was cut off inside the value.
    """
    if not message.startswith(_QUOTING):
        return message
    rest = message.partition(": ")[2]
    try:
        _, end = _JSON.raw_decode(rest)
    except ValueError:  # a value of the server's own spelling, or none because `brief` left it out
        return "" if message.endswith("...") else rest.rpartition(": ")[2]
    return rest[end:].removeprefix(": ")


def _holds_sentence(text: str) -> bool:
    return _SENTENCES.search(text) is not None and _MUTABLE.search(text) is None


# ---------------------------------------------------------------- telling


def lacking(error: ClusterError) -> str:
    """Return in one short sentence why a refusal for want of a right left a change untried."""
    found = _RIGHT.search(error.message)
    if found is None:
        return "not tried, because the account lacks a right"
    return f"not tried, because the account may not {found['verb']} {found['resource']}"


def refused_update(
    context: ObjectContext, error: ClusterError, *, as_new: ClusterError | None, loses: str
) -> ProviderError:
    """Return the error for an update that was refused, with the way around it where there is one.

    ``as_new`` is what the cluster answered to the object as a new one, and ``loses`` what its deletion would do.
    """
    first = context.refused(error).diagnostics[0]
    if owners := "; ".join(_owners(context, error)):
        first = replace(first, detail=f"{first.detail}. {owners}.")
    if as_new is None:
        again = apply(context.platform.identity.environment, replaces=context.desired.address)
        way = Advice(f"To delete it and create it again all the same, {loses}:", again)
    else:
        why = f"the cluster does not take it as a new object either ({'; '.join(_causes(as_new))})."
        way = Advice(Option("replaces", context.desired.address), f" would not help: {why}")
    return ProviderError(replace(first, fix=Advice(first.fix, "\n" * bool(first.fix), way)))


def _owners(context: ObjectContext, error: ClusterError) -> Iterator[str]:
    """Yield who else owns what the cluster names, which an apply of ours cannot take away."""
    for cause in error.causes:
        path = resolved(cause.field, dict(context.document)) if cause.field else None
        for entry in owners_of(context.document, path) if path else ():
            if (manager := str(entry.get("manager"))) != context.platform.identity.manager:
                yield f"{cause.field} is managed by {shown_manager(manager, context.document)}"


def _causes(error: ClusterError) -> Iterator[str]:
    """Yield the causes in the cluster's words."""
    found = dict.fromkeys(str(cause) for cause in error.causes if cause.message and cause.field != REST)
    yield from found or (error.message,)
