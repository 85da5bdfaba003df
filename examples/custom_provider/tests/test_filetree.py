from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from wlinfra_filetree import PROVIDER, JsonFile

from wlinfra.provider import Action, Provider, Step
from wlinfra.resources.base import Resource
from wlinfra.testing.contract import ProviderContract


class TestFiletree(ProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return PROVIDER

    @pytest.fixture
    def options(self, tmp_path: Path) -> Mapping[str, str]:
        return {"root": str(tmp_path)}

    @pytest.fixture
    def resource(self) -> Resource:
        return JsonFile(name="greeting", content={"text": "hello", "to": ["a", "b"]})

    @pytest.fixture
    def variants(self) -> Mapping[Action, Resource]:
        return {Action.UPDATE: JsonFile(name="greeting", content={"text": "hello", "to": ["b"]})}

    @pytest.fixture
    def referring(self, resource: Resource) -> Resource:
        return JsonFile(name="answer", content={"to": resource.ref("id")})

    @pytest.fixture
    def impossible(self) -> Step:
        return Step(
            operation="write", verb="write", path="x", summary="write it", target="no/such", payload={"content": {}}
        )
