"""What is declared with ``protect`` or ``retain`` survives an interruption and the loss of its record."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from wlinfra.changes.model import Step
from wlinfra.cli.app import main
from wlinfra.diff.model import AttributeChange
from wlinfra.provider.base import Connection, Live, ProviderContext, ReadRequest, StepResult
from wlinfra.provider.optional import Stray
from wlinfra.testing import MemoryProvider
from wlinfra.testing.memory import MemoryConnection
from wlinfra.testing.world import MemoryWorld
from wlinfra.values import Address

BOTH = """
import wlinfra as wl

stack = wl.Stack("p")


@stack.resources
def resources(env):
    yield wl.Workload("keep", artifact="65f0c0ffee0123456789abcd", replicas=1, bundles=["cpu.small"], protect=True)
    yield wl.Workload("held", artifact="65f0c0ffee0123456789abcd", replicas=1, bundles=["cpu.small"], retain=True)


stack.environment("local", provider="memory")
"""
NEITHER = BOTH.replace('    yield wl.Workload("keep"', '    return\n    yield wl.Workload("keep"')


class Owning:
    """A memory platform that knows which objects the stack made, as a cluster does by its labels."""

    name = "memory"

    def __init__(self) -> None:
        self.inner = MemoryProvider()

    def connect(self, context: ProviderContext) -> Connection:
        return _OwningConnection(self.inner, context)


class _OwningConnection(MemoryConnection):
    def __init__(self, provider: MemoryProvider, context: ProviderContext) -> None:
        super().__init__(provider, context)
        self._all: MemoryWorld = provider.world

    def strays(self, known: Sequence[ReadRequest]) -> Sequence[Stray]:
        named = {(one.kind, one.name) for one in known}
        return [
            Stray(address=Address.of(item.kind, item.name), kind=item.kind, name=item.name, id=item.id)
            for item in self._all.objects.values()
            if (item.kind, item.name) not in named
        ]

    def theirs(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        return drift

    def explain(self, reading: Live, drift: Sequence[AttributeChange]) -> Sequence[AttributeChange]:
        return drift


def command(folder: Path, provider: object, *words: str) -> tuple[int, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    code = main(
        [*words, "-e", "local", "--chdir", str(folder)],
        stdout=stdout,
        stderr=stderr,
        stdin=io.StringIO(),
        providers={"memory": provider},
        environ={"HOME": str(folder), "WLINFRA_STATE_KEY": "k" * 32},
    )
    return code, stdout.getvalue() + stderr.getvalue()


def dies_after_creates(step: Step, proceed: Callable[[], StepResult]) -> StepResult:
    answer = proceed()
    if step.operation == "create":
        raise RuntimeError("the process died when the platform had done it")
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "infra.py").write_text(BOTH)
    return tmp_path


def interrupted(folder: Path) -> MemoryProvider:
    provider = MemoryProvider(on_run=dies_after_creates)
    command(folder, provider, "apply", "--auto-approve")
    provider.on_run = None
    assert len(provider.world.objects) == 2
    return provider


def test_destroy_after_an_interrupted_create_keeps_both(folder: Path) -> None:
    provider = interrupted(folder)
    code, said = command(folder, provider, "destroy", "--auto-approve")
    assert (code, len(provider.world.objects)) == (1, 2)
    assert "Protected object" in said


def test_so_does_the_removal_of_the_declarations_after_it(folder: Path) -> None:
    provider = interrupted(folder)
    (folder / "infra.py").write_text(NEITHER)
    code, said = command(folder, provider, "apply", "--auto-approve", "--allow-empty")
    assert (code, len(provider.world.objects)) == (1, 2)
    assert "that is recorded" in said


def test_what_is_declared_holds_where_the_state_is_lost(folder: Path) -> None:
    provider = Owning()
    assert command(folder, provider, "apply", "--auto-approve")[0] == 0
    shutil.rmtree(folder / ".wlinfra")
    code, said = command(folder, provider, "destroy", "--auto-approve")
    assert (code, len(provider.inner.world.objects)) == (1, 2)
    assert "declared with protect=True" in said or "that is recorded" in said


def test_destroy_without_a_state_does_not_claim_that_nothing_exists(folder: Path) -> None:
    (folder / "infra.py").write_text(BOTH)
    provider = MemoryProvider()
    assert command(folder, provider, "apply", "--auto-approve")[0] == 0
    shutil.rmtree(folder / ".wlinfra")
    code, said = command(folder, provider, "destroy", "--auto-approve")
    assert (code, len(provider.world.objects)) == (0, 2)
    assert "Nothing is recorded, so nothing is destroyed. If the state was lost, apply first" in said


def test_what_is_declared_holds_where_the_record_lacks_it(folder: Path) -> None:
    """As in a state of an earlier version, which recorded an interrupted create without its protection."""
    (folder / "infra.py").write_text(BOTH.replace(", protect=True", "").replace(", retain=True", ""))
    provider = MemoryProvider()
    assert command(folder, provider, "apply", "--auto-approve")[0] == 0
    (folder / "infra.py").write_text(BOTH)
    code, said = command(folder, provider, "destroy", "--auto-approve")
    assert (code, len(provider.world.objects)) == (1, 2)
    assert "declared with protect=True" in said
