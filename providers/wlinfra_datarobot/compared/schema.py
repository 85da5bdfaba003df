"""What is compared of a workload and an artifact, as trees for the differ; they follow from the rows."""

from __future__ import annotations

from typing import Final

from ..attributes.artifact import API_KEY, ARTIFACT_ROWS, BUILD_ROWS, SPEC_ROWS
from ..attributes.workload import NO_ROLE, RUNTIME_ROWS, WORKLOAD_ROWS

__all__ = ["API_KEY", "ARTIFACT", "BUILD_CONFIG", "NO_ROLE", "RUNTIME", "SPEC", "WORKLOAD"]

ARTIFACT: Final = ARTIFACT_ROWS.schema()
BUILD_CONFIG: Final = BUILD_ROWS.schema()
RUNTIME: Final = RUNTIME_ROWS.schema()
SPEC: Final = SPEC_ROWS.schema()
WORKLOAD: Final = WORKLOAD_ROWS.schema()
