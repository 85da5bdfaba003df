"""What refers to an object that this run takes over by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from support.memory_stage import MemoryStage, Thing

from wlinfra.resources.lifecycle import ReplaceOrder


def test_it_is_deleted_first_while_the_object_is_not_yet_taken_over(tmp_path: Path) -> None:
    stage = MemoryStage(folder=tmp_path, parallelism=1)

    def declared(zone: str) -> Iterator[Thing]:
        base = Thing("base", zone=zone, replace_order=ReplaceOrder.DELETE_THEN_CREATE)
        kept = Thing("kept", size=2)
        peers = [base.ref("endpoint"), kept.ref("endpoint")]
        yield from (base, kept)
        yield Thing("web", zone=zone, peers=peers, replace_order=ReplaceOrder.DELETE_THEN_CREATE)

    before = [Thing("base"), Thing("web", peers=[])]
    stage.apply([*before, Thing("kept", retain=True)])
    stage.apply(before)
    result = stage.apply(declared("b"))
    assert (result.failed, result.skipped) == ((), ())
    stage.settle(lambda: declared("b"))
