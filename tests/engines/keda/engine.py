"""What KEDA is made of: its operator, and the definitions that come with its module."""

from __future__ import annotations

import os
from pathlib import Path

from engines.build import Inputs, Program, is_built

__all__ = ["KEDA", "MODULE", "is_wanted"]

MODULE = "github.com/kedacore/keda/v2"

KEDA = Inputs(
    name="keda",
    folder=Path(__file__).parent,
    programs=(
        Program(name="keda-operator", built_as="operator", variable="WLINFRA_TEST_KEDA_OPERATOR", oldest=(2, 20)),
    ),
    from_path=False,
)


def is_wanted() -> bool:
    """Say whether tests may have the operator: where it is at hand, and in CI, which builds it for several minutes."""
    return os.environ.get("CI", "").lower() in {"true", "1"} or is_built(KEDA)
