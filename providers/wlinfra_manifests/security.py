"""What a container may do on its node."""

from __future__ import annotations

from typing import Final

from wlinfra.provider import Manifest
from wlinfra.resources.container import SecurityContext

from .rows import Row, written

__all__ = ["SECURITY", "render_security"]

SECURITY: Final = (
    Row(declared="allow_privilege_escalation", wire="allowPrivilegeEscalation"),
    Row(
        declared="capabilities",
        wire="capabilities",
        rows=tuple(
            Row(declared=name, wire=name, to_wire=lambda names: list(names) or None) for name in ("add", "drop")
        ),
    ),
    Row(declared="read_only_root_filesystem", wire="readOnlyRootFilesystem"),
    Row(
        declared="seccomp_profile",
        wire="seccompProfile",
        rows=(Row(declared="type", wire="type"), Row(declared="localhost_profile", wire="localhostProfile")),
    ),
)


def render_security(security: SecurityContext | None, *, allow_root: bool) -> Manifest:
    """Return the security context, one to one; unless ``allow_root``, the container must not run as root."""
    own = written(SECURITY, security) if security is not None else {}
    return own if allow_root else {"runAsNonRoot": True, **own}
