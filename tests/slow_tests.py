"""Names the tests that took longer than a test of the gate may; `tests/conftest.py` loads it."""

from __future__ import annotations

import pytest

__all__ = ["LONGEST"]

LONGEST = 20.0
"""Seconds for one test, its own fixtures included, on a machine with nothing else to do."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List them; a loaded machine is no reason to fail, so this reports and does nothing more."""
    took: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and "nightly" not in report.keywords and report.when == "call":
                took[report.nodeid] = took.get(report.nodeid, 0.0) + report.duration
    slow = sorted(((seconds, name) for name, seconds in took.items() if seconds > LONGEST), reverse=True)
    if slow:
        terminalreporter.section(f"tests over {LONGEST:.0f} s: make them smaller, the rest nightly")
        for seconds, name in slow:
            terminalreporter.line(f"{seconds:6.1f} s  {name}")
