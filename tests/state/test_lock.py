"""The lock: one holder, freed when the holder is gone, never taken from a living one."""

from __future__ import annotations

import fcntl
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support.state_samples import ME, StateClock, make_item, make_store, start_child, write_items

from wlinfra.errors import LeaseLostError, LockedError, StateDamagedError
from wlinfra.state.files import Disk
from wlinfra.state.holder import Holder, is_gone
from wlinfra.state.lease import LockInfo, LockRequest
from wlinfra.state.lock import FileLock
from wlinfra.values import Address

ELSEWHERE = Holder(host="elsewhere", pid=4711, machine="another", process_start="1")


def make_lock(directory: Path, clock: StateClock) -> FileLock:
    return FileLock(directory, clock=clock, disk=Disk(), heartbeat=False)


def hold_elsewhere(lock: FileLock, *, lease: float = 30.0) -> LockInfo:
    """Make the record one of a process on another machine."""
    mine = lock.acquire(replace(ME, lease=lease)).info
    theirs = replace(mine, holder=ELSEWHERE, owner="bob")
    assert lock.replace_record(mine, theirs)
    return theirs


def test_a_free_lock_is_taken_at_once_with_a_higher_epoch(tmp_path: Path) -> None:
    lock = make_lock(tmp_path, StateClock())
    epochs = []
    for _ in range(3):
        with lock.acquire(ME) as lease:
            assert lock.read() == lease.info
            epochs.append(lease.epoch)
    assert (epochs, lock.read()) == ([1, 2, 3], None)


def test_the_error_names_the_holder_and_both_ways_out(tmp_path: Path) -> None:
    clock = StateClock()
    lock = make_lock(tmp_path, clock)
    hold_elsewhere(lock)
    held = lock.read()
    assert held is not None
    with pytest.raises(LockedError) as caught:
        lock.acquire(ME)
    text = str(caught.value)
    for part in (
        "bob",
        "elsewhere",
        "4711",
        "'apply'",
        "1970-01-12T13:46:40+00:00",
        "lock_timeout=60",
        f"wlinfra state unlock {held.id}",
    ):
        assert part in text
    assert caught.value.exit_code == 11


def test_waiting_tells_once_whom_it_waits_for_and_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    clock = StateClock()
    lock = make_lock(tmp_path, clock)
    theirs = hold_elsewhere(lock)
    told: list[LockInfo] = []

    def on_wait(info: LockInfo) -> None:
        told.append(info)
        lock.replace_record(theirs, replace(theirs, token=""))

    assert lock.acquire(replace(ME, timeout=60.0, on_wait=on_wait)).epoch == 2
    assert told == [theirs]


def test_a_holder_that_renews_is_never_robbed(tmp_path: Path) -> None:
    clock = StateClock()
    lock = make_lock(tmp_path, clock)
    theirs = hold_elsewhere(lock)

    class Renewing(StateClock):
        def sleep(self, seconds: float) -> None:
            self.move(10.0)
            lock.renew(theirs)

    clock.__class__ = Renewing
    with pytest.raises(LockedError):
        lock.acquire(replace(ME, timeout=600.0))


def test_a_clock_that_is_ahead_robs_nobody(tmp_path: Path) -> None:
    behind = StateClock()
    holder = make_lock(tmp_path, behind)
    theirs = hold_elsewhere(holder)

    class Ahead(StateClock):
        def sleep(self, seconds: float) -> None:
            self.move(10.0)
            behind.move(10.0)
            holder.renew(theirs)

    clock = Ahead()
    clock.wall += 3600
    other = make_lock(tmp_path, clock)
    with pytest.raises(LockedError):
        other.acquire(replace(ME, timeout=600.0))


def test_a_lapsed_lease_is_taken_over_without_a_command(tmp_path: Path) -> None:
    clock = StateClock()
    lock = make_lock(tmp_path, clock)
    hold_elsewhere(lock, lease=30.0)
    clock.move(31.0)
    before = clock.time
    assert lock.acquire(ME).epoch == 2
    assert clock.time - before == pytest.approx(15.0, abs=0.5)


def test_a_clock_that_is_behind_waits_for_one_whole_lease(tmp_path: Path) -> None:
    clock = StateClock()
    lock = make_lock(tmp_path, clock)
    hold_elsewhere(lock)
    clock.wall -= 3600
    assert lock.acquire(replace(ME, timeout=60.0)).epoch == 2


def test_a_killed_holder_on_this_machine_frees_the_lock_at_once(tmp_path: Path) -> None:
    child = start_child("told", str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(LockedError):
        make_store(tmp_path).acquire(ME)
    child.kill()
    child.communicate()
    assert make_store(tmp_path).acquire(ME).epoch == 2


def test_a_later_process_with_the_same_pid_is_not_the_holder() -> None:
    me = Holder.of_this_process()
    assert not is_gone(me)
    assert is_gone(replace(me, process_start="1"))
    assert not is_gone(replace(me, machine="another", process_start="1"))


def test_a_lease_that_was_not_renewed_in_time_fails_its_check_for_good(tmp_path: Path) -> None:
    clock = StateClock()
    lease = make_lock(tmp_path, clock).acquire(ME)
    clock.move(29.0)
    lease.check()
    lease.renew()
    clock.move(29.0)
    lease.check()
    clock.move(2.0)
    lease.renew()
    with pytest.raises(LeaseLostError, match="no longer writes or calls anything"):
        lease.check()
    lease.release()
    assert make_lock(tmp_path, clock).acquire(ME).epoch == 2


def test_unlocking_stops_the_holder_before_its_next_write(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(ME) as lease, store.open(lease) as session:
        session.put(make_item("a"))
        unlocked = store.unlock()
        assert unlocked is not None
        assert unlocked.owner == "ada"
        with pytest.raises(LeaseLostError):
            session.put(make_item("b"))
    assert list(store.load().objects) == ["workload.a"]
    assert store.acquire(ME).epoch == 3


def test_a_lease_renews_itself_while_its_holder_works(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with store.acquire(replace(ME, lease=6.0)) as lease:
        first = lease.info.heartbeat
        end = threading.Event()
        while (found := store.read_lock()) is not None and found.heartbeat == first:
            end.wait(0.01)
        lease.check()


def test_a_record_that_another_process_is_changing_is_not_waited_for_forever(tmp_path: Path) -> None:
    lock = make_lock(tmp_path, StateClock())
    with (tmp_path / "lock.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="it may be paused"):
            lock.acquire(ME)
    assert lock.acquire(ME).epoch == 1


def test_unlocking_what_was_never_locked_does_nothing(tmp_path: Path) -> None:
    assert make_store(tmp_path).unlock() is None
    assert list(tmp_path.iterdir()) == []


def test_unlocking_works_beside_a_damaged_state(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    store = make_store(tmp_path)
    lease = store.acquire(ME)
    store.paths.journal.write_bytes(b"?\n")
    assert store.unlock() == lease.info


def test_a_damaged_record_is_refused_until_it_is_unlocked(tmp_path: Path) -> None:
    write_items(tmp_path, "a")
    store = make_store(tmp_path)
    store.lock.path.write_text("{")
    with pytest.raises(StateDamagedError, match="wlinfra state unlock"):
        store.acquire(ME)
    assert store.unlock() is None
    assert store.acquire(ME).epoch > 1


def test_a_deleted_lock_record_does_not_make_later_changes_look_old(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_items(tmp_path, name)
    make_store(tmp_path).lock.path.unlink()
    assert list(write_items(tmp_path, "d").objects) == ["workload.a", "workload.b", "workload.c", "workload.d"]


def test_processes_that_race_for_the_lock_take_turns(tmp_path: Path) -> None:
    children = [start_child("count", str(tmp_path)) for _ in range(2)]
    lines = [tuple(map(int, line.split())) for child in children for line in child.communicate()[0].splitlines()]
    assert sorted(number for number, _ in lines) == list(range(20))
    assert sorted(epoch for _, epoch in lines) == list(range(1, 21))
    assert len(make_store(tmp_path).load().objects) == 20


@pytest.mark.parametrize("is_taken_over", [True, False])
def test_a_holder_paused_beyond_its_lease_writes_nothing_when_it_goes_on(
    tmp_path: Path, *, is_taken_over: bool
) -> None:
    child = start_child("told", str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    child.send_signal(signal.SIGSTOP)
    store = make_store(tmp_path)
    lease = store.acquire(LockRequest(owner="next", timeout=60.0))
    if is_taken_over:
        with lease, store.open(lease) as session:
            session.put(make_item("second"))
    before = store.load()
    child.send_signal(signal.SIGCONT)
    assert child.communicate("write\nwrite\n")[0] == "LeaseLostError\nLeaseLostError\n"
    assert store.load() == before
    assert (Address("workload.second") in before.objects) is is_taken_over
