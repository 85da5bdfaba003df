"""Everything a provider needs: the contract, the values it answers with, and the default planner.

This is the only door into the core for providers, ours too. In addition to it they import the resources
(`wlinfra.resources`), the words of every layer (`wlinfra.values`, `wlinfra.errors`, `wlinfra.remedies`), the HTTP layer (`wlinfra.http`,
`wlinfra.clock`), `wlinfra.emulation` and, in tests, `wlinfra.testing`.

A provider is a distribution with an entry point in the group ``wlinfra.providers``; `wlinfra.testing.contract.ProviderContract`
checks whether it keeps the contract.
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
from wlinfra.changes.outcome import changes_nothing_live, needs_call
from wlinfra.diff.compare import compare
from wlinfra.diff.declared import DeclaredPaths
from wlinfra.diff.model import SENSITIVE, AttributeChange, Origin
from wlinfra.diff.private import is_open_to_all
from wlinfra.diff.project import key_elements
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
    ReadRequest,
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
)
from wlinfra.provider.emulating import EmulatorOptions, RunningEmulator, ShipsEmulator
from wlinfra.provider.kit import ConnectionOptions, PlatformConnection, Questions, Reached, hidden
from wlinfra.provider.operation import Operation, Operations, Sent
from wlinfra.provider.optional import (
    DeclaresLive,
    DescribesItself,
    KnowsItsPlace,
    KnowsItsTarget,
    KnowsOwners,
    NotifiesChanges,
    PlansFromFacts,
    PlansInParallel,
    SeesWholePlan,
    Stray,
    WorksFromRecords,
)
from wlinfra.provider.options import public_options, wrong_options
from wlinfra.provider.others import OncePerPlan, Others
from wlinfra.provider.rendering import Manifest, RenderedObject, WritesManifests, WritesRoles, merge_shared
from wlinfra.quantities import memory_bytes
from wlinfra.resources.lifecycle import Lifecycle, ReplaceOrder
from wlinfra.state.key import Digest
from wlinfra.state.model import Intent, ObjectState, SecretDigest

__all__ = [
    "OPAQUE",
    "SENSITIVE",
    "Absent",
    "Action",
    "ActionReason",
    "Ambiguous",
    "Attribute",
    "AttributeChange",
    "BlastRadius",
    "Change",
    "Closeable",
    "Connection",
    "ConnectionOptions",
    "Decision",
    "DeclaredPaths",
    "DeclaresLive",
    "DescribesItself",
    "DidNotHappen",
    "Digest",
    "Done",
    "Effect",
    "EmulatorOptions",
    "Failed",
    "Gate",
    "Goal",
    "GpuCount",
    "Happened",
    "Impact",
    "Intent",
    "KnowsItsPlace",
    "KnowsItsTarget",
    "KnowsOwners",
    "Lifecycle",
    "Live",
    "Manifest",
    "NotifiesChanges",
    "ObjectState",
    "OncePerPlan",
    "Operation",
    "Operations",
    "Origin",
    "Others",
    "PlanRequest",
    "PlansFromFacts",
    "PlansInParallel",
    "PlatformConnection",
    "PlatformObject",
    "Provider",
    "ProviderContext",
    "Questions",
    "Reached",
    "ReadRequest",
    "Reading",
    "Ready",
    "Recovery",
    "Refused",
    "RefusedForNow",
    "RenderedObject",
    "Repeat",
    "ReplaceOrder",
    "RunningEmulator",
    "SecretDigest",
    "SeesWholePlan",
    "Sent",
    "ShipsEmulator",
    "Status",
    "Step",
    "StepResult",
    "Stray",
    "UnclearOutcome",
    "UnknownOutcome",
    "Unreadable",
    "Waiting",
    "WaitingStill",
    "WorksFromRecords",
    "WritesManifests",
    "WritesRoles",
    "changes_nothing_live",
    "compare",
    "default_decision",
    "default_goal",
    "fields",
    "hidden",
    "is_open_to_all",
    "key_elements",
    "memory_bytes",
    "merge_shared",
    "needs_call",
    "public_options",
    "wrong_options",
]
