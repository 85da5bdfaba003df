"""Whether Pulumi accepts a package's schema, and what its generators make of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engines.build import find
from engines.pulumi.engine import CODE_GENERATORS
from engines.pulumi.workspace import Ended, PulumiWorkspace

__all__ = ["check_schema", "generate_sdks", "run_with_python_sdk"]


def check_schema(workspace: PulumiWorkspace, schema: Path, *, code: int | None = 0) -> Ended:
    """Run `pulumi schema check` on a file; fail unless it ends with the code, which is 1 for a schema it refuses."""
    return workspace.run("schema", "check", str(schema), code=code)


def generate_sdks(schema: Path, folder: Path) -> Path:
    """Generate the SDKs of a schema into the folder's `python`, `nodejs` and `go`, and return the folder.

    Raises:
        AssertionError: The generators refuse the schema; the text says why.
        EngineMissingError: They are not built and cannot be.
    """
    command = [find(CODE_GENERATORS)["codegen"], schema, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the generators ended with {done.returncode}\n{done.stderr}"
    return folder


def run_with_python_sdk(sdks: Path, program: str) -> str:
    """Run a program that may import the generated Python package, and return what it printed.

    Raises:
        AssertionError: The program failed; the text has its traceback.
    """
    package = next((sdks / "python").glob("*/pulumi-plugin.json")).parent.name
    metadata = sdks / "python" / f"{package}-0.0.0.dist-info"  # a generated package asks for its installed version
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.0\n")
    environ = {**os.environ, "PYTHONPATH": str(sdks / "python")}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
