from __future__ import annotations

from decimal import Decimal

import pytest

from wlinfra_kubernetes.bundles.selectors import Facts, fulfils

D = "gpu.nvidia.com"
H100 = Facts(
    driver=D,
    attributes={D: {"productName": "NVIDIA H100 80GB HBM3", "type": "gpu", "index": 3, "healthy": True}},
    capacity={D: {"memory": Decimal(80 * 2**30)}},
)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("true", True),
        ("device.driver == 'gpu.nvidia.com'", True),
        ('device.driver != "gpu.nvidia.com"', False),
        ("device.attributes['gpu.nvidia.com'].type == 'gpu'", True),
        ("device.attributes['gpu.nvidia.com'].productName.lowerAscii().matches('^.*h100.*$')", True),
        ("device.attributes['gpu.nvidia.com'].productName.startsWith('AMD')", False),
        ("device.attributes['gpu.nvidia.com'].productName.contains('H100')", True),
        ("device.attributes['gpu.nvidia.com'].index >= 3", True),
        ("device.attributes['gpu.nvidia.com'].healthy", True),
        ("device.attributes['gpu.nvidia.com'].healthy == false", False),
        ("device.attributes['gpu.nvidia.com'].missing == 'x'", False),
        ("device.attributes['other'].type == 'gpu'", False),
        ("'type' in device.attributes['gpu.nvidia.com']", True),
        ("device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0", True),
        ("device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('80Gi')) > 0", False),
        ("device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'mig'", False),
        ("device.driver == 'a && b' && device.unknown()", False),
    ],
)
def test_conjunctions_of_comparisons_are_judged(expression: str, answer: bool) -> None:
    assert fulfils(expression, H100) is answer


@pytest.mark.parametrize(
    "expression",
    [
        "device.driver.size() > 3",
        "device.driver == 'x' || true",
        "!(device.driver == 'x')",
        "device.attributes['gpu.nvidia.com'].productName > 3",
        "device.attributes['gpu.nvidia.com'].productName.matches('(')",
    ],
)
def test_about_anything_else_nothing_is_concluded(expression: str) -> None:
    assert fulfils(expression, H100) is None
