"""The front door: one environment of a stack, to plan and apply from Python.

    with wl.open_workspace("infra.py", "prod") as workspace:
        plan = workspace.plan()
        workspace.apply(plan, on_event=print)

The command line uses the same object; `opening` finds what it works on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from wlinfra.errors import ConfigurationError, WlinfraError
from wlinfra.plan.file import PlanSource, seal
from wlinfra.plan.model import Plan, PlanOptions
from wlinfra.resources.declaring import caller, locate, require, require_dict
from wlinfra.stack.program import DEFAULT_FILE, Declared, External, require_externals
from wlinfra.stack.stack import Stack
from wlinfra.state.model import HistoryEntry, State
from wlinfra.values import Address, Json
from wlinfra.workspace.host import Asked, Host
from wlinfra.workspace.opened import Opened
from wlinfra.workspace.opening import open_site

if TYPE_CHECKING:
    from wlinfra.apply.events import ApplyEvent
    from wlinfra.state.session import StateSession
    from wlinfra.workspace.applying import Applied

__all__ = ["Workspace", "open_workspace"]


def open_workspace(
    program: Stack[Any] | Path | str = DEFAULT_FILE,
    environment: str = "",
    *,
    settings: Mapping[str, object] | None = None,
    settings_file: Path | str = "",
    state_dir: Path | str = "",
    environ: Mapping[str, str] | None = None,
    providers: Mapping[str, Any] | None = None,
    ending: bool = False,
    externals: Sequence[External] = (),
    partial: bool = False,
) -> Workspace:
    """Open one environment of a stack; run the program once, call no platform.

    ``program`` is a stack, or the file that defines one. ``environment`` may be left out where there is only one.
    ``settings`` and ``settings_file`` do what ``--set`` and ``--settings`` do. The state is kept in ``state_dir``, by
    default in ``.wlinfra`` next to the program, or in the current directory for a stack that is no file. ``environ``
    replaces the environment variables of the process, and ``providers`` adds to those installed, by name. With
    ``ending``, for a workspace that is only destroyed, what is wrong with the program is a warning. ``externals`` are
    resources that are declared elsewhere: the program may refer to them, and they are never planned. With ``partial``
    the program declares some of the resources of the environment, and the others are left as they are. Raises
    DeclarationError with everything that is wrong with the program, ConfigurationError for what was given here.
    """
    fix = 'Write it as wl.open_workspace("infra.py", "prod").'
    require(program, (str, Path, Stack), "wl.open_workspace", "a stack or the path of its program", fix)
    require(environment, str, "environment= of wl.open_workspace", "the name of an environment", fix)
    for what, given in (("settings", settings), ("environ", environ), ("providers", providers)):
        require_dict(given, f"{what}= of wl.open_workspace", f"Write it as {what}={{...}}.")
    require_externals(externals, "externals= of wl.open_workspace")
    for what, path in (("settings_file", settings_file), ("state_dir", state_dir)):
        require(path, (str, Path), f"{what}= of wl.open_workspace", "a path", f'Write it as {what}="...".')
    variables = os.environ if environ is None else environ
    host = Host(environ=variables, directory=Path.cwd(), providers=dict(providers or {}))
    asked = Asked(
        file=str(Path.cwd() if isinstance(program, Stack) else program),
        environment=environment,
        state_dir=str(state_dir),
        settings=str(settings_file),
        overrides=[f"{name}={_as_given(name, value)}" for name, value in (settings or {}).items()],
        externals=tuple(externals),
        partial=partial,
    )
    stack = program if isinstance(program, Stack) else None
    return Workspace(open_site(asked, host, stack=stack, ending=ending))


def _as_given(name: str, value: object) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ConfigurationError.of(
            "Setting is wrong",
            f"The setting {name} is of type {type(value).__name__}, which JSON cannot represent.",
            "Give a string, a number, a truth value, or a list or dict of them.",
        ) from error


def _refuse_no_parallelism(parallelism: int) -> None:
    """Raise ConfigurationError for a number with which no step would ever begin, under the lock."""
    if parallelism < 1:
        raise ConfigurationError.of(
            "Parallelism is wrong", f"parallelism is {parallelism}, so no step could begin.", "Give 1 or more."
        )


def _as_options(options: PlanOptions | None) -> PlanOptions:
    if options is None:
        return PlanOptions()
    fix = 'Write it as workspace.plan(wl.PlanOptions(targets=("workload.chat",))).'
    require(options, PlanOptions, "A workspace", "wl.PlanOptions or a plan of its own", fix)
    return options


class Workspace:
    """One environment of a stack, opened; a context manager that closes its connections.

    Everything raises `WlinfraError`, whose ``diagnostics`` explain what is wrong, where, and how to correct it. One
    workspace is used by one thread at a time.
    """

    def __init__(self, opened: Opened) -> None:
        """Use `open_workspace`."""
        self._at_hand: Opened | None = opened

    @property
    def _opened(self) -> Opened:
        """What is open; raises ConfigurationError after `close`, as an emulator of its own ended with it."""
        if self._at_hand is None:
            raise ConfigurationError.of(
                "Workspace is closed",
                "close() was called, or the with block it was opened for has ended, so its connections are closed.",
                'Use it inside the with block, or open it again: wl.open_workspace("infra.py", "prod").',
                location=locate(caller()),
            )
        return self._at_hand

    @property
    def declared(self) -> Declared:
        """What the program declares for the environment."""
        return self._opened.declared

    @property
    def state(self) -> State:
        """What is recorded now."""
        return self._opened.store.load()

    def plan(self, options: PlanOptions | None = None) -> Plan:
        """Return what an apply would do, without a lock; nothing is changed.

        What cannot be planned is in the plan's ``errors``. When another run is applying, the plan says so.
        """
        return self._opened.plan(_as_options(options))

    def drift(self, options: PlanOptions | None = None) -> Plan:
        """Return what others changed since the last apply: a plan that would only record it."""
        return self._opened.plan(replace(_as_options(options), refresh_only=True))

    def apply(
        self,
        plan: Plan | PlanOptions | None = None,
        *,
        approve: Callable[[Plan], bool] | None = None,
        adopt: bool = False,
        on_event: Callable[[ApplyEvent], None] | None = None,
        wait: bool = True,
        parallelism: int = 32,
        lock_timeout: float = 0.0,
    ) -> Applied:
        """Apply, under the lock; return what came of it, also when a part of it failed: look at ``ok``.

        With an earlier plan, exactly that is done, or StalePlanError is raised. Otherwise the plan is
        created now, and ``approve`` is called with it when it changes something; without ``approve`` it is applied as it
        is, except for objects that only their name ties to this stack, which need ``adopt``. ``on_event`` is called
        with everything that happens. Raises LockedError after ``lock_timeout`` seconds.
        """
        from wlinfra.apply.events import ApplyOptions
        from wlinfra.workspace.applying import Running, apply, apply_sealed
        from wlinfra.workspace.approving import Approval

        _refuse_no_parallelism(parallelism)
        running = Running(
            on_event=on_event or (lambda _: None),
            options=ApplyOptions(wait=wait, parallelism=parallelism),
            lock_timeout=lock_timeout,
        )
        if isinstance(plan, Plan):
            WlinfraError.raise_for(plan.errors)
            sealed = seal(plan, self._opened.digest, text="", document={}, source=PlanSource())
            return apply_sealed(self._opened, sealed, running, again="workspace.plan()")
        return apply(self._opened, _as_options(plan), Approval(ask=approve, adopt=adopt), running)

    def destroy(
        self,
        *,
        approve: Callable[[Plan], bool] | None = None,
        on_event: Callable[[ApplyEvent], None] | None = None,
        lock_timeout: float = 0.0,
    ) -> Applied:
        """Destroy everything that is recorded, as `apply` does."""
        options = PlanOptions(destroy=True)
        return self.apply(options, approve=approve, on_event=on_event, lock_timeout=lock_timeout)

    def import_(self, address: str, id: str, *, lock_timeout: float = 0.0) -> tuple[Address, str]:  # noqa: A002
        """Record that a declared object is the one with that id; nothing is changed on the platform.

        Returns the object's own address and the platform's id.
        """
        from wlinfra.workspace.importing import import_object

        for what, given in (("address", address), ("id", id)):
            require(
                given, str, f"{what} of import_", "a string", 'Write it as workspace.import_("workload.chat", "65f0").'
            )
        return import_object(self._opened, address, id, lock_timeout=lock_timeout)

    def forget(self, address: str, *, lock_timeout: float = 0.0) -> tuple[Address, ...]:
        """Forget an object, or all objects of a resource, without destroying it; return their addresses.

        Raises StateRefusedError when nothing is recorded at the address, LockedError after ``lock_timeout`` seconds.
        """
        from wlinfra.state.move import forget_objects

        require(address, str, "address of forget", "a string", 'Write it as workspace.forget("workload.chat").')
        with self._writing("state rm", f"forgot {address}", lock_timeout) as session:
            return tuple(item.address for item in forget_objects(session, Address(address)).objects)

    def move(self, old: str, new: str, *, lock_timeout: float = 0.0) -> Mapping[Address, Address]:
        """Record an object, or all objects of a resource, under another address; return old and new addresses.

        Raises StateRefusedError for what cannot be moved, LockedError after ``lock_timeout`` seconds.
        """
        from wlinfra.state.move import move_objects

        for what, given in (("old", old), ("new", new)):
            fix = 'Write it as workspace.move("workload.shop", "workload.store").'
            require(given, str, f"{what} of move", "a string", fix)
        with self._writing("state mv", f"moved {old} to {new}", lock_timeout) as session:
            return move_objects(session, Address(old), Address(new))

    @contextmanager
    def _writing(self, operation: str, done: str, lock_timeout: float) -> Iterator[StateSession]:
        """Hold the lock, open the state, and put into the history what was done to it."""
        from wlinfra.workspace.locking import lock_request
        from wlinfra.workspace.writing import add_history, writing

        request = lock_request(self._opened.host, operation, lock_timeout)
        with writing(self._opened.store, request, self._opened.host) as (_, session):
            yield session
            add_history(session, request, done)

    def outputs(self) -> Mapping[str, Json]:
        """Return the outputs of the last apply; a sensitive one is recorded without its value."""
        return self.state.outputs

    def history(self) -> Sequence[HistoryEntry]:
        """Return every apply, oldest first."""
        return self._opened.store.history()

    def close(self) -> None:
        """Close the connections; everything but a second `close` raises ConfigurationError from then on."""
        if self._at_hand is not None:
            self._at_hand.close()
            self._at_hand = None

    def __enter__(self) -> Self:
        """Return the workspace; raises ConfigurationError for one that is closed."""
        self._opened  # noqa: B018 - raises when it is closed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
