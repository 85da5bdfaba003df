"""Everything a provider needs: the contract, the values it answers with, and the default planner.

A provider is a distribution with an entry point in the group ``wlinfra.providers``; `wlinfra.testing.ProviderContract`
tells whether it keeps the contract.
"""

from __future__ import annotations

from wlinfra.changes.change import Change
from wlinfra.changes.default import default_decision, default_goal
from wlinfra.changes.model import (
    Action,
    ActionReason,
    BlastRadius,
    Decision,
    Gate,
    Goal,
    GpuCount,
    Impact,
    PlatformObject,
    Repeat,
    Step,
)
from wlinfra.diff.schema import OPAQUE, Attribute, Effect, fields
from wlinfra.provider.base import (
    Absent,
    Ambiguous,
    Closeable,
    Connection,
    DidNotHappen,
    Done,
    Failed,
    Happened,
    Live,
    PlanRequest,
    Provider,
    ProviderContext,
    Reading,
    Ready,
    Recovery,
    Refused,
    RefusedForNow,
    Status,
    StepResult,
    UnclearOutcome,
    UnknownOutcome,
    Unreadable,
    Waiting,
    WaitingStill,
    Wanted,
)
from wlinfra.provider.optional import Stray
from wlinfra.provider.others import Others
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState

__all__ = [
    "OPAQUE",
    "Absent",
    "Action",
    "ActionReason",
    "Ambiguous",
    "Attribute",
    "BlastRadius",
    "Change",
    "Closeable",
    "Connection",
    "Decision",
    "DidNotHappen",
    "Digest",
    "Done",
    "Effect",
    "Failed",
    "Gate",
    "Goal",
    "GpuCount",
    "Happened",
    "Impact",
    "Intent",
    "Lifecycle",
    "Live",
    "ObjectState",
    "Others",
    "PlanRequest",
    "PlatformObject",
    "Provider",
    "ProviderContext",
    "Reading",
    "Ready",
    "Recovery",
    "Refused",
    "RefusedForNow",
    "Repeat",
    "ReplaceOrder",
    "Status",
    "Step",
    "StepResult",
    "Stray",
    "UnclearOutcome",
    "UnknownOutcome",
    "Unreadable",
    "Waiting",
    "WaitingStill",
    "Wanted",
    "default_decision",
    "default_goal",
    "fields",
]
