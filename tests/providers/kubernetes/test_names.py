"""What a Manifest is called: in the stack by its first argument, on the cluster by its metadata alone."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra.errors import DeclarationError
from wlinfra_kubernetes import Manifest

BODY: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


def test_a_platform_name_is_refused_with_where_the_name_stands() -> None:
    with pytest.raises(DeclarationError) as caught:
        Manifest("x", BODY, platform_name="foo")
    (problem,) = caught.value.diagnostics
    assert problem.summary == "Attribute not allowed"
    assert '"metadata": {"name": "..."}' in problem.fix
    assert problem.path == "Manifest.platform_name"


def test_a_bad_name_is_not_answered_with_advice_that_a_manifest_refuses() -> None:
    with pytest.raises(DeclarationError) as caught:
        Manifest("my.config", BODY)
    (problem,) = caught.value.diagnostics
    assert problem.summary == "Bad name"
    assert "platform_name" not in problem.fix
    assert '"metadata": {"name": ...}' in problem.fix
