"""The keyed digest: how secrets and live objects are compared without being stored.

The key stands apart from the state, so that a leaked state reveals nothing about a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wlinfra.errors import ConfigurationError, Diagnostic, Severity, StateError
from wlinfra.state.files import Disk

__all__ = ["Digest", "KeyNotKeptError", "KeySource", "data_home", "load_key"]

_VARIABLE = "WLINFRA_STATE_KEY"
_FILE = "state.key"
_SHORTEST = 16
_OTHER_WAYS = (
    f"name another directory in XDG_DATA_HOME, or give the key yourself:\n  export {_VARIABLE}=$(openssl rand -hex 32)"
)


@dataclass(frozen=True, slots=True)
class Digest:
    """Digests text under the state's key; without a key nothing can be compared."""

    key: bytes | None = None

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) < _SHORTEST:
            raise ValueError("a digest key has at least 16 bytes")

    def __repr__(self) -> str:
        return f"Digest(known={self.known})"

    @property
    def known(self) -> bool:
        """True when there is a key."""
        return self.key is not None

    def __call__(self, text: str | bytes) -> str:
        """Return the hexadecimal digest; raises ValueError without a key."""
        if self.key is None:
            raise ValueError("there is no key to digest with")
        data = text.encode() if isinstance(text, str) else text
        return hmac.new(self.key, data, hashlib.sha256).hexdigest()[:40]

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling anything about them; empty without a key."""
        return self("wlinfra key fingerprint")[:16] if self.known else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """The digest to use and where its key came from."""

    digest: Digest
    source: str
    """For people: the variable or the file; empty without a key."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings, such as that secrets cannot be compared."""


class KeyNotKeptError(StateError):
    """The user's own directory takes no new key."""

    def as_warnings(self) -> tuple[Diagnostic, ...]:
        """Return what a plan says of it, which continues without a key."""
        return tuple(replace(item, severity=Severity.WARNING) for item in self.diagnostics)


def data_home(environ: Mapping[str, str], home: Path) -> Path:
    """Return the directory where wlinfra keeps what belongs to a user and not to a project."""
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "wlinfra"
    base = environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else home / ".local" / "share") / "wlinfra"


def load_key(environ: Mapping[str, str], directory: Path, *, create: bool, fingerprint: str = "") -> KeySource:
    """Return the key of the environment, else of the file in ``directory`` (see `data_home`), else a new one.

    ``fingerprint`` is the state's: with another key, or without one, the digest is unknown and a warning says so.
    A new key is made only with ``create`` and for a state without digests. Raises ConfigurationError for a key that
    is too short or no key, and for a file that others can read; StateError when the directory cannot be used.
    """
    path = directory / _FILE
    if text := environ.get(_VARIABLE, "").strip():
        key, source = _decode_key(text, _VARIABLE), _VARIABLE
    elif found := _read_key(path):
        key, source = _decode_key(found, str(path)), str(path)
    elif fingerprint:
        why = f"The state has digests of secrets, but {_VARIABLE} is not set and there is no {path}."
        return KeySource(digest=Digest(), source="", diagnostics=(_unlike("State key is missing", why),))
    elif create:
        key, source = _create_key(path), str(path)
    else:
        return KeySource(digest=Digest(), source="")
    digest = Digest(key)
    if fingerprint and digest.fingerprint != fingerprint:
        why = f"The key in {source} is not the one the digests in the state were created with."
        return KeySource(digest=Digest(), source=source, diagnostics=(_unlike("State key is another one", why),))
    return KeySource(digest=digest, source=source)


def _decode_key(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = _decode_base64(text)
    if len(key) < _SHORTEST:
        raise ConfigurationError.of(
            "State key is not usable",
            f"{source} must have at least {_SHORTEST} bytes in hexadecimal or base64; its value is shorter or something else.",
            f"Take the key your team uses, or create a new one:\n  export {_VARIABLE}=$(openssl rand -hex 32)",
        )
    return key


def _decode_base64(text: str) -> bytes:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _read_key(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise ConfigurationError.of(
                "State key is readable by others",
                f"{path} has mode {stat.S_IMODE(mode):04o}, so other users can read the key.",
                f"Take the rights away:\n  chmod 600 '{path}'",
            )
        return path.read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise KeyNotKeptError.of(
            "State key cannot be read", f"{path}: {error.strerror}.", f"Let it be read, or {_OTHER_WAYS}"
        ) from error


def _create_key(path: Path) -> bytes:
    text = os.urandom(32).hex()
    try:
        return _keep(text, path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise KeyNotKeptError.of(
            "State key cannot be kept",
            f"wlinfra keeps the key by which secrets are compared in {path}, and could not write it: {reason}.",
            f"Let it be written, or {_OTHER_WAYS}",
        ) from error


def _keep(text: str, path: Path) -> bytes:
    """Write the key to its file, and return the one that stands there then; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written beside and linked: another run that starts now sees a complete key or none.
    temporary = path.with_name(f".{_FILE}.{os.urandom(8).hex()}")
    disk = Disk()
    disk.create(temporary, text.encode(), mode=0o600)
    try:
        os.link(temporary, path)
        disk.sync_directory(path.parent)
    except FileExistsError:
        text = _read_key(path)
    finally:
        temporary.unlink()
    return _decode_key(text, str(path))


def _unlike(summary: str, why: str) -> Diagnostic:
    return Diagnostic(
        summary=summary,
        detail=f"{why} Secrets that the platform does not return cannot be compared and count as unchanged.",
        fix=f"Set {_VARIABLE} to the key this state was created with (your team's secret store should have it).",
        severity=Severity.WARNING,
    )
