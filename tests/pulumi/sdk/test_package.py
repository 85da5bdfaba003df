"""The package: generated files are current, it is typed for its users, and importing it costs little."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[3]

TYPED = """
import pulumi
import pulumi_wlinfra as wlinfra
import wlinfra as wl

image: pulumi.Output[str] = pulumi.Output.from_input("ghcr.io/acme/chat:1.4.2")
server = wlinfra.Artifact("server", containers=[{"image": image, "port": 8080, "env": {"A": wl.secret_env("A")}}])
again = wlinfra.Artifact("again", containers=[wl.Container(image="x"), wlinfra.Container(image=image)], type="service")
chat = wlinfra.Workload("chat", artifact=server, autoscaling=[wl.cpu(target=70, max=4)], memory="2GB", tags={"a": image})
pulumi.export("endpoint", chat.endpoint)
reveal_type(chat.endpoint)
reveal_type(server.version)
"""
WRONG = """
import pulumi_wlinfra as wlinfra

wlinfra.Artifact("server", containers=[{"image": "x", "prot": 8080}])
wlinfra.Artifact("server", type="servic")
wlinfra.Workload("chat", replicas=2)
wlinfra.Workload("chat", artifact="65f0", replicas="2")
"""


def generator() -> ModuleType:
    file = ROOT / "scripts" / "pulumi_sdk.py"
    spec = importlib.util.spec_from_file_location("pulumi_sdk", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_files_are_current() -> None:
    folder = ROOT / "src" / "pulumi_wlinfra"
    for name, content in generator().render().items():
        assert (folder / name).read_text() == content, "run python scripts/pulumi_sdk.py"


def _mypy(folder: Path, program: str) -> str:
    (folder / "program.py").write_text(program)
    settings = ["--strict", "--no-incremental", f"--config-file={folder / 'none.ini'}", "--follow-imports=silent"]
    (folder / "none.ini").write_text("[mypy]\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *settings, str(folder / "program.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_a_program_is_checked_by_its_types(tmp_path: Path) -> None:
    printed = _mypy(tmp_path, TYPED + WRONG)
    told = [line.rpartition("[")[2].rstrip("]") for line in printed.splitlines() if " error: " in line]
    assert told == ["list-item", "arg-type", "call-arg", "arg-type"], printed
    assert 'Revealed type is "pulumi.output.Output[str]"' in printed
    assert 'Revealed type is "pulumi.output.Output[int | str | None]"' in printed


def test_importing_it_imports_nothing_heavy_but_pulumi() -> None:
    shown = "import pulumi, sys; before = set(sys.modules); import pulumi_wlinfra; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    ours = {"_base", "_options", "_provider", "_resources", "_shapes", "_types", "_values"}
    assert set(done.stdout.split()) == {"pulumi_wlinfra", *(f"pulumi_wlinfra.{name}" for name in ours)}


def test_importing_wlinfra_imports_neither_pulumi_nor_grpc() -> None:
    shown = "import sys, wlinfra, wlinfra.cli.app, wlinfra.workspace.workspace; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert {"pulumi", "grpc", "pulumi_wlinfra"}.isdisjoint(done.stdout.split())
