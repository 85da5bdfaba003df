"""Which cluster this is: the namespace ``kube-system`` lives exactly as long as its cluster, so its uid tells.

`provider` calls it. An account that may not read the namespace goes by the address and the authority of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wlinfra_manifests.document import Key

from .cluster.client import ClusterClient
from .cluster.failures import Failure, unless

__all__ = ["place_of"]

_SYSTEM: Final = Key("v1", "Namespace", "", "kube-system")


def place_of(client: ClusterClient) -> Mapping[str, str]:
    """Return the facts, the most certain first; raises ClusterError when the cluster does not answer."""
    system = unless(Failure.FORBIDDEN, lambda: client.get(_SYSTEM), None)
    uid = str(system["metadata"]["uid"]) if system is not None else ""
    return {**({"cluster": uid} if uid else {}), "server": client.server}
