"""The program `pulumi-resource-wlinfra`: the service over the bridge.

What a start needs is imported here, and the rest by the first question that needs it.
"""

from __future__ import annotations

import gc
import os
import sys

from wlinfra.pulumi.contract import Bridge
from wlinfra.version import semantic_version, tool_version

__all__ = ["entry"]


def entry() -> None:
    """Run the plugin; the process ends with it, whatever its calls still do."""
    out, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed must not be read as the port
    try:
        from wlinfra.pulumi.service.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("google", "grpc", "pulumi"):
            raise
        sys.stderr.write(
            f"The Pulumi provider of wlinfra needs the package {error.name}, which is not installed: pip install 'wlinfra[pulumi]'\n"
        )
        raise SystemExit(1) from None
    gc.set_threshold(50_000, 50, 50)  # as for the command line
    code = serve(sys.argv[1:], _open_bridge, schema=_schema, version=semantic_version(tool_version()), stdout=out)
    sys.stderr.flush()
    os._exit(code)  # threads of calls that did not end would keep the process


def _open_bridge() -> Bridge:
    from wlinfra.pulumi.bridge.bridge import CoreBridge

    return CoreBridge()


def _schema() -> str:
    import json

    from wlinfra.pulumi.schema import package_schema

    return json.dumps(package_schema(semantic_version(tool_version())))


if __name__ == "__main__":
    entry()
