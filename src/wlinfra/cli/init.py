"""`wlinfra init`: a program that works at once, on an emulator that needs neither account nor installation."""

from __future__ import annotations

from argparse import Namespace
from itertools import count
from pathlib import Path

from wlinfra.cli.advice import command_line
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.errors import ConfigurationError

__all__ = ["run"]

_IGNORED = (".wlinfra/", "plan*.json", "__pycache__/")

_PROGRAM = '''"""What runs, per environment. Try it: `wlinfra plan`, then `wlinfra apply`."""

import wlinfra as wl


class Settings(wl.Settings):
    """What may differ between environments; also set with `--set replicas=2`."""

    replicas: int = 1
    bundles: list[str] = ["cpu.small"]


stack = wl.Stack("hello", settings=Settings)


@stack.resources
def resources(env: wl.Environment[Settings]):
    server = wl.Artifact(
        "server",
        containers=[wl.Container(image="ghcr.io/acme/hello:1.0.0", port=8080, env={"LOG": "info"})],
    )
    hello = wl.Workload("hello", artifact=server, bundles=env.settings.bundles, replicas=env.settings.replicas)
    yield server
    yield hello
    yield wl.Output("endpoint", hello.endpoint)  # known after apply


# An emulator of the platform, embedded: nothing to install or sign up for.
stack.environment("local", provider="datarobot", endpoint="emulator")

# The real one; the token comes from the environment variable DATAROBOT_API_TOKEN.
# stack.environment("prod", provider="datarobot", endpoint="https://app.datarobot.com/api/v2", settings=Settings(replicas=2), protect=True)
'''


def run(arguments: Namespace, console: Console) -> int:
    """Write the program and the lines of .gitignore; refuse to overwrite."""
    program = console.path(arguments.file)
    try:
        with program.open("x", encoding="utf-8") as file:
            file.write(_PROGRAM)
    except FileExistsError:
        raise ConfigurationError.of(
            "Program exists already",
            f"{program} exists, and init overwrites nothing.",
            f"Name another file:\n    {_other(arguments, console)}",
        ) from None
    except OSError as error:
        raise ConfigurationError.of(
            "Program cannot be written", f"{program}: {error.strerror}.", "Name a file in a folder you may write to."
        ) from error
    added = _ignore(program.parent / ".gitignore")
    console.show(f"Wrote {program.name}." + (f" Added {', '.join(added)} to .gitignore." if added else ""))
    # Both are on the one environment that the program has.
    first, then = (command_line(name, arguments) for name in ("plan", "apply"))
    console.show(f"Next:\n    {first}\n    {then}")
    return ExitCode.OK


def _other(arguments: Namespace, console: Console) -> str:
    """Return the command that writes to a file next to it that does not exist yet."""
    path = Path(arguments.file)
    names = (path.with_stem(f"{path.stem}{number}") for number in count(2))
    free = next(str(name) for name in names if not console.path(str(name)).exists())
    return command_line("init", Namespace(chdir=arguments.chdir), words=[free])


def _ignore(file: Path) -> list[str]:
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    missing = [line for line in _IGNORED if line not in before.splitlines()]
    if missing:
        gap = "" if not before or before.endswith("\n") else "\n"
        file.write_text(before + gap + "\n".join(missing) + "\n", encoding="utf-8")
    return missing
