"""What planning and applying work on: one environment of a stack, connected to its platforms and its state.

The command line opens it; `plan.planner` reads from it; `apply.applier` executes against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wlinfra.plan.place import Places
from wlinfra.provider.base import Connection
from wlinfra.stack.program import Declared
from wlinfra.state.key import Digest
from wlinfra.state.model import State
from wlinfra.state.siblings import Siblings

__all__ = ["Inputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One environment: what is declared, what is recorded, and the way to its platforms."""

    declared: Declared
    state: State
    connections: Mapping[str, Connection] = field(default_factory=dict)
    """By the provider's name in the environment."""
    digest: Digest = field(default_factory=Digest)
    places: Places = field(default_factory=Places)
    """Where the connections lead."""
    siblings: Siblings = field(default_factory=Siblings)
    """The other states of the state directory."""
