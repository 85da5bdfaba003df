"""What a container may do on its node."""

from __future__ import annotations

from wlinfra.provider import Manifest
from wlinfra.resources.container import SecurityContext

__all__ = ["render_security"]


def render_security(security: SecurityContext | None, *, allow_root: bool) -> Manifest:
    """Return the security context, one to one; unless ``allow_root``, the container must not run as root."""
    rendered: Manifest = {} if allow_root else {"runAsNonRoot": True}
    if security is None:
        return rendered
    if security.allow_privilege_escalation is not None:
        rendered["allowPrivilegeEscalation"] = security.allow_privilege_escalation
    if security.capabilities is not None:
        lists = {"add": security.capabilities.add, "drop": security.capabilities.drop}
        rendered["capabilities"] = {name: list(items) for name, items in lists.items() if items}
    if security.read_only_root_filesystem is not None:
        rendered["readOnlyRootFilesystem"] = security.read_only_root_filesystem
    if security.seccomp_profile is not None:
        profile = security.seccomp_profile
        rendered["seccompProfile"] = {
            "type": profile.type,
            **({"localhostProfile": profile.localhost_profile} if profile.localhost_profile else {}),
        }
    return rendered
