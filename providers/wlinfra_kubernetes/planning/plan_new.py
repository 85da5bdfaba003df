"""Plans an object that does not exist: the dry run says whether the cluster would take it.

`plan` calls it. Where the namespace or the kind itself is made in the same plan, nobody can ask yet: the create is
unverified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from wlinfra.errors import Diagnostic, ProviderError
from wlinfra.provider import Action, Decision
from wlinfra_kubernetes.cluster.failures import ClusterError, Failure, unless
from wlinfra_kubernetes.private import NeededBy, private_of
from wlinfra_manifests.document import Key

from .refusals import lacking
from .replacement import renaming
from .subject import Subject

__all__ = ["plan_new"]

_INSTALLERS = {
    "apps.nvidia.com": "the NVIDIA NIM Operator",
    "keda.sh": "KEDA",
    "http.keda.sh": "the KEDA HTTP add-on",
    "gateway.networking.k8s.io": "the Gateway API",
    "monitoring.coreos.com": "the Prometheus Operator",
    "resource.k8s.io": "dynamic resource allocation",
}


def plan_new(subject: Subject) -> Decision:
    """Return the create; raises ProviderError when the cluster would refuse it."""
    return renaming(subject, _created(subject))


def _created(subject: Subject) -> Decision:
    steps = [subject.creating()]
    if private_of(subject.desired).comes_after and _ends_in_this_plan(subject):
        return subject.finished(subject.draft, steps, unverified=True)
    try:
        subject.dry_run(subject.body)
    except ClusterError as error:
        return _unasked(subject, error)
    return subject.finished(subject.draft, steps)


def _unasked(subject: Subject, error: ClusterError) -> Decision:
    """Return the create when the refusal only says that the cluster cannot judge it now; raises otherwise."""
    draft = subject.draft
    steps = [subject.creating()]
    match error.failure:
        case Failure.NO_NAMESPACE if subject.key.namespace in _made(subject, "v1/Namespace"):
            return subject.finished(draft, steps, unverified=True, notes=(*draft.notes, _note("namespace")))
        case Failure.NO_NAMESPACE:
            raise ProviderError(*_homeless(subject, error)) from error
        case Failure.NO_KIND if _is_kind_made(subject):
            return subject.finished(draft, steps, unverified=True, notes=(*draft.notes, _note("kind")))
        case Failure.NO_KIND:
            raise _not_served(subject) from error
        case Failure.FORBIDDEN:
            return subject.finished(draft, steps, predicted=(*draft.predicted, lacking(error)))
        case _:
            raise subject.refused(error) from error


def _homeless(subject: Subject, error: ClusterError) -> Iterator[Diagnostic]:
    """Yield the error for each resource that needs the namespace: nobody declares the inventory that comes first."""
    detail = f"The cluster says {error.message}, and what is declared here is to be in it."
    own = NeededBy(subject.desired.address, subject.desired.location)
    for one in private_of(subject.desired).needed_by or (own,):
        yield replace(
            error.diagnostic, detail=detail, address=one.address, location=one.location or subject.desired.location
        )


def _note(what: str) -> str:
    return f"unverified: its {what} is created in this plan, so the cluster cannot judge it yet"


def _made(subject: Subject, kind: str) -> Iterator[str]:
    """Yield the names of all objects of the kind that this plan makes before the object."""
    for change in subject.request.dependencies.values():
        if change.kind == kind and change.action is Action.CREATE:
            yield change.name


def _is_kind_made(subject: Subject) -> bool:
    for change in subject.request.dependencies.values():
        if change.kind.endswith("/CustomResourceDefinition") and change.action is Action.CREATE:
            spec: Any = change.values.get("spec") or {}
            if spec.get("group") == subject.key.group and (spec.get("names") or {}).get("kind") == subject.key.kind:
                return True
    return False


def _ends_in_this_plan(subject: Subject) -> bool:
    """True when what must end first is still there, so that the cluster would refuse the object now.

    What the account may not even read it cannot end either: the dry run tells then.
    """
    get, first = subject.platform.client.get, private_of(subject.desired).comes_after
    found = (unless(Failure.FORBIDDEN, partial(get, Key.parse(*at)), None) for at in first)
    return any(one is not None for one in found)


def _not_served(subject: Subject) -> ProviderError:
    key = subject.key
    installer = _INSTALLERS.get(key.group)
    what = f"Install {installer} on the cluster" if installer else f"Install what defines {key.kind} on the cluster"
    return subject.error(
        "Kind is not served",
        f"{subject.desired.address} is a {key.kind} of {key.api}, which this cluster does not know.",
        f"{what}, or declare its CustomResourceDefinition as a Manifest of this stack.",
    )
