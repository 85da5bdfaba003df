"""How much memory this process has used at most.

The scenarios' child processes call it. The count of a child would otherwise begin with its parent's, which Linux
hands on in ``ru_maxrss``.
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

__all__ = ["peak_bytes"]

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Return the peak of resident memory in bytes."""
    if _STATUS.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii"))
        if found is not None:
            return 1024 * int(found[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
