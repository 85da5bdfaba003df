"""Large plans: the work grows with the number of objects and no faster."""

from __future__ import annotations

import pytest
from apply.fakes import GOAL, Bench, create, delete, record, unchanged

from wlinfra.apply.events import ApplyOptions


def test_a_thousand_creates_take_two_records_and_one_call_each() -> None:
    bench = Bench()
    result = bench.apply(*(create(f"n{n}") for n in range(1000)), options=ApplyOptions(parallelism=32))
    assert len(result.done) == 1000
    assert (len(bench.platform.calls), len(bench.session.log)) == (1000, 3000)
    assert bench.platform.read_objects == []


@pytest.mark.parametrize("count", [100, 1000])
def test_a_long_chain_needs_no_depth_of_the_stack(count: int) -> None:
    bench = Bench()
    bench.platform.replies["create-n0"] = [ValueError()]
    result = bench.apply(*(create(f"n{n}", *([f"n{n - 1}"] if n else [])) for n in range(count)))
    assert (len(result.failed), len(result.skipped)) == (1, count - 1)


def test_unchanged_objects_cost_no_call_and_no_record() -> None:
    bench = Bench.with_records(*(record(f"n{n}") for n in range(10_000)))
    result = bench.apply(*(unchanged(f"n{n}") for n in range(10_000)))
    assert (result.ok, bench.session.log, bench.platform.calls) == (True, [], [])


def test_a_thousand_waits_share_their_questions() -> None:
    bench = Bench()
    assert bench.apply(*(create(f"n{n}", goal=GOAL) for n in range(1000)), options=ApplyOptions(parallelism=32)).ok
    assert sum(len(batch) for batch in bench.platform.polls) == 1000
    assert len(bench.platform.polls) <= 20


def test_a_thousand_deletes_remove_each_record_once() -> None:
    bench = Bench.with_records(*(record(f"n{n}") for n in range(1000)))
    assert bench.apply(*(delete(f"n{n}") for n in range(1000))).ok
    assert bench.session.objects == {}
    assert len(bench.session.log) == 3000
