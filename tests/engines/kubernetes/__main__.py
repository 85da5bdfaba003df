"""`python -m engines.kubernetes`: a cluster for a developer until Ctrl-C; with `--keep`, the one of a test run."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from engines.build import EngineMissingError
from engines.keda.operator import KedaOperator, keda_definitions
from engines.kubernetes.cluster import Cluster, ClusterOptions
from engines.kubernetes.keeper import keep
from engines.kubernetes.processes import StartFailedError


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engines.kubernetes", description="A Kubernetes test cluster.")
    parser.add_argument("--keda", action="store_true", help="run KEDA's operator beside it")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.keep is not None:
        keep(arguments.keep)
        return 0
    try:
        _serve(keda=arguments.keda)
    except (EngineMissingError, StartFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _serve(*, keda: bool) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A shell that starts it in the background has it ignore interrupts otherwise.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        # From the beginning, because the garbage collector looks for new kinds only every 30 seconds.
        options = ClusterOptions(definitions=tuple(keda_definitions()) if keda else ())
        cluster = stack.enter_context(Cluster(options))
        if keda:
            stack.enter_context(KedaOperator(cluster))
        print("\n".join(_how_to_use(cluster)), flush=True)
        signal.pause()


def _how_to_use(cluster: Cluster) -> Iterator[str]:
    """Yield lines for a shell."""
    handle = cluster.handle
    yield f"export KUBECONFIG={handle.kubeconfig}"
    if shutil.which("kubectl") is None:
        yield f'export PATH="{handle.kubectl_program.parent}:$PATH"  # for kubectl'
    yield f"# Prometheus: {handle.prometheus}; logs: {cluster.folder}; Ctrl-C ends it"


if __name__ == "__main__":
    sys.exit(main())
