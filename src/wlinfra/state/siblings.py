"""The other states of a state directory: whose is an object that is about to be taken over or ended?

`plan.owners` and `wlinfra import` ask. The files are read, without their locks, at the first question; a sibling that
is applied at this moment may record an object right after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wlinfra.errors import StateDamagedError
from wlinfra.remedies import Advice, repair
from wlinfra.state.journal import read_records
from wlinfra.state.model import State
from wlinfra.state.snapshot import Paths, load_files, parse_header, read_optional, read_snapshot
from wlinfra.values import Address

__all__ = ["Owner", "Siblings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What another state records of an object."""

    stack: str
    environment: str
    address: Address
    is_certain: bool = True
    """False where an interrupted step may have made the object."""

    @property
    def shown(self) -> str:
        """How it is called in messages."""
        return f"environment {self.environment} of stack {self.stack}"


@dataclass(slots=True, kw_only=True)
class Siblings:
    """Every other state below one directory; without a directory there is none."""

    root: Path | None = None
    own: Path | None = None
    """The directory of the state at hand."""
    _states: Sequence[State] | None = field(default=None, init=False)

    def find(
        self,
        *,
        kind: str,
        name: str,
        identity: str,
        is_here: Callable[[State, str], bool],
    ) -> Owner | None:
        """Return who records the object; ``is_here`` returns whether a provider of a state is at the place at hand."""
        for state in self._loaded():
            for record in state.objects.values():
                ids = (record.id, *(left.id for left in record.deposed))
                if record.kind == kind and identity in ids and is_here(state, record.provider):
                    return Owner(stack=state.stack, environment=state.environment, address=record.address)
            for intent in state.intents:
                makes = intent.makes and bool(name) and (intent.kind, intent.name) == (kind, name)
                if makes and is_here(state, intent.provider):
                    address = Address(intent.address)
                    return Owner(stack=state.stack, environment=state.environment, address=address, is_certain=False)
        return None

    def _loaded(self) -> Sequence[State]:
        if self._states is None:
            self._states = tuple(self._load())
        return self._states

    def _load(self) -> Iterator[State]:
        folders = () if self.root is None else sorted(self.root.glob("*/*/"))
        for folder in folders:
            if folder == self.own:
                continue
            paths = Paths(folder)
            try:
                names = _names(paths)
            except (ValueError, KeyError, TypeError) as error:
                raise StateDamagedError.of(
                    "State next to this one damaged",
                    f"The state in {folder} cannot be read. Before an object is taken over or ended, every state of the directory is asked whether it records that.",
                    Advice("Repair it in its own project, or move its folder away:", repair()),
                ) from error
            if names is not None:
                yield load_files(paths, *names).ledger.view()


def _names(paths: Paths) -> tuple[str, str] | None:
    """Return the stack and environment of a state, which its folder's name need not spell; None without a state."""
    data = read_optional(paths.journal)
    if data:
        first = data[: data.find(b"\n") + 1]
        records = read_records(first).bodies
        if records:
            header = parse_header(records[0])
            return header.stack, header.environment
    found = read_snapshot(paths.snapshot)
    return None if found is None else (found[0].stack, found[0].environment)
