"""Which version of wlinfra is installed."""

from __future__ import annotations

import re

__all__ = ["semantic_version", "tool_version"]


def tool_version() -> str:
    """Return the installed version; ``0+unknown`` when wlinfra runs from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and most commands need no version

    try:
        return version("wlinfra")
    except PackageNotFoundError:
        return "0+unknown"


_PEP_440 = re.compile(
    r"(?P<release>\d+(?:\.\d+)*)(?:(?P<stage>a|b|rc)(?P<number>\d+))?(?:\.post(?P<post>\d+))?(?:\.dev(?P<dev>\d+))?"
    r"(?:\+(?P<local>[a-z0-9.]+))?"
)
_STAGES = {"a": "alpha", "b": "beta", "rc": "rc"}


def semantic_version(version: str) -> str:
    """Return a version of a Python package as a semantic version; raises ValueError for one that has none.

    >>> [semantic_version(one) for one in ("0.1", "0.1.0a4", "0.1.0.dev3", "1.2.3rc1.post4.dev5+g1a2b")]
    ['0.1.0', '0.1.0-alpha.4', '0.1.0+dev3', '1.2.3-rc.1+post4dev5.g1a2b']
    """
    found = _PEP_440.fullmatch(version)
    if found is None:
        raise ValueError(f"{version} has no semantic version.")
    release = ".".join([*found["release"].split("."), "0", "0"][:3])
    stage = f"-{_STAGES[found['stage']]}.{found['number']}" if found["stage"] else ""
    built = "".join(f"{name}{found[name]}" for name in ("post", "dev") if found[name])
    build = ".".join(part for part in (built, found["local"]) if part)
    return f"{release}{stage}{f'+{build}' if build else ''}"
