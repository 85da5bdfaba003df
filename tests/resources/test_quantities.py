from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.quantities import QuantityError, check_volume_size, parse_memory

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@given(st.integers(1, 10**6), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "  "]))
def test_a_whole_number_of_units_is_counted_in_thousands(number: int, unit: str, blank: str) -> None:
    assert parse_memory(f"{number}{blank}{unit}") == number * UNITS[unit]


@given(st.integers(1, 10**15))
def test_bytes_stay_as_they_are(number: int) -> None:
    assert parse_memory(number) == parse_memory(str(number)) == number


@given(st.integers(1, 10**9))
def test_decimals_are_exact(thousandths: int) -> None:
    assert parse_memory(f"{thousandths // 1000}.{thousandths % 1000:03}GB") == thousandths * 10**6


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    fix = ""
    try:
        amount = parse_memory(text)
    except QuantityError as error:
        amount, fix = 0, error.fix
    assert (amount > 0) is (fix == "")


@pytest.mark.parametrize(
    ("quantity", "fix"),
    [
        ("8GiB", 'Write "8GB", or exactly 8589934592 (bytes).'),
        ("125Ki", 'Write "128KB".'),
        ("15625 ki", 'Write "16MB".'),
    ],
)
def test_binary_units_are_refused_with_the_amount_they_mean(quantity: str, fix: str) -> None:
    with pytest.raises(QuantityError, match="counts in 1024") as caught:
        parse_memory(quantity)
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    "quantity",
    ["8GiBs", "GB", "-1GB", "1 000MB", "1e9", "", "0", 0, -5, 1.5, True, "0.5B", None, 10**30, "9" * 40 + "GB"],
)
def test_other_amounts_are_refused(quantity: Any) -> None:
    with pytest.raises(QuantityError):
        parse_memory(quantity)


@pytest.mark.parametrize("size", ["10Gi", "1.5Ti", "512Mi"])
def test_volumes_take_binary_units(size: str) -> None:
    assert check_volume_size(size) == size


@pytest.mark.parametrize("size", ["10GB", "10", "Gi", "10Gi ", "10GiB"])
def test_volumes_take_nothing_else(size: str) -> None:
    with pytest.raises(QuantityError, match="Mi, Gi or Ti"):
        check_volume_size(size)
