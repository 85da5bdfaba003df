"""The engine in this process, on the in-memory platform: declare, plan, apply, with the state on disk.

H8 and H11 use it to leave the network out of what they measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import Unpack

from wlinfra import Stack, declare
from wlinfra.apply.applier import apply_plan
from wlinfra.apply.events import ApplyOptions, ApplyResult
from wlinfra.apply.stop import StopSignal
from wlinfra.clock import SystemClock
from wlinfra.plan.inputs import Inputs
from wlinfra.plan.model import Plan
from wlinfra.plan.planner import build_plan
from wlinfra.provider.base import ProviderContext
from wlinfra.resources.base import Resource, ResourceOptions
from wlinfra.stack.program import Declared
from wlinfra.state.files import DiskStats
from wlinfra.state.key import Digest
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra.testing import MemoryProvider

__all__ = ["Bed", "Item", "declare_all"]


class Item(Resource):
    """A resource with one free value."""

    type: ClassVar[str] = "item"

    value: Any = None

    if TYPE_CHECKING:

        def __init__(self, name: str, /, *, value: Any = None, **options: Unpack[ResourceOptions]) -> None: ...


def declare_all(make: Callable[[], Iterable[Resource]]) -> Declared:
    """Return a stack's declaration of these resources."""
    stack = Stack("bench")
    stack.environment("prod", provider="memory")
    stack.resources(lambda _: make())
    return declare(stack, "prod")


class Bed:
    """One stack on one platform in memory."""

    def __init__(self, directory: Path, provider: MemoryProvider, declared: Declared) -> None:
        self._store = LocalStateStore(directory, declared.stack, declared.environment)
        self._declared = declared
        self._digest = Digest(b"k" * 32)
        context = ProviderContext(
            name="default",
            options={},
            environ={},
            data_dir=directory,
            stack=declared.stack,
            environment=declared.environment,
        )
        self._connection = provider.connect(context)

    @property
    def stats(self) -> DiskStats:
        """What was asked of the disk so far."""
        return self._store.disk.stats

    def plan(self) -> Plan:
        """Return a plan from the state on disk."""
        return build_plan(self._inputs())

    def apply(self, plan: Plan, *, parallelism: int = 32) -> ApplyResult:
        """Apply the plan and return the result; raises RuntimeError when anything failed."""
        request = LockRequest(owner="bench", operation="apply")
        with self._store.acquire(request) as lease, self._store.open(lease) as session:
            result = apply_plan(
                plan,
                self._inputs(),
                session,
                options=ApplyOptions(parallelism=parallelism),
                listener=lambda _: None,
                stop=StopSignal(),
                clock=SystemClock(),
            )
        if not result.ok:
            raise RuntimeError(f"the apply failed: {result.failed[:1]}")
        return result

    def _inputs(self) -> Inputs:
        return Inputs(
            declared=self._declared,
            state=self._store.load(),
            connections={"default": self._connection},
            digest=self._digest,
        )
