"""`python -m engines NAME...`: gets the programs of engines and prints where they are, so that no later run has to."""

from __future__ import annotations

import argparse
import sys

from engines.build import EngineMissingError, find
from engines.keda.engine import KEDA
from engines.kubernetes.engine import CONTROL_PLANE
from engines.pulumi.engine import CODE_GENERATORS, PULUMI

ENGINES = {engine.name: engine for engine in (CONTROL_PLANE, KEDA, PULUMI, CODE_GENERATORS)}


def main() -> int:
    """Get what the command line names and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engines", description="Get the engines that tests run against.")
    parser.add_argument("names", nargs="+", choices=sorted(ENGINES), metavar="NAME", help=", ".join(sorted(ENGINES)))
    for name in parser.parse_args().names:
        try:
            found = find(ENGINES[name])
        except EngineMissingError as error:
            print(error, file=sys.stderr)
            return 1
        for program, path in found.items():
            print(f"{program}\t{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
