"""What values mean, whatever their spelling.

`Attribute.normalize` names one of these functions; `diff.compare` calls it on every value it compares.
They accept any value: what is no quantity is returned as it is, so that it differs from every quantity.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from wlinfra.values import Json

__all__ = ["cpu_quantity", "memory_bytes"]

_QUANTITY: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_MEMORY_UNITS: Final = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate(("k", "m", "g", "t", "p", "e"), start=1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate(("k", "m", "g", "t", "p", "e"), start=1)},
}


def memory_bytes(value: Json) -> Json:
    """Return an amount of memory in bytes: a number, or text with a 1000-based or 1024-based unit.

    >>> memory_bytes("512MB"), memory_bytes("1.5GB"), memory_bytes("1Gi"), memory_bytes(7)
    (512000000, 1500000000, 1073741824, 7)
    """
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return value
    factor = _MEMORY_UNITS.get(match[2].lower().removesuffix("b"))
    return value if factor is None else int(Decimal(match[1]) * factor)


def cpu_quantity(value: Json) -> Json:
    """Return a number of processors: a number, its text, or thousandths such as ``500m``.

    >>> cpu_quantity("500m"), cpu_quantity("2"), cpu_quantity(2)
    (0.5, 2.0, 2)
    """
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value)
    if match is None or match[2] not in {"", "m"}:
        return value
    number = Decimal(match[1])
    return float(number / 1000 if match[2] else number)
