"""Becomes the program it is given, after asking the kernel to end it together with its parent.

Run as a script with the parent's process id and the command. Where the kernel cannot promise that, only the
parent's own clean-up ends the program.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by the command, unless the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(command[0], command)


main(int(sys.argv[1]), sys.argv[2:])
