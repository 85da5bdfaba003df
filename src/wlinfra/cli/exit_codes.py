"""What each exit code means; scripts may rely on these."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The exit code of a command.

    Errors of the library carry theirs in `WlinfraError.exit_code`, the same numbers.
    """

    OK = 0
    """Done; with --detailed-exitcode also: there is nothing to change."""
    ERROR = 1
    """Something failed: a wrong argument, the program, a platform, an apply that was done in part."""
    CHANGES = 2
    """Only with --detailed-exitcode: the plan has changes."""
    STALE_PLAN = 10
    """What would be done now is not what the saved plan approved."""
    LOCKED = 11
    """Another run holds the lock, or this one lost it."""
    STATE_DAMAGED = 12
    """The state cannot be read or written."""
    INTERRUPTED = 13
    """The user stopped the run; what was done is recorded."""
    OTHER_PLACE = 14
    """What is recorded lies at another cluster, installation or account than the one that answers."""
    BUG = 70
    """A bug in wlinfra; please report it."""
