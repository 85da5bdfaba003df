"""`python -m wlinfra_datarobot.emulator --port 8181 --data DIR`."""

from __future__ import annotations

import sys

from .serve import serve

sys.exit(serve(sys.argv[1:]))
