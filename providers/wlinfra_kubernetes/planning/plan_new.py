"""Plans an object that does not exist: the dry run says whether the cluster would take it.

`plan` calls it. Where the namespace or the kind itself is made in the same plan, the cluster cannot be asked yet: the create is
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

from .context import ObjectContext
from .refusals import lacking
from .replacement import renaming

__all__ = ["plan_new"]

_INSTALLERS = {
    "apps.nvidia.com": "the NVIDIA NIM Operator",
    "keda.sh": "KEDA",
    "http.keda.sh": "the KEDA HTTP add-on",
    "gateway.networking.k8s.io": "the Gateway API",
    "monitoring.coreos.com": "the Prometheus Operator",
    "resource.k8s.io": "dynamic resource allocation",
}


def plan_new(context: ObjectContext) -> Decision:
    """Return the create; raises ProviderError when the cluster would refuse it."""
    return renaming(context, _created(context))


def _created(context: ObjectContext) -> Decision:
    steps = [context.creating()]
    if private_of(context.desired).comes_after and _ends_in_this_plan(context):
        return context.finished(context.draft, steps, unverified=True)
    try:
        context.dry_run(context.body)
    except ClusterError as error:
        return _unasked(context, error)
    return context.finished(context.draft, steps)


def _unasked(context: ObjectContext, error: ClusterError) -> Decision:
    """Return the create when the refusal only says that the cluster cannot judge it now; raises otherwise."""
    draft = context.draft
    steps = [context.creating()]
    match error.failure:
        case Failure.NO_NAMESPACE if context.key.namespace in _made(context, "v1/Namespace"):
            return context.finished(draft, steps, unverified=True, notes=(*draft.notes, _note("namespace")))
        case Failure.NO_NAMESPACE:
            raise ProviderError(*_homeless(context, error)) from error
        case Failure.NO_KIND if _is_kind_made(context):
            return context.finished(draft, steps, unverified=True, notes=(*draft.notes, _note("kind")))
        case Failure.NO_KIND:
            raise _not_served(context) from error
        case Failure.FORBIDDEN:
            return context.finished(draft, steps, predicted=(*draft.predicted, lacking(error)))
        case _:
            raise context.refused(error) from error


def _homeless(context: ObjectContext, error: ClusterError) -> Iterator[Diagnostic]:
    """Yield the error for each resource that needs the namespace: the inventory that comes first is not declared."""
    detail = f"The cluster says {error.message}, and what is declared here is to be in it."
    own = NeededBy(context.desired.address, context.desired.location)
    for one in private_of(context.desired).needed_by or (own,):
        yield replace(
            error.diagnostic, detail=detail, address=one.address, location=one.location or context.desired.location
        )


def _note(what: str) -> str:
    return f"unverified: its {what} is created in this plan, so the cluster cannot judge it yet"


def _made(context: ObjectContext, kind: str) -> Iterator[str]:
    """Yield the names of all objects of the kind that this plan makes before the object."""
    for change in context.request.dependencies.values():
        if change.kind == kind and change.action is Action.CREATE:
            yield change.name


def _is_kind_made(context: ObjectContext) -> bool:
    for change in context.request.dependencies.values():
        if change.kind.endswith("/CustomResourceDefinition") and change.action is Action.CREATE:
            spec: Any = change.values.get("spec") or {}
            if spec.get("group") == context.key.group and (spec.get("names") or {}).get("kind") == context.key.kind:
                return True
    return False


def _ends_in_this_plan(context: ObjectContext) -> bool:
    """True when what must end first is still there, so that the cluster would refuse the object now.

    What the account may not even read it cannot end either: the dry run reports it then.
    """
    get, first = context.platform.client.get, private_of(context.desired).comes_after
    found = (unless(Failure.FORBIDDEN, partial(get, Key.parse(*at)), None) for at in first)
    return any(one is not None for one in found)


def _not_served(context: ObjectContext) -> ProviderError:
    key = context.key
    installer = _INSTALLERS.get(key.group)
    what = f"Install {installer} on the cluster" if installer else f"Install what defines {key.kind} on the cluster"
    return context.error(
        "Kind is not served",
        f"{context.desired.address} is a {key.kind} of {key.api}, which this cluster does not know.",
        f"{what}, or declare its CustomResourceDefinition as a Manifest of this stack.",
    )
