from pathlib import Path

import pytest
from wlinfra_filetree import PROVIDER, JsonFile

from wlinfra.provider import Action, Step
from wlinfra.testing.contract import ProviderContract, Samples


class TestFiletree(ProviderContract):
    @pytest.fixture
    def options(self, tmp_path: Path) -> dict[str, str]:
        return {"root": str(tmp_path)}

    @pytest.fixture
    def samples(self) -> Samples:
        greeting = JsonFile(name="greeting", content={"text": "hello", "to": ["a", "b"]})
        return Samples(
            provider=PROVIDER,
            resource=greeting,
            variants={Action.UPDATE: JsonFile(name="greeting", content={"text": "hello", "to": ["b"]})},
            referring=JsonFile(name="answer", content={"to": greeting.ref("id")}),
            impossible=Step(
                operation="write", verb="write", path="x", summary="x", target="no/such", payload={"content": {}}
            ),
        )
