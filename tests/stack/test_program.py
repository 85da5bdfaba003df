"""Programs as people write them: found, run, and refused with their own file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import wlinfra as wl

GOOD = """
import wlinfra as wl
from {common} import image

class Settings(wl.Settings):
    replicas: int = 1

stack = wl.Stack("{name}", settings=Settings)

@stack.resources
def resources(env: wl.Environment[Settings]):
    from {common}_late import port
    server = wl.Artifact("server", containers=[wl.Container(image=image, port=port, env={{"T": wl.secret_env("T")}})])
    yield server
    yield wl.Workload("chat", artifact=server, replicas=env.settings.replicas)

stack.environment("local", provider="memory", token=wl.secret_file("token"))
stack.environment("prod", provider="memory", settings=Settings(replicas=8))
"""


def write(folder: Path, text: str, name: str = "infra.py") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def write_good(folder: Path, *, image: str = "acme/chat:1") -> Path:
    write(folder, f"image = {image!r}\n", "common.py")
    write(folder, "port = 8080\n", "common_late.py")
    return write(folder, GOOD.format(common="common", name="chat"))


def test_a_program_is_loaded_from_its_file_or_folder(tmp_path: Path) -> None:
    file = write_good(tmp_path)
    (tmp_path / "token").write_text("s3cret")
    by_file, by_folder = wl.load_stack(file), wl.load_stack(tmp_path)
    declared = wl.declare(by_file, "prod", overrides={"replicas": "3"})
    assert (by_file.name, by_folder.name, declared.settings) == ("chat", "chat", {"replicas": 3})
    assert declared.resources[0].location == wl.declare(by_folder, "prod").resources[0].location
    assert str(declared.resources[0].location).endswith("infra.py:13")
    assert by_file.find_environment("local").providers["default"].options["token"].reveal() == "s3cret"


def test_secrets_come_from_the_given_environment(tmp_path: Path) -> None:
    stack = wl.load_stack(write_good(tmp_path))
    artifact = wl.declare(stack, "prod", environ={"T": "hush"}).resources[0]
    assert isinstance(artifact, wl.Artifact)
    [variable] = artifact.containers[0].env
    assert isinstance(variable.value, wl.Secret)
    assert variable.value.reveal() == "hush"


def test_two_programs_may_have_modules_of_the_same_name(tmp_path: Path) -> None:
    stacks = [wl.load_stack(write_good(tmp_path / name, image=f"acme/{name}")) for name in ("one", "two")]
    images = []
    for stack in (*stacks, *stacks):
        artifact = wl.declare(stack, "prod").resources[0]
        assert isinstance(artifact, wl.Artifact)
        images.append(artifact.containers[0].image)
    assert images == ["acme/one", "acme/two", "acme/one", "acme/two"]
    assert "common" not in sys.modules
    assert str(tmp_path / "one") not in sys.path


@pytest.mark.parametrize("changed", ["infra.py", "common.py", "common_late.py", "unused.py"])
def test_the_digest_covers_the_program_and_what_it_imports(tmp_path: Path, changed: str) -> None:
    write_good(tmp_path)
    write(tmp_path, "", "unused.py")
    before = wl.declare(wl.load_stack(tmp_path), "prod")
    with (tmp_path / changed).open("a") as file:
        file.write("# another line\n")
    after = wl.declare(wl.load_stack(tmp_path), "prod")
    assert (before.program_digest != after.program_digest) is (changed != "unused.py")
    assert before.settings_digest == after.settings_digest


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    digests = {wl.declare(wl.load_stack(write_good(tmp_path / name)), "prod").program_digest for name in ("a", "b")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("text", "summary", "line"),
    [
        ("x = 1\ny = (\n", "Program is not Python", 2),
        ("import os\nimport nowhere_to_be_found\n", "Module not found", 2),
        ("\n\nraise KeyError('x')\n", "Program failed", 3),
        ("def f():\n    return 1 / 0\n\nf()\n", "Program failed", 2),
        ("import sys\nsys.exit(3)\n", "Program ended itself", 2),
        ("x = 1\n", "No stack", 1),
        ("import wlinfra as wl\na = wl.Stack('a')\nb = wl.Stack('b')\n", "Several stacks", 3),
        ("import wlinfra as wl\nstack = wl.Stack('a b')\n", "Bad name", 2),
        ("import wlinfra as wl\ns = wl.Stack('a')\ns.environment('x')\n", "Missing provider", 3),
    ],
)
def test_a_program_that_cannot_be_run_names_its_line(tmp_path: Path, text: str, summary: str, line: int) -> None:
    file = write(tmp_path, text)
    with pytest.raises(wl.DeclarationError) as caught:
        wl.load_stack(file)
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.summary, str(diagnostic.location)) == (summary, f"{file}:{line}")
    assert "Traceback" not in str(caught.value)


def test_a_missing_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wl.DeclarationError, match="Program not found"):
        wl.load_stack(tmp_path)


def test_a_failing_function_names_its_line_beside_other_mistakes(tmp_path: Path) -> None:
    text = (
        "import wlinfra as wl\nstack = wl.Stack('a')\nstack.environment('x', provider='memory')\n"
        "@stack.resources\ndef resources(env):\n    yield wl.Workload('w', artifact='1', replicas=0)\n    yield env.settings.nothing\n"
    )
    file = write(tmp_path, text)
    with pytest.raises(wl.DeclarationError) as caught:
        wl.declare(wl.load_stack(file), "x")
    assert [(one.summary, str(one.location)) for one in caught.value.diagnostics] == [
        ("Value out of range", f"{file}:6"),
        ("Program failed", f"{file}:7"),
    ]


def test_a_second_stack_of_another_module_is_not_counted_twice(tmp_path: Path) -> None:
    write(tmp_path, "import wlinfra as wl\nstack = wl.Stack('a')\nagain = stack\n", "shared.py")
    file = write(tmp_path, "from shared import stack, again\n")
    assert wl.load_stack(file).name == "a"
