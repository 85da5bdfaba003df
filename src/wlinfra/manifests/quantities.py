"""Amounts as the API server spells them, so that custom resources, which keep any spelling, never seem to change.

Containers, volumes and metrics are rendered with these.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

__all__ = ["format_amount", "format_bytes", "format_volume"]

_DECIMAL: Final = (
    ("E", 18),
    ("P", 15),
    ("T", 12),
    ("G", 9),
    ("M", 6),
    ("k", 3),
    ("", 0),
    ("m", -3),
    ("u", -6),
    ("n", -9),
)
_BINARY: Final = (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10))


def format_amount(amount: float | Decimal) -> str:
    """Return a number of cores, or the target of a metric.

    >>> format_amount(0.5), format_amount(16), format_amount(0.7)
    ('500m', '16', '700m')
    """
    number = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    number = number.quantize(Decimal("1e-9"), rounding=ROUND_CEILING)
    if number == 0:
        return "0"
    for suffix, exponent in _DECIMAL:
        scaled = number.scaleb(-exponent)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    raise ValueError(f"{amount} is no number")


def format_bytes(size: int) -> str:
    """Return memory; it is counted in thousands.

    >>> format_bytes(8 * 10**9), format_bytes(1_500_000_000)
    ('8G', '1500M')
    """
    return format_amount(Decimal(size))


def format_volume(size: str) -> str:
    """Return the size of a volume that was written with Mi, Gi or Ti.

    >>> format_volume("1024Gi"), format_volume("0.5Gi"), format_volume("200Gi")
    ('1Ti', '512Mi', '200Gi')
    """
    powers = dict(_BINARY)
    suffix = size[-2:]
    amount = Decimal(size[:-2] if suffix in powers else size) * 2 ** powers.get(suffix, 0)
    for name, power in _BINARY:
        if amount and amount % 2**power == 0:
            return f"{int(amount) >> power}{name}"
    return format_amount(amount)
