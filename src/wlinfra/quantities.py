"""Amounts of memory and storage as users and platforms write them.

The models of `resources` check with these what is declared, so that everything behind sees bytes; `memory_bytes` is
what `Attribute.normalize` names for live amounts in any spelling.
"""

from __future__ import annotations

import re
from decimal import Decimal

from wlinfra.values import Json

__all__ = ["QuantityError", "check_volume_size", "memory_bytes", "parse_memory"]

_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)\s*", re.ASCII)
_VOLUME = re.compile(r"\d+(?:\.\d+)?(?:Mi|Gi|Ti)", re.ASCII)
_FACTORS = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate("KMGTPE", start=1)},
    **{f"{unit}I": 1024**power for power, unit in enumerate("KMGTPE", start=1)},
}
_UNITS = {"": 1, **{f"{unit}B": _FACTORS[unit] for unit in ("", *"KMGT")}}
_MOST = 2**63 - 1


class QuantityError(ValueError):
    """An amount that cannot be read; ``fix`` shows how to write it."""

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
            f"Memory is an integer of bytes or a string with a unit, not {type(quantity).__name__}.",
            'Write it as "2GB".',
        )
    if isinstance(quantity, int):
        return _positive(Decimal(min(quantity, _MOST + 1)))
    match = _MEMORY.fullmatch(quantity)
    if match is None:
        raise QuantityError("Memory is a number followed by a unit.", 'Write it as "512MB" or "2GB".')
    number, unit = Decimal(match[1]), match[2].upper()
    if re.fullmatch("[KMGT]IB?", unit):
        raise QuantityError(
            f"{quantity.strip()} counts in 1024, and memory is counted in thousands.",
            _exact(number, unit, _FACTORS[unit.removesuffix("B")]),
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
        raise QuantityError("Memory must be an integer number of bytes.", "Use a smaller unit or fewer decimals.")
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


def memory_bytes(value: Json) -> Json:
    """Return an amount of memory in bytes: a number, or a string with a 1000-based or 1024-based unit.

    >>> memory_bytes("512MB"), memory_bytes("1.5GB"), memory_bytes("1Gi"), memory_bytes(7)
    (512000000, 1500000000, 1073741824, 7)

    What is no amount is returned as it is, so that it differs from every amount.
    """
    match = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    factor = _FACTORS.get(match[2].upper().removesuffix("B")) if match is not None else None
    return value if match is None or factor is None else int(Decimal(match[1]) * factor)
