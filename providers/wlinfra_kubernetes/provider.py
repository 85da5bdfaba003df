"""The Kubernetes provider: connects, and hands each of the seven questions to the module that answers it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wlinfra.errors import Diagnostic
from wlinfra.http.pool import leave_warning_to_us, unverified
from wlinfra.provider import (
    AttributeChange,
    Connection,
    Decision,
    Intent,
    Live,
    PlanRequest,
    PlatformObject,
    ProviderContext,
    Reading,
    Recovery,
    RenderedObject,
    Status,
    Step,
    StepResult,
    Stray,
    Waiting,
    Wanted,
    hidden,
)
from wlinfra.resources.base import Resource
from wlinfra.values import Address
from wlinfra_manifests.targets import target_of

from .cluster.client import ClientOptions, ClusterClient
from .cluster.session import open_session
from .configuration import KubernetesConfig, parse_config
from .ownership.identity import Identity
from .platform import Platform
from .scope import Scope

__all__ = ["KubernetesConnection", "connect"]

_GRACE = 1.0
"""Seconds on top of a request's own timeouts until its effect counts as impossible."""


def connect(context: ProviderContext) -> Connection:
    """Return a connection; raises ConfigurationError for wrong options. The kubeconfig is not looked at yet."""
    return KubernetesConnection(context, parse_config(context.options))


class KubernetesConnection:
    """A configured cluster; it opens its client with the first question to it."""

    def __init__(self, context: ProviderContext, config: KubernetesConfig) -> None:
        self._context = context
        self._config = config
        name = context.stack if context.name == "default" else f"{context.stack}-{context.name}"
        identity = Identity(stack=name, environment=context.environment, namespace=config.namespace)
        target = target_of(config.target, stack=context.stack, namespace=config.namespace, bundles=config.bundles)
        self.platform = Platform(
            config=config, identity=identity, target=target, open=self._open, now=time.time, lineage=context.lineage
        )
        self._scope = Scope(identity, target, context.name)

    @property
    def plan_parallelism(self) -> int:
        """Each plan is a request, so that several are under way at once."""
        return self._config.parallelism

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return what is wrong with the resource on this platform."""
        from .check import check

        return tuple(check(self._scope, resource))

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the objects the resource stands for."""
        from .expand import expand

        return expand(self._scope, resource, dependencies)

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        """Return the objects of the resource as files hold them."""
        from .rendering import manifests

        return manifests(self._scope, resource)

    def implied(self, objects: Sequence[PlatformObject]) -> Sequence[PlatformObject]:
        """Return the inventory, for a stack that has objects on the cluster."""
        from .ownership.inventory import inventory_of

        real = [item for item in objects if not item.virtual and not item.lookup]
        return (inventory_of(self.platform.identity, self._scope.provider, real),) if real else ()

    def review(self, objects: Sequence[PlatformObject]) -> Sequence[Diagnostic]:
        """Return an error for each pattern of ``conflicts`` that no declared field matches."""
        from .documents.policies import idle_patterns

        return tuple(idle_patterns(self._config.conflicts, objects))

    def rights(self, objects: Sequence[PlatformObject], *, account: str = "") -> Sequence[RenderedObject]:
        """Return the roles an account needs for these objects, with bindings to it or to fill in."""
        from .rights import rights
        from .subjects import subject_of

        return rights(self.platform.identity, objects, subject_of(account))

    def strays(self, known: Sequence[Wanted]) -> Sequence[Stray]:
        """Return what has our label and nobody knows."""
        from .strays import strays

        return strays(self.platform, known)

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift that others made: a value that we alone own is as the cluster made it of our own apply."""
        from .planning.attributes import theirs

        return theirs(self.platform.identity, reading, drift)

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        """Return the drift with who made it."""
        from .planning.attributes import explained

        return explained(self.platform.identity, reading, drift)

    def read(self, wanted: Sequence[Wanted]) -> Sequence[Reading]:
        """Return one reading for each."""
        from .read import read

        return read(self.platform, wanted)

    def plan(self, request: PlanRequest) -> Decision:
        """Return what must happen to one object, by the cluster's own dry run."""
        from .planning.plan import plan

        change = plan(self.platform, request)
        if not change.steps:
            return change
        timeout = self._config.connect_timeout + self._config.read_timeout + _GRACE
        return replace(change, steps=tuple(replace(step, timeout=timeout) for step in change.steps))

    def run(self, step: Step) -> StepResult:
        """Make the one call of a step."""
        from .run import run

        return run(self.platform, step)

    def recover(self, intent: Intent) -> Recovery:
        """Return whether an interrupted step took effect."""
        from .operations.table import OPERATIONS

        return OPERATIONS.recover(self.platform, intent)

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return one status for each."""
        from .poll import poll

        return [hidden(status, self.platform.client.hide) for status in poll(self.platform, waiting)]

    def place(self) -> Mapping[str, str]:
        """Return which cluster this is: by the uid of its own namespace, else by its address and authority."""
        from .place import place_of

        return place_of(self.platform.client)

    def on_change(self, notify: Callable[[], None]) -> None:
        """Register what is called when something awaited has changed."""
        self.platform.watches.tell = notify

    def close(self) -> None:
        """Close the connections."""
        self.platform.close()

    def _open(self) -> ClusterClient:
        context, config = self._context, self._config
        options = ClientOptions(
            manager=self.platform.identity.manager,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            retries=config.retries,
            user_agent=f"wlinfra ({context.stack}/{context.environment})",
            guard=context.guard,
            stop=context.stop,
            tell=context.tell,
        )
        session = open_session(config, context.environ)
        if not session.is_verified:
            leave_warning_to_us()
            context.tell(unverified(session.told))
        return ClusterClient(session, options)
