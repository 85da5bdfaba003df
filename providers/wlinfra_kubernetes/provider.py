"""The Kubernetes provider: connects, and names the function that answers each question."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from wlinfra.errors import Diagnostic
from wlinfra.http.pool import leave_warning_to_us, unverified
from wlinfra.provider import (
    AttributeChange,
    Connection,
    Live,
    PlatformConnection,
    PlatformObject,
    ProviderContext,
    Questions,
    ReadRequest,
    RenderedObject,
    Stray,
)
from wlinfra.resources.base import Resource
from wlinfra.values import Address
from wlinfra_manifests.targets import target_of

from .accounts import account_of
from .check import check
from .cluster.client import ClusterClient
from .cluster.session import open_session
from .configuration import KubernetesConfig
from .documents.policies import idle_patterns
from .expand import expand
from .expand_context import ExpandContext
from .finding import declared_again, existing, find
from .operations.table import OPERATIONS
from .outcome import outcome, prepare
from .ownership.identity import Identity
from .ownership.inventory import inventory_of
from .planning.attributes import explained, theirs
from .planning.plan import plan
from .platform import Platform
from .poll import poll
from .read import read
from .rendering import manifests
from .rights import rights
from .strays import strays

__all__ = ["KubernetesConnection", "connect"]

_QUESTIONS: Final = Questions(read=read, plan=plan, operations=OPERATIONS, outcome=outcome, poll=poll, prepare=prepare)


def connect(context: ProviderContext) -> Connection:
    """Return a connection; raises ConfigurationError for wrong options. The kubeconfig is not looked at yet."""
    return KubernetesConnection(context, KubernetesConfig.parse(context.options))


class KubernetesConnection(PlatformConnection[Platform]):
    """A configured cluster; it opens its client with the first question to it."""

    def __init__(self, context: ProviderContext, config: KubernetesConfig) -> None:
        name = context.stack if context.name == "default" else f"{context.stack}-{context.name}"
        identity = Identity(stack=name, environment=context.environment, namespace=config.namespace)
        target = target_of(config.target, stack=context.stack, namespace=config.namespace, bundles=config.bundles)

        def open_client() -> ClusterClient:
            session = open_session(config, context.environ)
            if not session.is_verified:
                leave_warning_to_us()
                context.report(unverified(session.shown_url))
            return ClusterClient(session, config.sending(context), manager=identity.manager)

        platform = Platform(
            config=config, identity=identity, target=target, open=open_client, now=time.time, lineage=context.lineage
        )
        super().__init__(platform, lambda: _QUESTIONS, config)
        self._expanding = ExpandContext(identity, target, context.name)

    @property
    def plan_parallelism(self) -> int:
        """Each plan is a request, so that several are under way at once."""
        return self.platform.config.parallelism

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return what is wrong with the resource on this platform."""
        return tuple(check(self._expanding, resource))

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the objects the resource stands for."""
        return expand(self._expanding, resource, dependencies)

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        """Return the objects of the resource as files hold them."""
        return manifests(self._expanding, resource)

    def implied(self, objects: Sequence[PlatformObject]) -> Sequence[PlatformObject]:
        """Return the inventory, for a stack that has objects on the cluster."""
        real = [item for item in objects if not item.virtual and not item.lookup]
        return (inventory_of(self.platform.identity, self._expanding.provider, real),) if real else ()

    def review(self, objects: Sequence[PlatformObject], *, partial: bool) -> Sequence[Diagnostic]:
        """Return an error for each pattern of ``conflicts`` that no declared field matches."""
        return () if partial else tuple(idle_patterns(self.platform.config.conflicts, objects))

    def rights(self, objects: Sequence[PlatformObject], *, account: str = "") -> Sequence[RenderedObject]:
        """Return the roles an account needs for these objects, with bindings to it or to fill in."""
        return rights(self.platform.identity, objects, account_of(account))

    def strays(self, known: Sequence[ReadRequest]) -> Sequence[Stray]:
        """Return what has our label and is not recorded."""
        return strays(self.platform, known)

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift that others made: a value that we alone own is as the cluster made it of our own apply."""
        return theirs(self.platform.identity, reading, drift)

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift with who made it."""
        return explained(self.platform.identity, reading, drift)

    def find(self, model: type[Resource], identity: str) -> Sequence[str]:
        """Return namespace and name of the workload that has the name."""
        return find(self.platform, model, identity)

    def declared(self, model: type[Resource], identity: str, *, name: str) -> Resource:
        """Return the workload that would be rendered as what is live."""
        return declared_again(self.platform, model, identity, name=name)

    def existing(self, model: type[Resource]) -> Iterator[tuple[str, str]]:
        """Yield namespace/name and name of each workload of the namespace."""
        return existing(self.platform, model)

    def target(self) -> Mapping[str, str]:
        """Return nothing, as only the cluster says which one it is; raises ConfigurationError without a way to it."""
        self.platform.client.server  # noqa: B018 - raises when there is none
        return {}

    def place(self) -> Mapping[str, str]:
        """Return which cluster this is: by the uid of its own namespace, else by its address and authority."""
        return self.platform.client.place()

    def on_change(self, notify: Callable[[], None]) -> None:
        """Register what is called when something awaited has changed."""
        self.platform.watches.notify = notify
