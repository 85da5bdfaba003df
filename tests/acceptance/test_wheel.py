"""The wheel works alone: installed into a fresh environment, away from the checkout, it plans and applies the example."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "quickstart" / "infra.py"

pytestmark = pytest.mark.timeout(600)


def run(*command: str | Path, folder: Path, **environ: str) -> str:
    """Run a command without anything of the checkout on its path; return its output."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        or name.lower().endswith("_proxy")
        or name.startswith("PIP_")
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**kept, "HOME": str(folder), "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wlinfra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it with its dependencies into a new environment, and return its command."""
    folder = tmp_path_factory.mktemp("wheel")
    # The build's own requirement is there where the project is developed; elsewhere the build fetches it.
    options = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "build", "--wheel", *options, "--outdir", folder / "dist", ROOT, folder=folder)
    (wheel,) = (folder / "dist").glob("wlinfra-*.whl")
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / "bin"
    cache = run(
        sys.executable, "-m", "pip", "cache", "dir", folder=Path.home()
    ).strip()  # so that little has to be fetched
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "10", "--cache-dir", cache)
    run(binaries / "python", *pip, wheel, folder=folder)
    return binaries / "wlinfra"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE, tmp_path / "infra.py")
    return tmp_path


def test_the_installed_command_tells_its_version(wlinfra: Path, elsewhere: Path) -> None:
    assert "0.1.0" in run(wlinfra, "version", folder=elsewhere)


def test_the_example_is_planned_applied_and_settled_away_from_the_checkout(wlinfra: Path, elsewhere: Path) -> None:
    def command(*arguments: str) -> str:
        return run(wlinfra, *arguments, "-e", "local", folder=elsewhere, CHAT_TOKEN="t0p-secret")

    assert "4 created" in command("plan")
    command("apply", "--auto-approve")
    assert "No changes" in command("plan", "--detailed-exitcode")
    assert "http" in command("output", "chat")


def test_what_the_wheel_installs_is_typed_and_holds_no_tests(wlinfra: Path) -> None:
    (packages,) = (wlinfra.parents[1] / "lib").glob("python*/site-packages")
    assert (packages / "wlinfra" / "py.typed").is_file()
    assert (packages / "wlinfra_datarobot" / "py.typed").is_file()
    assert (packages / "pulumi_wlinfra" / "py.typed").is_file()
    assert not (packages / "tests").exists()
    assert not (packages / "support").exists()
