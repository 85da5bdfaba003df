"""Opens an environment: finds the program and its record, and runs the program for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wlinfra.stack.program import Declared, declare, declare_for_destroy
from wlinfra.stack.settings import parse_overrides
from wlinfra.stack.stack import Stack
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Json
from wlinfra.workspace.host import Asked, Host
from wlinfra.workspace.opened import Opened
from wlinfra.workspace.records import declared_by_record, find_site_to_end
from wlinfra.workspace.site import Site, find_site

__all__ = ["open_site"]


def open_site(
    asked: Asked,
    host: Host,
    *,
    stack: Stack[Any] | None = None,
    ending: bool = False,
    saved_settings: Mapping[str, Any] | None = None,
) -> Opened:
    """Open the environment that is named; raises what is wrong with the program before any call.

    ``stack`` is the program where it is no file. With ``ending``, for a plan that destroys everything recorded, errors of the program become warnings. ``saved_settings`` are
    those that a saved plan was created with.
    """
    if ending and stack is None:
        site, wrong = find_site_to_end(asked, host)
    else:
        site, wrong = find_site(asked, host, stack), ()
    if site.stack is None:
        return Opened(site, host, declared_by_record(site, site.store().load(), wrong))
    return Opened(site, host, _declare(site, site.stack, asked, host, ending=ending, saved_settings=saved_settings))


def _declare(
    site: Site,
    stack: Stack[Any],
    asked: Asked,
    host: Host,
    *,
    ending: bool = False,
    saved_settings: Mapping[str, Any] | None = None,
) -> Declared:
    """Return what the program declares; its warnings are for the plan to show.

    ``ending``: everything recorded is to be destroyed, and a program with errors is enough for that.
    """
    run = declare_for_destroy if ending else declare
    with host.running():
        return run(
            stack,
            site.environment,
            overrides=parse_overrides(asked.overrides),
            environ=host.environ,
            settings_file=host.path(asked.settings) if asked.settings else None,
            saved_settings=saved_settings,
            outputs_reader=_OutputsReader(site.root),
            externals=asked.externals,
            partial=asked.partial,
        )


@dataclass(frozen=True, slots=True)
class _OutputsReader:
    """Reads the outputs that other stacks recorded next to this one."""

    root: Path

    def __call__(self, stack: str, environment: str) -> Mapping[str, Json] | None:
        state = LocalStateStore(self.root, stack, environment).load()
        return state.outputs if state.lineage else None
