"""Where secrets come from: environment variables, files, commands, or anything else with the same two members.

Programs call the functions; the result is fetched when a run needs it, so declaring and planning offline need none.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from wlinfra.errors import ConfigurationError, DeclarationError
from wlinfra.resources.declaring import caller, locate, require
from wlinfra.stack.context import surroundings
from wlinfra.values import Secret

__all__ = [
    "CommandSource",
    "EnvironmentSource",
    "FileSource",
    "SecretSource",
    "secret",
    "secret_command",
    "secret_env",
    "secret_file",
]

COMMAND_TIMEOUT = 30.0
"""Seconds a command may take to print a secret."""


_SOURCES: Final = (
    'Write it as wl.secret_env("HF_TOKEN"), wl.secret_file("token.txt") or wl.secret_command("pass show token").'
)
_COMMAND: Final = 'Write it as wl.secret_command("pass show token") or wl.secret_command(["pass", "show", "token"]).'


class SecretSource(Protocol):
    """Anything that can be asked for a secret; implement it for a store of your own and call `secret`."""

    @property
    def describe(self) -> str:
        """Names the source, never the value."""
        ...

    def fetch(self) -> str:
        """Return the secret; raises ConfigurationError when there is none."""
        ...


def secret(source: SecretSource) -> Secret:
    """Return a secret that the source is asked for when it is needed; raises DeclarationError for what is no source."""
    complete = callable(getattr(source, "fetch", None)) and isinstance(getattr(source, "describe", None), str)
    if not complete or isinstance(source, type):
        require(source, (), "wl.secret", "an object with describe, a string, and a method fetch", _SOURCES)
    return Secret(source.fetch, describe=source.describe)


def secret_env(name: str) -> Secret:
    """Return a secret from an environment variable of the process that applies."""
    require(name, str, "wl.secret_env", "the name of a variable", 'Write it as wl.secret_env("HF_TOKEN").')
    return _built_in(EnvironmentSource(name, surroundings().environ), {"env": name})


def secret_file(path: str | Path) -> Secret:
    """Return a secret from a file, one final newline dropped; a relative path is meant from the program's folder."""
    require(path, (str, Path), "wl.secret_file", "a path", 'Write it as wl.secret_file("token.txt").')
    source = FileSource(surroundings().path(path))
    return _built_in(source, {"file": str(source.path)})


def secret_command(command: str | Sequence[str]) -> Secret:
    """Return a secret that a command prints, one final newline dropped; it runs without a shell, for 30 s at most."""
    require(command, (str, list, tuple), "wl.secret_command", "a command or a list of its words", _COMMAND)
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError:
        raise DeclarationError.of(
            "Command is wrong", "A quotation mark in it is not closed.", _COMMAND, location=locate(caller())
        ) from None
    for word in words:
        require(word, str, "Each word of wl.secret_command", "a string", _COMMAND)
    return _built_in(CommandSource(tuple(words), surroundings().folder), {"command": words})


def _built_in(source: SecretSource, written: Mapping[str, str | list[str]]) -> Secret:
    return Secret(source.fetch, describe=source.describe, source=written)


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """An environment variable."""

    name: str
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    """None: those of the process."""

    @property
    def describe(self) -> str:
        """Names the variable."""
        return f"environment variable {self.name}"

    def fetch(self) -> str:
        """Return its value; raises ConfigurationError when it is not set, or not UTF-8."""
        environ = surroundings().variables() if self.environ is None else self.environ
        value = environ.get(self.name)
        if value is None:
            raise ConfigurationError.of(
                "Secret not found", f"The {self.describe} is not set.", f"Set {self.name} and run again."
            )
        if not is_utf8(value):  # the bytes that are not UTF-8, as the process keeps them
            raise ConfigurationError.of(
                "Secret not readable",
                f"The {self.describe} is not UTF-8.",
                "Set it to a string; encode bytes, for example as base64, or keep them in a file.",
            )
        return value


def is_utf8(text: str) -> bool:
    r"""Return whether the string can be sent: bytes of a variable that are not UTF-8 are lone surrogates in it.

    >>> is_utf8("caf\xe9"), is_utf8("caf\udce9")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file that contains only the secret."""

    path: Path

    @property
    def describe(self) -> str:
        """Names the file."""
        return f"file {self.path}"

    def fetch(self) -> str:
        """Return its content; raises ConfigurationError when it cannot be read."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError.of(
                "Secret not found",
                f"The {self.describe} cannot be read: {error.strerror}.",
                "Write the secret into that file.",
            ) from error
        except UnicodeDecodeError:
            raise ConfigurationError.of(
                "Secret not readable", f"The {self.describe} is not UTF-8.", "Store it as UTF-8."
            ) from None
        return text.removesuffix("\n")


@dataclass(frozen=True, slots=True)
class CommandSource:
    """A command that prints the secret; its arguments may be secret themselves, so only its name is shown."""

    words: tuple[str, ...] = field(repr=False)
    folder: Path | None = None
    timeout: float = COMMAND_TIMEOUT
    """Seconds."""

    @property
    def describe(self) -> str:
        """Names the program that is run."""
        return f"command {self.words[0] if self.words else '(empty)'}"

    def fetch(self) -> str:
        """Return what it prints; raises ConfigurationError when it cannot run, fails or takes too long."""
        if not self.words:
            raise ConfigurationError.of(
                "Secret not found", "The command for a secret is empty.", "Name a program to run."
            )
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
                self.words,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not end within {self.timeout:g} s") from None
        except OSError as error:
            raise self._failed(f"cannot be started: {error.strerror}") from None
        if done.returncode != 0:
            raise self._failed(f"ended with code {done.returncode}")
        try:
            return done.stdout.decode().removesuffix("\n")
        except UnicodeDecodeError:
            raise self._failed("printed something that is not UTF-8") from None

    def _failed(self, what: str) -> Exception:
        return ConfigurationError.of(
            "Secret not found", f"The {self.describe} {what}.", "Run it by hand to see its output."
        )
