"""Law: whatever one state records, no run of another one deletes or takes, in any order of runs on the same names."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from support.command_line import PROGRAM, CommandLine

from wlinfra.state.store import LocalStateStore

ENVIRONMENTS: Final = ("test", "next")
SHAPES: Final = {
    "plain": 'stack.environment("next", provider="memory")\n',
    "prefix": 'stack.environment("next", provider="memory", name_prefix="next-")\n',
}
RUNS: Final = (
    ("apply", "--auto-approve"),
    ("apply", "--auto-approve", "--adopt"),
    ("apply", "--auto-approve", "--replace", "workload.chat"),
    ("apply", "--auto-approve", "--target", "artifact.server"),
    ("destroy", "--auto-approve"),
    ("state", "rm", "workload.chat"),
)
MEDDLING: Final = ("delete", "remake", "double", "lose")
STEPS: Final = 10


@dataclass(slots=True)
class Neighbours:
    """Two environments of one program, and what happens to them."""

    line: CommandLine
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    def recorded(self, environment: str) -> set[str]:
        store = LocalStateStore(self.line.folder / ".wlinfra", "shop", environment)
        return {str(item.id) for item in store.load().objects.values() if item.id is not None}

    def step(self) -> None:
        """Run a command in one environment, or change the platform by hand; check what the other one has."""
        if self.chance.random() < 0.25:
            self.meddle()
            return
        own, other = self.chance.sample(ENVIRONMENTS, 2)
        command = self.chance.choice(RUNS)
        others, existing = self.recorded(other), set(self.line.provider.world.objects)
        mine = self.recorded(own)
        ended = self.line.run(*command, "-e", own)
        self.counts["runs"] += 1
        self.counts["refused"] += ended.code != 0
        assert "bug in wlinfra" not in ended.err, ended.err
        left = set(self.line.provider.world.objects)
        assert others & existing <= left, (command, own, ended.out, ended.err)
        assert self.recorded(other) == others
        assert not (self.recorded(own) - mine) & others, (command, own, ended.out, ended.err)
        self.counts["kept"] += len(others & existing)

    def meddle(self) -> None:
        world = self.line.provider.world
        self.counts["meddled"] += 1
        how = self.chance.choice(MEDDLING)
        if how == "lose":  # one state is lost, and with it the proof of what it made
            shutil.rmtree(self.line.folder / ".wlinfra" / "shop" / self.chance.choice(ENVIRONMENTS), ignore_errors=True)
            return
        if not world.objects:
            return
        item = world.objects[self.chance.choice(sorted(world.objects))]
        if how != "double":
            world.delete(item.id)
        if how != "delete":
            world.create(item.kind, item.name, item.values)


def live_through(folder: Path, shape: str, seed: int) -> Counter[str]:
    line = CommandLine(folder)
    line.write(PROGRAM + SHAPES[shape])
    neighbours = Neighbours(line, random.Random(seed))
    for _ in range(STEPS):
        neighbours.step()
    return neighbours.counts


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "seeds", [range(4), pytest.param(range(4, 204), marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])], ids=len
)
def test_nothing_of_another_environment_is_deleted_or_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, seeds: range
) -> None:
    total: Counter[str] = Counter()
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        total += live_through(folder, shape, seed)
    with capsys.disabled():
        told = ", ".join(f"{count} {what}" for what, count in sorted(total.items()))
        print(f"\nshared names ({shape}): {len(seeds)} histories: {told}")
    assert min(total["runs"], total["kept"], total["refused"]) > 0
