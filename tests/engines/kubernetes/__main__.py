"""`python -m engines.kubernetes`: a cluster for a developer until Ctrl-C; with `--keep`, the one of a test run."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from engines.build import EngineMissingError
from engines.keda.operator import KedaOperator
from engines.kubernetes.cluster import Cluster
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
        cluster = stack.enter_context(Cluster())
        if keda:
            stack.enter_context(KedaOperator(cluster))
        print(f"export KUBECONFIG={cluster.handle.kubeconfig}", flush=True)
        print(f"# Prometheus: {cluster.handle.prometheus}; logs: {cluster.folder}; Ctrl-C ends it", flush=True)
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
