"""The programs of docs/pulumi.md run, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.pulumi_programs import run

import wlinfra as wl
from pulumi_wlinfra.testing import mocks
from wlinfra.pulumi.schema import ENGINE_OPTIONS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "pulumi.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STACK = re.findall(r"^```python\n(# infra\.py\n.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[
    0
]


def test_every_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra.py").write_text(STACK)
    names: dict[str, Any] = {}

    def program() -> None:
        for text in PROGRAMS:
            if "set_mocks" not in text:
                exec(text, names)

    sent = run(program, mocks())
    assert len(PROGRAMS) == 7
    assert {"server", "chat", "model", "quota", "lab", "chat-lab", "hello", "hello-chat"} <= set(sent)


def test_the_page_has_every_resource_option() -> None:
    written = set(re.findall(r"`(\w+)`", PAGE.partition("## Resource options")[2].partition("## Commands")[0]))
    options = {name for name in ENGINE_OPTIONS.values() if name not in ("name", "retainOnDelete")}
    snake = {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name) for name in options}
    assert snake <= written


def test_the_page_names_attributes_that_exist() -> None:
    table = PAGE.partition("## From pulumi-datarobot")[2].partition("## Troubleshooting")[0]
    attributes = {name for model in (wl.Artifact, wl.Workload, wl.Container) for name in model.model_fields}
    assert {"containers", "container_groups", "image", "env", "entrypoint", "readiness", "repository"} <= attributes
    for name in ("replicas", "bundles", "replacement", "autoscaling", "tags", "runtime"):
        assert name in attributes
        assert name in table


def test_an_output_may_be_the_id_of_a_credential() -> None:
    import pulumi

    import pulumi_wlinfra as wlinfra

    value = wl.credential(pulumi.Output.from_input("65f0"), "apiToken")
    sent = run(lambda: wlinfra.Artifact("server", containers=[{"image": "x", "env": {"A": value}}]))
    assert sent["server"].properties["containers"][0]["env"] == {
        "A": {"$credential": {"id": "65f0", "key": "apiToken"}}
    }
