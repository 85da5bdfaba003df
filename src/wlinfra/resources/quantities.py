"""Amounts of memory and storage as people write them.

The models of `resources` call these while a declaration is validated; everything behind sees bytes.
"""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["QuantityError", "check_volume_size", "parse_memory"]

_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)\s*", re.ASCII)
_VOLUME = re.compile(r"\d+(?:\.\d+)?(?:Mi|Gi|Ti)", re.ASCII)
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_MOST = 2**63 - 1
_BINARY = {"KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


class QuantityError(ValueError):
    """An amount that cannot be read; ``fix`` says how to write it."""

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.fix = fix


def parse_memory(quantity: int | str) -> int:
    """Return the bytes of an amount of memory; units are B, KB, MB, GB and TB, counted in thousands.

    >>> parse_memory("512MB"), parse_memory("1.5 GB"), parse_memory(4096)
    (512000000, 1500000000, 4096)

    Raises `QuantityError` for anything else; binary units are refused because platforms disagree on them.
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int | str):
        raise QuantityError(
            f"Memory is whole bytes or a text with a unit, not {type(quantity).__name__}.", 'Write it as "2GB".'
        )
    if isinstance(quantity, int):
        return _positive(Decimal(min(quantity, _MOST + 1)))
    match = _MEMORY.fullmatch(quantity)
    if match is None:
        raise QuantityError("Memory is a number followed by a unit.", 'Write it as "512MB" or "2GB".')
    number, unit = Decimal(match[1]), match[2].upper()
    binary = _BINARY.get(unit.removesuffix("B"))
    if binary is not None:
        raise QuantityError(
            f"{quantity.strip()} counts in 1024, and memory is counted in thousands.", _exact(number, unit, binary)
        )
    if unit not in _UNITS:
        raise QuantityError(
            f"{quantity.strip()} has no unit of memory: {match[2]} is none.", "Use B, KB, MB, GB or TB."
        )
    return _positive(min(number, Decimal(_MOST + 1)) * _UNITS[unit])


def _positive(amount: Decimal) -> int:
    if amount <= 0:
        raise QuantityError("Memory must be more than nothing.", 'Write it as "2GB", or leave it out.')
    if amount > _MOST:
        raise QuantityError("No machine has that much memory.", 'Write it as "2GB".')
    if amount != amount.to_integral_value():
        raise QuantityError("Memory must come to whole bytes.", "Use a smaller unit or fewer decimals.")
    return int(amount)


def _exact(number: Decimal, unit: str, factor: int) -> str:
    """Return how to write an amount in binary units: exactly so, and nearly so where that is long."""
    exact = _spell(number * factor)
    return f"Write {exact}." if exact.startswith('"') else f'Write "{number:f}{unit[0]}B", or exactly {exact}.'


def _spell(amount: Decimal) -> str:
    size = round(amount)
    for unit in ("GB", "MB", "KB"):
        if size % _UNITS[unit] == 0:
            return f'"{size // _UNITS[unit]}{unit}"'
    return f"{size} (bytes)"


def check_volume_size(quantity: str) -> str:
    """Return the size of a volume as it is; unlike memory it takes the binary units Mi, Gi and Ti.

    >>> check_volume_size("200Gi")
    '200Gi'

    Raises `QuantityError` for anything else.
    """
    if not isinstance(quantity, str) or not _VOLUME.fullmatch(quantity):
        raise QuantityError("The size of a volume is a number followed by Mi, Gi or Ti.", 'Write it as "200Gi".')
    return quantity
