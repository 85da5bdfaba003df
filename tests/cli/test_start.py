from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from support.command_line import CommandLine, Terminal

from wlinfra.cli.app import main
from wlinfra.cli.arguments import COMMANDS, build_parser
from wlinfra.cli.completion import words_by_command
from wlinfra.cli.exit_codes import ExitCode
from wlinfra.errors import InterruptedRun, LeaseLostError, LockedError, StalePlanError, StateDamagedError

HEAVY = ("pydantic", "urllib3", "rich", "deepdiff", "yaml", "orjson", "asyncio", "wlinfra_datarobot")


def modules_after(*arguments: str) -> set[str]:
    code = f"import sys; from wlinfra.cli.app import main; main({list(arguments)!r}); print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("MODULES", 1)[1].split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plan", "--help"], ["version"], ["completion", "bash"]], ids=" ".join
)
def test_what_calls_nothing_imports_nothing_heavy(arguments: list[str]) -> None:
    assert modules_after(*arguments).isdisjoint(HEAVY)


def test_help_lists_every_command_with_an_example(wlinfra: CommandLine) -> None:
    text = wlinfra.run("--help").out
    assert all(f"  {command.name} " in text and f"$ {command.example}" in text for command in COMMANDS)
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(command: str, wlinfra: CommandLine) -> None:
    ended = wlinfra.run(command, "--help")
    assert ended.code == 0
    assert "example:" in ended.out


def test_every_example_can_be_parsed() -> None:
    parser = build_parser()
    for command in COMMANDS:
        words = command.example.replace('eval "$(', "").replace(')"', "").split()
        assert parser.parse_args(words[1:]).command == command.name


def test_without_a_command_the_help_is_shown(wlinfra: CommandLine) -> None:
    out = io.StringIO()
    assert main([], stdout=out) == 0
    assert out.getvalue().startswith("Usage: wlinfra COMMAND")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["aply"], "did you mean apply?"),
        (["plan", "--frobnicate"], "--frobnicate"),
        (["apply", "--parallelism", "0"], "not a number above 0"),
        (["apply", "--lock-timeout", "soon"], "such as 30s"),
        (["plan", "--set", "replicas"], "replicas"),
        (["plan", "-e", "prod"], "prod"),
        (["plan", "other.py"], "other.py"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_explained_and_exits_1(wlinfra: CommandLine, arguments: list[str], said: str) -> None:
    ended = wlinfra.run(*arguments)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["plan", "-env", "local"], "-env is not an option; did you mean --environment or -e?"),
        (["plan", "--env=local"], "--env is not an option; did you mean --environment or -e?"),
        (["-chdir=x", "plan"], "-chdir is not an option; did you mean --chdir?"),
        (["apply", "-auto-approve"], "-auto-approve is not an option; did you mean --auto-approve?"),
        (["state", "list", "-stat-dir=x"], "-stat-dir is not an option; did you mean --state-dir?"),
        (["plan", "-out=plan.json"], "-out is not an option; did you mean --out?"),
        (["plan", "--output", "plan.json"], "--output is not an option; did you mean --out?"),
        (["plan", "--nonsense"], "Unrecognized arguments: --nonsense."),
    ],
)
def test_an_option_written_as_in_another_tool_is_named_as_it_is(
    wlinfra: CommandLine, arguments: list[str], meant: str
) -> None:
    ended = wlinfra.run(*arguments)
    assert (ended.code, meant in ended.err) == (1, True), ended.err


def test_a_value_may_stand_right_after_its_short_option(wlinfra: CommandLine) -> None:
    assert wlinfra.run("plan", "-etest").code == 0


def test_options_of_every_command_may_stand_before_or_after_its_name(wlinfra: CommandLine) -> None:
    assert wlinfra.run("-e", "test", "plan").code == wlinfra.run("plan", "-e", "test").code == 0
    assert wlinfra.run("-e", "nope", "plan").code == 1


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    err = io.StringIO()
    assert main(["--chdir", str(tmp_path / "no"), "plan"], stderr=err) == 1
    assert "No such directory" in err.getvalue()


def test_errors_of_the_library_carry_the_documented_codes() -> None:
    kinds = (StalePlanError, LockedError, LeaseLostError, StateDamagedError, InterruptedRun)
    codes = [ExitCode.STALE_PLAN, ExitCode.LOCKED, ExitCode.LOCKED, ExitCode.STATE_DAMAGED, ExitCode.INTERRUPTED]
    assert [kind.exit_code for kind in kinds] == codes


def test_colours_are_for_terminals_that_want_them(wlinfra: CommandLine) -> None:
    def painted(*arguments: str, **environ: str) -> bool:
        out = Terminal()
        given = ["--chdir", str(wlinfra.folder), "plan", *arguments]
        main(
            given, stdout=out, environ={"HOME": str(wlinfra.folder), **environ}, providers={"memory": wlinfra.provider}
        )
        return "\x1b[" in out.getvalue()

    assert [painted(), painted("--no-color"), painted(NO_COLOR="1"), painted(TERM="dumb")] == [
        True,
        False,
        False,
        False,
    ]


def test_an_error_nobody_thought_of_is_reported_without_its_text(wlinfra: CommandLine) -> None:
    class Exploding(io.StringIO):
        def write(self, text: str) -> NoReturn:
            raise ZeroDivisionError("the secret is swordfish")

    err, chosen = io.StringIO(), ["--chdir", str(wlinfra.folder)]
    environ, providers = {"HOME": str(wlinfra.folder)}, {"memory": wlinfra.provider}
    code = main([*chosen, "plan"], stdout=Exploding(), stderr=err, environ=environ, providers=providers)
    report = (wlinfra.folder / ".wlinfra" / "bug-report.txt").read_text()
    assert code == ExitCode.BUG
    assert "This is a bug in wlinfra (ZeroDivisionError)" in err.getvalue()
    assert "in write" in report
    assert "swordfish" not in err.getvalue() + report


def test_completion_knows_every_command_and_option() -> None:
    words = words_by_command(build_parser())
    assert {"plan", "state", "completion"} <= set(words[""])
    assert {"--out", "--target", "--detailed-exitcode", "terraform-json"} <= set(words["plan"])
    assert set(words["state"]) >= {"list", "mv", "unlock"}


def test_the_bash_script_is_valid_and_completes(wlinfra: CommandLine) -> None:
    script = wlinfra.run("completion", "bash").out
    ask = 'COMP_WORDS=(wlinfra plan --detailed); COMP_CWORD=2; _wlinfra; echo "${COMPREPLY[*]}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "--detailed-exitcode"


def test_the_version_is_printed(wlinfra: CommandLine) -> None:
    assert wlinfra.run("--version").out == wlinfra.run("version").out
    assert wlinfra.run("version").out.startswith("wlinfra ")


def test_providers_are_listed(wlinfra: CommandLine) -> None:
    assert "memory" in wlinfra.run("providers").out.split()


def test_letters_the_terminal_lacks_are_spelt_out(tmp_path: Path) -> None:
    code = "import sys; from wlinfra.cli.app import entry; sys.stdout.reconfigure(encoding='ascii'); entry()"
    program = tmp_path / "infra.py"
    text = (
        'import wlinfra as wl\nstack = wl.Stack("s")\n@stack.resources\ndef r(env):\n    yield wl.Output("o", "чат")\n'
    )
    program.write_text(text + 'stack.environment("e", provider="datarobot", endpoint="emulator")\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code, "plan"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, r"\u0447\u0430\u0442" in done.stdout) == (0, True), done.stderr
