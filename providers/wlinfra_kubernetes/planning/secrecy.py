"""Live values of others that may be secrets: variables of containers and data of ConfigMaps that are not declared.

`attributes` shows live values through `shown_live`. Data of Secrets is never shown, whoever declares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wlinfra.provider import SENSITIVE, is_open_to_all
from wlinfra.values import Json, Path

__all__ = ["is_private", "shown_live"]

_DATA: Final = frozenset({"data", "binaryData"})


def is_private(kind: str, path: Path) -> bool:
    """True where a value stands that may be another user's secret: ``kind`` is that of the object, such as ``v1/ConfigMap``."""
    if kind == "v1/ConfigMap" and len(path) > 1 and path[0] in _DATA:
        return True
    return len(path) > 2 and path[-1] == "value" and path[-3] == "env"


def shown_live(kind: str, path: Path, live: Json, wanted: Json, recorded: Json) -> Json:
    """Return the live value at the path, SENSITIVE in place of each private one that is not known in plain text."""
    if isinstance(live, Mapping):
        want, was = (side if isinstance(side, Mapping) else {} for side in (wanted, recorded))
        return {
            name: shown_live(kind, (*path, str(name)), item, want.get(name), was.get(name))
            for name, item in live.items()
        }
    if isinstance(live, list | tuple):
        want, was = _by_name(wanted), _by_name(recorded)
        return [
            shown_live(kind, (*path, name), item, want.get(name), was.get(name))
            for name, item in ((_name(item, index), item) for index, item in enumerate(live))
        ]
    if live is None or not is_private(kind, path) or is_open_to_all(live, wanted, recorded):
        return live
    # A key that the program declares in a ConfigMap is a setting, whoever changed it; a variable may have been a secret.
    return live if path[0] in _DATA and isinstance(wanted, str) else SENSITIVE


def _by_name(side: Json) -> dict[str, Json]:
    return {_name(item, index): item for index, item in enumerate(side)} if isinstance(side, list | tuple) else {}


def _name(item: Any, index: int) -> str:
    return str(item["name"]) if isinstance(item, Mapping) and "name" in item else str(index)
