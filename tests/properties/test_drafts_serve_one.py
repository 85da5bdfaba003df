"""A law of drafts: what a plan accepts, the platform accepts.

Generated programs share drafts, look them up, name them by id, hand them over, let them change places, rename, replace,
retain and stop what runs them, edit, lock and drop them, and other users run some. A plan that has no errors leads to an
apply in which nothing is refused, and, where everything was awaited and started, to an empty plan.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from support.datarobot_stage import Stage, server

import wlinfra as wl
from wlinfra.apply.events import ApplyResult
from wlinfra.errors import WlinfraError
from wlinfra.resources.base import Resource

DRAFTS = ("one", "two", "three")
NAMES = ("blue", "green", "red")
ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {"power": "stopped"},
    {"power": "running"},
    {"replicas": 2},
    {"retain": True},
    {"retain": False},
    {"replace_order": "create-then-delete"},
    {"replace_order": None},
    {"allocations": {"main": wl.Allocation(cpu=1, memory="1GB")}},
)
EDITS: tuple[dict[str, Any], ...] = (
    {"image": "acme/chat:1"},
    {"image": "acme/chat:2"},
    {"image": "acme/crashes:1"},
    {"status": "locked"},
    {"type": "agent"},
    {"container": {"name": "web"}},
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is declared: drafts by name, and workloads by name with what each runs."""

    drafts: dict[str, dict[str, Any]]
    runs: dict[str, dict[str, Any]]
    replaces: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    wait: bool = True

    def __call__(self) -> Iterator[Resource]:
        own = {name: server(name=name, **attributes) for name, attributes in self.drafts.items()}
        yield from own.values()
        for name, attributes in self.runs.items():
            kind, value = attributes["artifact"]
            what = own[value] if kind == "own" else value if kind == "id" else wl.lookup("artifact", name=value)
            yield wl.Workload(name, **{**attributes, "artifact": what})


@dataclass
class Generator:
    """Writes programs, each a variation of the one before."""

    stage: Stage
    chance: random.Random
    theirs: dict[str, str] = field(default_factory=dict)
    """The drafts of other users, by name."""

    def start(self) -> Program:
        """Return the first program, and let other users make drafts, one of which is in use."""
        spec = {"containerGroups": [{"containers": [{"imageUri": "acme/chat:1", "primary": True, "port": 8080}]}]}
        for name in ("free", "used"):
            body = {"name": name, "spec": spec, "status": "draft"}
            self.theirs[name] = self.stage.api.ok("POST", "/artifacts", body)["id"]
        self.stage.api.ok("POST", "/workloads", {"name": "stranger", "artifactId": self.theirs["used"]})
        drafts = {name: {"status": "draft"} for name in DRAFTS}
        return self.vary(Program(drafts=drafts, runs={}), 3)

    def vary(self, before: Program, changes: int) -> Program:
        """Return the program with a few changes."""
        program = replace(before, replaces=(), targets=(), wait=self.chance.random() < 0.85)
        for _ in range(changes):
            program = self._change(program)
        used = {value for one in program.runs.values() for kind, value in [one["artifact"]] if kind == "own"}
        drafts = {name: program.drafts.get(name, {"status": "draft"}) for name in {*program.drafts, *used}}
        replaces = tuple(f"workload.{name}" for name in program.runs if self.chance.random() < 0.15)
        program = replace(program, drafts=dict(sorted(drafts.items())), replaces=replaces)
        if not replaces and program.runs and self.chance.random() < 0.1:
            return replace(program, targets=(f"workload.{self.chance.choice(sorted(program.runs))}",))
        return program

    def _change(self, program: Program) -> Program:
        chance, runs = self.chance, dict(program.runs)
        kind = chance.choices(["run", "end", "rename", "swap", "change", "edit", "drop"], [8, 2, 2, 2, 2, 3, 1])[0]
        names, draft = sorted(runs), chance.choice(DRAFTS)
        if kind == "run" or not names:
            runs[chance.choice(NAMES)] = {"artifact": self._artifact()}
        elif kind == "end":
            del runs[chance.choice(names)]
        elif kind == "rename":
            old, new = chance.choice(names), chance.choice(NAMES)
            known = {"aliases": [f"workload.{old}"]} if chance.random() < 0.3 and old != new else {}
            runs[new] = {**runs.pop(old), **known}
        elif kind == "swap":
            first, second = chance.choice(names), chance.choice(names)
            runs[first], runs[second] = (
                {**runs[first], "artifact": runs[second]["artifact"]},
                {**runs[second], "artifact": runs[first]["artifact"]},
            )
        elif kind == "change":
            name = chance.choice(names)
            runs[name] = {**runs[name], **chance.choice(ATTRIBUTES)}
        elif kind == "edit":
            changed = {"status": "draft", **program.drafts.get(draft, {}), **chance.choice(EDITS)}
            return replace(program, drafts={**program.drafts, draft: changed})
        else:
            return replace(program, drafts={name: it for name, it in program.drafts.items() if name != draft})
        return replace(program, runs=dict(chance.sample(sorted(runs.items()), len(runs))))

    def _artifact(self) -> tuple[str, str]:
        kind = self.chance.choices(["own", "id", "theirs", "lookup"], [6, 2, 1, 2])[0]
        made = [record.id for record in self.stage.state.objects.values() if record.kind == "artifact" and record.id]
        if kind == "id" and made:
            return "id", self.chance.choice(made)
        if kind == "theirs":
            return "id", self.theirs[self.chance.choice(["free", "used"])]
        if kind == "lookup":
            return "name", self.chance.choice(["free", "free", "used"])
        return "own", self.chance.choice(DRAFTS)


def refusals(stage: Stage) -> list[str]:
    """Return the requests that the platform refused: all but reads of what is gone."""
    return [
        f"{one.method} {one.path} -> {one.status} {one.json}"
        for one in stage.emulator.requests
        if 400 <= (one.status or 0) < 500 and (one.method, one.status) != ("GET", 404)
    ]


def follow(folder: Path, seed: int, steps: int, found: Counter[str]) -> None:
    with closing(Stage(folder)) as stage:
        generator = Generator(stage, random.Random(seed))
        program = generator.start()
        for step in range(steps):
            case = (seed, step, program)
            stage.emulator.requests.clear()
            outcome, result = attempt(stage, program)
            found[outcome] += 1
            assert not refusals(stage), (case, refusals(stage))
            if result is not None and program.wait:
                crashed = any("CrashLoopBackOff" in str(error) for _, error in result.failed)
                assert result.ok or crashed, (case, result.failed)
                again = stage.plan(program, targets=program.targets)
                assert not again.errors, (case, again.errors)
                assert again.is_empty or crashed, (case, again.effective)
            program = generator.vary(program, generator.chance.randint(1, 3))


def attempt(stage: Stage, program: Program) -> tuple[str, ApplyResult | None]:
    """Plan the program and apply it if that is accepted."""
    try:
        plan = stage.plan(program, replaces=program.replaces, targets=program.targets)
    except WlinfraError as error:
        return error.diagnostics[0].summary, None
    if plan.errors:
        assert all(error.fix and "unexpected" not in error.summary for error in plan.errors), plan.errors
        return plan.errors[0].summary, None
    ordered = any(change.decision.after for change in plan.changes)
    outcome = "applied, one after another" if ordered else "applied"
    return outcome, stage.apply(
        program, ok=False, wait=program.wait, replaces=program.replaces, targets=program.targets
    )


def law(folder: Path, seeds: range) -> None:
    found: Counter[str] = Counter()
    for seed in seeds:
        follow(folder / str(seed), seed, 5, found)
    print(dict(found.most_common()))
    assert found["applied"]
    assert found["applied, one after another"]
    assert found["Draft serves one workload only"]


def test_what_a_plan_accepts_of_drafts_the_platform_accepts(tmp_path: Path) -> None:
    law(tmp_path, range(6))


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_what_a_plan_accepts_of_drafts_the_platform_accepts_in_many_programs(tmp_path: Path) -> None:
    law(tmp_path, range(1000, 1300))
