"""Pulumi's own check and generators read a schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.pulumi.schema import check_schema, run_with_python_sdk
from engines.pulumi.workspace import PulumiWorkspace

SCHEMA: dict[str, Any] = {
    "name": "tiny",
    "version": "0.1.0",
    "language": {"python": {"pyproject": {"enabled": True}}, "go": {"importBasePath": "example.test/tiny/go/tiny"}},
    "types": {
        "tiny:index:Port": {
            "type": "object",
            "properties": {"number": {"type": "integer"}},
            "required": ["number"],
        }
    },
    "resources": {
        "tiny:index:Thing": {
            "inputProperties": {"ports": {"type": "array", "items": {"$ref": "#/types/tiny:index:Port"}}},
            "properties": {"endpoint": {"type": "string"}},
            "required": ["endpoint"],
        }
    },
}


def _written(folder: Path, schema: dict[str, Any]) -> Path:
    file = folder / "schema.json"
    file.write_text(json.dumps(schema))
    return file


def test_a_schema_is_accepted(pulumi_workspace: PulumiWorkspace, tmp_path: Path) -> None:
    assert check_schema(pulumi_workspace, _written(tmp_path, SCHEMA)).out == ""


def test_a_schema_with_a_type_that_does_not_exist_is_refused(pulumi_workspace: PulumiWorkspace, tmp_path: Path) -> None:
    ended = check_schema(pulumi_workspace, _written(tmp_path, {**SCHEMA, "types": {}}), code=1)
    assert "tiny:index:Port" in ended.err


@pytest.mark.nightly
def test_sdks_are_generated_and_the_python_one_is_imported(sdks_of: Callable[[Path], Path], tmp_path: Path) -> None:
    sdks = sdks_of(_written(tmp_path, SCHEMA))
    assert "class Thing extends pulumi.CustomResource" in (sdks / "nodejs" / "thing.ts").read_text()
    assert "type Thing struct" in (sdks / "go" / "tiny" / "thing.go").read_text()
    shown = "import pulumi_tiny; print(pulumi_tiny.Thing.__name__, pulumi_tiny.PortArgs.__name__)"
    assert run_with_python_sdk(sdks, shown) == "Thing PortArgs\n"


@pytest.mark.nightly
def test_generators_say_why_they_refuse_a_schema(sdks_of: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="tiny:index:Port"):
        sdks_of(_written(tmp_path, {**SCHEMA, "types": {}}))
