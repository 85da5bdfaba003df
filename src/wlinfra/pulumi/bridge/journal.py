"""The journal of one provider: open intents, and what is not in Pulumi's state yet.

It is a state of the core, of which nothing is read or written before the first mutating call of the process: two plugins of
one provider run at once in `pulumi up --refresh`, and only one of them changes anything. From then on its lock is held
until the plugin ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from wlinfra.pulumi.bridge.records import new_key
from wlinfra.pulumi.bridge.sealing import SealedSession, Seals
from wlinfra.pulumi.contract import Properties
from wlinfra.state.files import Disk, explain_os_errors, make_directory
from wlinfra.state.lock import FileLease
from wlinfra.state.session import StateSession
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address
from wlinfra.workspace.host import Host
from wlinfra.workspace.locking import lock_request
from wlinfra.workspace.writing import writing

__all__ = ["Journal"]

_PATIENCE: Final = 10.0
"""Seconds: a plugin whose engine ended is gone by then."""


class Journal:
    """Where a provider's calls are recorded before they are made; safe to use from many threads."""

    def __init__(self, root: Path, stack: str, environment: str, host: Host) -> None:
        """Name it; nothing is read or created."""
        self.store = LocalStateStore(root, stack, environment)
        self._host = host
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._session: StateSession | None = None
        self._lease: FileLease | None = None
        self._seals: Seals | None = None
        self._key = b""

    @property
    def directory(self) -> Path:
        """Its folder."""
        return self.store.paths.directory

    def session(self) -> StateSession:
        """Return the journal, open for writing; raises LockedError, StateError."""
        with self._lock:
            if self._session is None:
                request = lock_request(self._host, "pulumi", _PATIENCE)
                lease, session = self._open.enter_context(writing(self.store, request, self._host))
                self._key = self._key or self._kept_key()
                self._seals = Seals(self._key)
                self._lease, self._session = lease, SealedSession(session, self._seals)
            return self._session

    def learn(self, resources: Iterable[Address], *given: Properties) -> None:
        """Keep the secrets in the properties of a resource, which stands at these addresses, out of the journal."""
        self.session()
        if self._seals is not None:
            self._seals.learn(resources, *given)

    def key(self) -> bytes:
        """Return the key for the digests of what is created; it stands beside the journal, which has them too."""
        with self._lock:
            if not self._key:
                self._key = self._kept_key()
            return self._key

    def _kept_key(self) -> bytes:
        path = self.directory / "digest.key"
        with explain_os_errors("keep the key of the journal", self.directory):
            with suppress(FileNotFoundError, ValueError):  # one that is damaged only compares nothing that it kept
                if len(key := bytes.fromhex(path.read_text(encoding="ascii"))) == 32:
                    return key
            key = new_key()
            make_directory(self.directory)
            Disk().replace(path, key.hex().encode())
            path.chmod(0o600)
        return key

    def check(self) -> None:
        """Raise LeaseLostError when calls must no longer be made; before the first mutating call none is."""
        if self._lease is not None:
            self._lease.check()

    def close(self) -> None:
        """Finish writing and free the lock."""
        with self._lock:
            self._session = self._lease = None
            self._open.close()
