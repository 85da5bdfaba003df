"""`wlinfra completion`: a script for the shell, created from the commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import assert_never

from wlinfra.cli.arguments import build_parser
from wlinfra.cli.console import Console
from wlinfra.cli.exit_codes import ExitCode

__all__ = ["run", "words_by_command"]


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script."""
    words = words_by_command(build_parser())
    match arguments.shell:
        case "bash":
            console.show(_bash(words))
        case "zsh":
            console.show("autoload -U +X bashcompinit && bashcompinit\n" + _bash(words))
        case "fish":
            console.show("\n".join(_fish(words)))
        case other:
            assert_never(other)
    return ExitCode.OK


def words_by_command(parser: argparse.ArgumentParser, prefix: str = "") -> dict[str, list[str]]:
    """Return what may follow each command: its own commands, its options and their choices."""
    found: dict[str, list[str]] = {prefix: []}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                found[prefix].append(name)
                found |= words_by_command(child, f"{prefix} {name}".strip())
        else:
            found[prefix] += [option for option in action.option_strings if option.startswith("--")]
            found[prefix] += [str(choice) for choice in action.choices or ()]
    return found


def _bash(words: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f'        "{command}") words="{" ".join(sorted(options))}" ;;' for command, options in sorted(words.items())
    )
    return f"""_wlinfra() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" command="" word words
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case " {" ".join(sorted(filter(None, words)))} " in
            *" ${{command:+$command }}$word "*) command="${{command:+$command }}$word" ;;
        esac
    done
    case "$command" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}}
complete -F _wlinfra wlinfra"""


def _fish(words: dict[str, list[str]]) -> Iterator[str]:
    for command, options in sorted(words.items()):
        parts = command.split()
        condition = (
            "__fish_use_subcommand"
            if not parts
            else " ; and ".join(f"__fish_seen_subcommand_from {part}" for part in parts)
        )
        for option in sorted(options):
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-a {option}"
            yield f"complete -c wlinfra -n '{condition}' {kind}"
