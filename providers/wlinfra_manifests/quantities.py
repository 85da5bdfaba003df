"""Quantities in the one spelling the API server itself uses, so that equal amounts are equal strings.

Containers, volumes and metrics are rendered with these, and `wlinfra_kubernetes.expand` canonicalises what raw manifests
declare: custom resources keep any spelling, so another spelling of the same amount would look like a change.

>>> canonical("8000M"), canonical("0.5"), canonical("1024Mi"), canonical("1500m")
('8G', '500m', '1Gi', '1500m')
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from wlinfra.values import Json

__all__ = ["amount", "canonical", "format_amount", "shown", "with_canonical_quantities"]

_QUANTITY = re.compile(r"([+-]?[0-9.]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_MEBI: Final = 1024**2
_HOLDERS: Final = frozenset({"limits", "requests"})


def canonical(text: Any) -> Any:
    """Return the quantity as the server writes it; what is none comes back as it is."""
    found = _parsed(text) if isinstance(text, str | int | float) and not isinstance(text, bool) else None
    if found is None:
        return text
    number, is_binary = found
    return _binary(number) if is_binary else _decimal(number)


def amount(text: Any) -> Decimal:
    """Return the quantity as a number; 0 for what is none.

    >>> amount("500m"), amount("1Gi"), amount(None)
    (Decimal('0.500'), Decimal('1073741824'), Decimal('0'))
    """
    found = _parsed(text)
    return Decimal(0) if found is None else found[0]


def _parsed(text: Any) -> tuple[Decimal, bool] | None:
    """Return the number, and whether it is counted in 1024; None for what is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return None
    suffix = match[2] or ""
    try:
        number = Decimal(match[1])
    except ArithmeticError:
        return None
    if suffix in _BINARY:
        return number * Decimal(1024 ** _BINARY[suffix]), True
    exponent = int(suffix[1:]) if suffix[:1] in ("e", "E") and len(suffix) > 1 else _DECIMAL[suffix]
    return number.scaleb(exponent), False


def format_amount(amount: float | Decimal) -> str:
    """Return a number of cores, bytes of memory (counted in thousands) or the target of a metric, rounded up to 1e-9.

    >>> format_amount(0.5), format_amount(16), format_amount(8 * 10**9), format_amount(1_500_000_000)
    ('500m', '16', '8G', '1500M')
    """
    return _decimal(Decimal(str(amount)).quantize(Decimal("1e-9"), rounding=ROUND_CEILING))


def shown(amount: Decimal) -> str:
    """Return the number as people write it.

    >>> shown(Decimal(64)), shown(Decimal("0.5")), shown(Decimal(1073741824)), shown(Decimal(64000000))
    ('64', '500m', '1Gi', '64M')
    """
    return _binary(amount) if amount >= _MEBI and amount % _MEBI == 0 else _decimal(amount)


def _binary(amount: Decimal) -> str:
    if amount != amount.to_integral_value() or amount == 0:
        return _decimal(amount)
    number, power = int(amount), 0
    while number % 1024 == 0 and power < len(_BINARY):
        number, power = number // 1024, power + 1
    suffix = next((name for name, value in _BINARY.items() if value == power), "")
    return f"{number}{suffix}"


def _decimal(amount: Decimal) -> str:
    if amount == 0:
        return "0"
    for suffix, exponent in sorted(_DECIMAL.items(), key=lambda pair: -pair[1]):
        scaled = amount.scaleb(-exponent)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    return f"{-int(-amount.scaleb(9) // 1)}n"


def with_canonical_quantities(value: Json) -> Json:
    """Return the manifest with every amount under ``limits`` and ``requests`` in canonical form."""
    if isinstance(value, dict):
        return {
            key: {name: canonical(amount) for name, amount in item.items()}
            if key in _HOLDERS and isinstance(item, dict)
            else with_canonical_quantities(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_canonical_quantities(item) for item in value]
    return value
