"""The lock of a state as commands ask for it: in whose name, for how long, and who holds it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping

from wlinfra.errors import ConfigurationError
from wlinfra.state.lease import DEFAULT_LEASE, LockInfo, LockRequest
from wlinfra.workspace.host import Host

__all__ = ["describe_holder", "lock_request", "who"]


def who(environ: Mapping[str, str]) -> str:
    """Return who runs this, for the lock and the history."""
    for name in ("WLINFRA_USER", "LOGNAME", "USER"):
        if environ.get(name):
            return environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def lock_request(host: Host, operation: str, timeout: float) -> LockRequest:
    """Return the request for the lock in this user's name; waiting is reported once."""

    def report(info: LockInfo) -> None:
        host.report(
            f"Waiting for the lock, which {describe_holder(info)} holds for {info.operation!r} since {info.since}."
        )

    return LockRequest(
        owner=who(host.environ),
        operation=operation,
        lease=_lease_seconds(host.environ),
        timeout=timeout,
        on_wait=report,
    )


def _lease_seconds(environ: Mapping[str, str]) -> float:
    """Return how long the lock outlives a holder that stopped renewing it; raises ConfigurationError."""
    text = environ.get("WLINFRA_LEASE_SECONDS")
    if not text:
        return DEFAULT_LEASE
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise ConfigurationError.of(
            "Lease is wrong",
            f"WLINFRA_LEASE_SECONDS is {text!r}, and a lease lasts from 1 to 3600 seconds.",
            "Correct it, or unset it for a lease of 30 seconds.",
        )
    return seconds


def describe_holder(info: LockInfo) -> str:
    """Return who holds the lock, for messages."""
    return f"{info.owner} on {info.holder.host or 'another machine'} (process {info.holder.pid})"
