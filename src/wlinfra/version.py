"""Which version of wlinfra is installed."""

from __future__ import annotations

__all__ = ["tool_version"]


def tool_version() -> str:
    """Return the installed version; ``0+unknown`` when wlinfra runs from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and most commands need no version

    try:
        return version("wlinfra")
    except PackageNotFoundError:
        return "0+unknown"
