"""Which process holds a lock, and whether it is still there."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Holder", "boot_id", "is_gone", "is_here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process on a machine."""

    host: str = ""
    pid: int = 0
    machine: str = ""
    """Tells machines, their starts and containers apart, since several can have the same host name."""
    process_start: str = ""
    """Tells this process from a later one with the same pid; empty where the system does not say."""

    @classmethod
    def of_this_process(cls) -> Holder:
        """Return the process this is called in."""
        pid = os.getpid()
        return cls(host=os.uname().nodename, pid=pid, machine=_machine(), process_start=_start_of(pid) or "")


def is_here(holder: Holder) -> bool:
    """True when the process ran on this machine since its last start, so that its end can be seen."""
    return holder.host == os.uname().nodename and holder.machine == _machine()


def is_gone(holder: Holder) -> bool:
    """True when the process ran on this machine and has ended; False when that is unknown."""
    if not is_here(holder):
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it runs as another user
    start = _start_of(holder.pid)
    return start is not None and start != holder.process_start


def boot_id() -> str:
    """Return which start of which machine this is, for times counted from it; empty where the system does not say.

    A container may count from another instant than its host, which its time namespace shows.
    """
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    try:
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except OSError:  # a kernel without time namespaces
        return boot


def _machine() -> str:
    if sys.platform != "linux":
        return os.uname().nodename
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"unknown {os.getpid()}"


def _start_of(pid: int) -> str | None:
    """Return when the process started, in the kernel's ticks; empty for a zombie, None when the system does not say."""
    if sys.platform != "linux":
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in "ZX" else fields[19]
