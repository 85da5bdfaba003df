from __future__ import annotations

import sys
from pathlib import Path

import pytest

import wlinfra as wl
from wlinfra.stack.context import Surroundings, surrounded
from wlinfra.stack.secrets import CommandSource, EnvironmentSource

PRINT = [sys.executable, "-c", "print('s3cret')"]


def test_an_environment_variable_is_read_when_it_is_needed() -> None:
    environ = {"TOKEN": "before"}
    with surrounded(Surroundings(environ=environ)):
        secret = wl.secret_env("TOKEN")
    environ["TOKEN"] = "after"
    assert (secret.reveal(), secret.describe, repr(secret)) == (
        "after",
        "environment variable TOKEN",
        "(sensitive value)",
    )


def test_a_variable_that_is_no_text_is_named_and_not_shown() -> None:
    with surrounded(Surroundings(environ={"TOKEN": b"canary\xff".decode(errors="surrogateescape")})):
        secret = wl.secret_env("TOKEN")
    with pytest.raises(wl.ConfigurationError, match="The environment variable TOKEN is not UTF-8") as caught:
        secret.reveal()
    assert "canary" not in str(caught.value)


def test_a_file_is_meant_from_the_folder_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n\n")
    with surrounded(Surroundings(folder=tmp_path)):
        secret = wl.secret_file("token")
    assert secret.reveal() == "s3cret\n"


@pytest.mark.parametrize("command", [PRINT, f"{sys.executable} -c \"print('s3cret')\""], ids=["list", "text"])
def test_a_command_prints_the_secret(command: list[str] | str) -> None:
    assert wl.secret_command(command).reveal() == "s3cret"


def test_a_command_gets_no_shell() -> None:
    words = f'{sys.executable} -c "import sys; print(sys.argv[1:])" $HOME ; echo'
    assert wl.secret_command(words).reveal() == "['$HOME', ';', 'echo']"


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (wl.secret(EnvironmentSource("MISSING", {"OTHER": "canary"})), "environment variable MISSING is not set"),
        (wl.secret_file("/nowhere/token"), "file /nowhere/token cannot be read: No such file"),
        (wl.secret_command([sys.executable, "-c", "print('canary'); raise SystemExit(3)"]), "ended with code 3"),
        (wl.secret_command(["/nowhere/tool", "canary"]), "command /nowhere/tool cannot be started"),
        (wl.secret_command(""), "command for a secret is empty"),
        (
            wl.secret(CommandSource((sys.executable, "-c", "input() or __import__('time').sleep(60)"), timeout=0.0)),
            "did not end within 0 s",
        ),
    ],
    ids=["variable", "file", "failing command", "no command", "empty command", "slow command"],
)
def test_a_missing_secret_names_its_source_and_no_value(secret: wl.Secret, says: str) -> None:
    with pytest.raises(wl.ConfigurationError, match=says) as caught:
        secret.reveal()
    assert "canary" not in str(caught.value)


def test_a_store_of_ones_own_needs_two_members() -> None:
    class Vault:
        describe = "vault path kv/token"

        def fetch(self) -> str:
            return "s3cret"

    assert wl.secret(Vault()).reveal() == "s3cret"


def test_a_secret_cannot_be_part_of_a_text() -> None:
    with pytest.raises(TypeError, match="cannot be part of another string"):
        f"Bearer {wl.secret_env('TOKEN')}"
