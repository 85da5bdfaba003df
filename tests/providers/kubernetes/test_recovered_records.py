"""For every step of generated histories on a cluster: the record after a recovery equals that without the interruption."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

import pytest
from support.generated_objects import Case, generated_case
from support.recoveries import Counts, History, Program, Teller

import wlinfra as wl
from wlinfra.clock import SystemClock
from wlinfra.plan.inputs import Inputs
from wlinfra.stack.program import declare
from wlinfra.state.key import Digest
from wlinfra.state.model import State

if TYPE_CHECKING:
    from pathlib import Path

    from wlinfra.testing import Driver

Connect = Callable[..., "Driver"]
OBJECTS = 9
"""One of each kind; none of them is awaited, and whatever is replaced is."""


def program_of(cases: Sequence[Case], *, later: bool, kept: frozenset[str]) -> Program:
    def resources() -> Iterator[wl.Resource]:
        for case in cases:
            made = case.manifest(case.after if later else case.before)
            yield made.model_copy(update={"retain": True}) if case.name in kept else made

    return resources


def told(drive: Connect, folder: Path, seed: int) -> Counts:
    """Make generated objects, change them, and end them; the objects of two histories have names of their own."""
    random = Random(seed)
    cases = [generated_case(random, seed * OBJECTS + number) for number in range(OBJECTS)]
    kept = frozenset(random.sample([case.name for case in cases], 2))
    connection = drive(f"told-{seed}").connection

    def inputs(resources: Iterable[wl.Resource], state: State) -> Inputs:
        stack = wl.Stack(f"told-{seed}")
        stack.resources(lambda env: iter(resources))
        stack.environment("test", provider="kubernetes")
        declared = declare(stack, "test", overrides={}, environ={})
        return Inputs(declared=declared, state=state, connections={"default": connection}, digest=Digest(b"k" * 32))

    history = History(
        programs=[
            program_of(cases, later=False, kept=kept),
            program_of(cases, later=True, kept=kept),
            program_of(cases[::2], later=True, kept=kept),
        ],
        teller=lambda: Teller(folder=folder, inputs=inputs, clock=SystemClock(), wait=False),
        ids=r"[0-9a-f-]{36}",
    )
    return history.compared()[0]


def tell(drive: Connect, folder: Path, seeds: range, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counts = Counter()
    for seed in seeds:
        counts.update(told(drive, folder / str(seed), seed))
    with capsys.disabled():
        print(f"\nrecovered records, cluster: {', '.join(f'{count} {what}' for what, count in counts.items())}")
    assert counts["histories"] == len(seeds)
    assert counts["recovered"] > counts["histories"]


def test_a_recovered_record_is_the_one_without_the_interruption(
    drive: Connect, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(drive, tmp_path, range(2), capsys)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_so_it_is_in_many_histories(drive: Connect, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(drive, tmp_path, range(2, 12), capsys)
