"""The key that secrets are compared with: this machine's, or the team's."""

from __future__ import annotations

from pathlib import Path

from wlinfra.state.key import Digest, KeyNotKeptError, data_home, load_key
from wlinfra.state.model import State
from wlinfra.workspace.host import Host

__all__ = ["key_at_hand", "load_digest"]


def key_at_hand(host: Host) -> Digest:
    """Return the key of this machine, or none; no key is created."""
    return load_key(host.environ, data_home(host.environ, _home(host)), create=False).digest


def load_digest(host: Host, state: State, *, needed: bool) -> Digest:
    """Return the digest of secrets; where a new key cannot be kept, a plan continues without and an apply does not begin."""
    home = data_home(host.environ, _home(host))
    try:
        source = load_key(host.environ, home, create=True, fingerprint=state.key_fingerprint)
    except KeyNotKeptError as error:
        if needed:
            raise
        host.warn(error.as_warnings())
        return Digest()
    if source.diagnostics:
        host.warn(source.diagnostics)
    return source.digest


def _home(host: Host) -> Path:
    return Path(host.environ.get("HOME") or Path.home())
