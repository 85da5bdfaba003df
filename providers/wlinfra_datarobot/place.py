"""Which DataRobot this is: the installation and the tenant, or the world of an embedded emulator.

`provider` calls it. A token says nothing of the place: it is renewed, and teammates have tokens of their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wlinfra.http.failures import ApiError, FailureKind

if TYPE_CHECKING:
    from .client import DataRobotClient

__all__ = ["installation_of", "place_of", "world_of"]

_PORTS = {"http": 80, "https": 443}
_SILENT = (FailureKind.NOT_FOUND, FailureKind.FORBIDDEN, FailureKind.REFUSED)
"""What an installation answers that has no account endpoint, or a token that may not ask it."""


def place_of(client: DataRobotClient, endpoint: str) -> Mapping[str, str]:
    """Return the facts, the most certain first; raises ApiError when the installation does not answer."""
    installation = installation_of(endpoint)
    try:
        account = client.account.info()
    except ApiError as error:
        if error.kind not in _SILENT:
            raise
        account = {}
    tenant = next((account[name] for name in ("tenantId", "orgId") if isinstance(account.get(name), str)), "")
    return {**({"tenant": f"{tenant} at {installation}"} if tenant else {}), "installation": installation}


def installation_of(endpoint: str) -> str:
    """Return one spelling of an endpoint.

    >>> installation_of("https://App.DataRobot.com:443/api/v2/")
    'https://app.datarobot.com/api/v2'
    """
    parts = urlsplit(endpoint)
    port = parts.port
    where = (parts.hostname or "") + (f":{port}" if port and port != _PORTS.get(parts.scheme) else "")
    return f"{parts.scheme}://{where}{parts.path.rstrip('/')}"


def world_of(folder: Path) -> Mapping[str, str]:
    """Return which world an embedded emulator keeps in the folder; its port changes with each run."""
    file = folder / "identity"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(str(uuid.uuid4()))
    return {"emulated world": file.read_text().strip()}
