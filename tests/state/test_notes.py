"""What a session has to say at its end is shown: a compaction that failed loses nothing, and is no secret."""

from __future__ import annotations

import io
from pathlib import Path

from wlinfra.cli.console import Console
from wlinfra.cli.opening import host_of
from wlinfra.errors import Diagnostic, Severity
from wlinfra.state.lease import LockRequest
from wlinfra.state.store import LocalStateStore
from wlinfra.workspace.writing import writing


def test_the_notes_of_a_session_are_shown(tmp_path: Path) -> None:
    err = io.StringIO()
    console = Console(stdin=io.StringIO(), stdout=io.StringIO(), stderr=err, environ={}, directory=tmp_path)
    note = Diagnostic(summary="State was not compacted", detail="The disk is full.", severity=Severity.WARNING)
    with writing(LocalStateStore(tmp_path, "s", "e"), LockRequest(owner="me"), host_of(console)) as (_, session):
        session.notes.append(note)
    assert "State was not compacted" in err.getvalue()
