"""Who gets the rights: a user, a group or a service account, as a binding names it.

`provider` reads what was given on the command line with this, and `rights` writes it into the bindings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wlinfra.errors import ConfigurationError, WlinfraError

__all__ = ["RBAC", "Account", "account_of"]

RBAC: Final = "rbac.authorization.k8s.io"
"""The API group of roles, their bindings, and the users and groups in them."""

_UNFILLED: Final = """\
Put the name of the user in the place of ACCOUNT; that of a service account is system:serviceaccount:NAMESPACE:NAME.
Or render with --account user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who gets the rights: the subject of a binding."""

    manifest: Mapping[str, str]
    comment: str = ""
    """What is still to be done by hand."""


def account_of(account: str) -> Account:
    """Return the subject that ``user:NAME``, ``group:NAME`` or ``serviceaccount:NAMESPACE/NAME`` stands for.

    Empty is the user ACCOUNT, with a comment that says how to fill it in. Raises ConfigurationError for all else.
    """
    if not account:
        return Account(manifest={"kind": "User", "name": "ACCOUNT", "apiGroup": RBAC}, comment=_UNFILLED)
    kind, _, name = account.partition(":")
    if not name.strip():
        raise _unknown(account)
    match kind:
        case "user":
            return Account(manifest={"kind": "User", "name": name, "apiGroup": RBAC})
        case "group":
            return Account(manifest={"kind": "Group", "name": name, "apiGroup": RBAC})
        case "serviceaccount":
            namespace, _, own = name.partition("/")
            if not namespace or not own or "/" in own:
                raise _unknown(account)
            return Account(manifest={"kind": "ServiceAccount", "name": own, "namespace": namespace})
        case _:
            raise _unknown(account)


def _unknown(account: str) -> WlinfraError:
    return ConfigurationError.of(
        "Unknown kind of account",
        f"--account is {account!r}, which names no user, group or service account.",
        "Write user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME.",
    )
