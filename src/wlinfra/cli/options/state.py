"""The options of `wlinfra state`."""

from __future__ import annotations

from typing import Final

from wlinfra.cli.options.shared import Command, Parser, common_options, lock, record_option

__all__ = ["COMMAND"]


def configure(parser: Parser) -> None:
    """Add the options of `wlinfra state`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, words in (
        ("list", "list what is recorded"),
        ("show", "show what is recorded of one object"),
        ("mv", "record an object under another address"),
        ("rm", "forget an object without destroying it"),
        ("rename", "give this stack what is recorded under its old name"),
        ("pull", "print the complete state as JSON"),
        ("push", "replace the state by one that was pulled"),
        ("unlock", "release the lock of a run that is over for certain"),
        ("repair", "rebuild a damaged state from its last good files"),
    ):
        child = actions.add_parser(name, help=words, description=words)
        for argument in {
            "show": ["address"],
            "mv": ["source", "destination"],
            "rm": ["address"],
            "rename": ["stack_before"],
            "push": ["input"],
        }.get(name, []):
            child.add_argument(argument, metavar=argument.upper().removesuffix("_BEFORE"))
        if name == "push":
            child.add_argument("--force", action="store_true", help="even over another lineage or a newer state")
        if name == "unlock":
            child.add_argument(
                "lock", nargs="?", default="", metavar="ID", help="the lock's id, as the refusal names it"
            )
            child.add_argument("--force", action="store_true", help="even of a run that seems to be at work")
        if name in ("mv", "rm", "rename", "push", "repair"):
            lock(child)
        record_option(child)
        common_options(child, hidden=True)


COMMAND: Final = Command(
    name="state",
    group="State",
    help="List, move, forget, rename, pull, push, unlock, repair",
    example="wlinfra state list -e prod",
    module="state",
    configure=configure,
)
