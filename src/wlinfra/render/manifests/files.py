"""Manifests as files for GitOps: one file for each object; files of objects no longer declared are removed.

`wlinfra render` calls this. The first line of every file names its owner. Only files with that line are
overwritten or deleted, so that no other user's file is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wlinfra.errors import ConfigurationError
from wlinfra.provider.rendering import RenderedObject
from wlinfra.render.manifests.filenames import by_file_name
from wlinfra.render.manifests.yaml import dump, secret_commands

__all__ = ["README", "Written", "write_manifests"]

README: Final = "README.md"

_MARK: Final = "Written by wlinfra render for the {owner}; rendering again overwrites or deletes this file."
_MARKED: Final = re.compile(r"(?:#|<!--) " + re.escape(_MARK).replace(r"\{owner\}", "(.+)") + r"(?: -->)?")
_READ: Final = 4096
"""Bytes, more than the first line of any file of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the folder."""

    files: tuple[Path, ...]
    """What was written, in order; a README last when values of Secrets are left out."""
    removed: tuple[Path, ...] = ()
    """What was written for the same owner before and is no longer declared."""
    others: tuple[tuple[Path, str], ...] = ()
    """What was written for other owners and stays, with whom for."""


def write_manifests(objects: Iterable[RenderedObject], folder: Path, *, owner: str) -> Written:
    """Write one file for each object, and remove those of the same owner that are no longer declared.

    ``owner`` is one line, such as ``manifests of stack shop, environment prod``. Nothing is written when something is
    wrong. Raises ConfigurationError when another user's file is in the way, OSError for what cannot be written, and
    DeclarationError as `by_file_name` and `dump` do.
    """
    texts = _texts(objects, owner)
    folder.mkdir(parents=True, exist_ok=True)
    found = {path.name: _owner_of(path) for path in sorted(folder.iterdir()) if _may_be_ours(path)}
    _refuse_strangers(folder, texts, found, owner)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    removed = [folder / name for name, theirs in found.items() if theirs == owner and name not in texts]
    for path in removed:
        path.unlink()
    return Written(
        files=tuple(folder / name for name in texts),
        removed=tuple(removed),
        others=tuple((folder / name, theirs) for name, theirs in found.items() if theirs and theirs != owner),
    )


def _texts(objects: Iterable[RenderedObject], owner: str) -> dict[str, str]:
    documents = by_file_name(objects)
    mark = _MARK.format(owner=owner)
    texts = {name: f"# {mark}\n{dump(item)}" for name, item in documents.items()}
    if commands := secret_commands(documents.values()):
        lines = [f"<!-- {mark} -->", "# Secrets", "", *_ABOUT_SECRETS, "", *(f"    {line}" for line in commands)]
        texts[README] = "\n".join(lines) + "\n"
    return texts


_ABOUT_SECRETS: Final = (
    "Their values are not in these files. Create them before the rest, above all immutable ones, which cannot be filled",
    "in later. Binary data, such as a keystore, is given as `--from-file=KEY=FILE`. For example:",
)


def _may_be_ours(path: Path) -> bool:
    return (path.suffix == ".yaml" or path.name == README) and path.is_file() and not path.is_symlink()


def _owner_of(path: Path) -> str:
    """Return whom the file was written for; empty for a file that is not ours."""
    with path.open("rb") as file:
        line = file.read(_READ).partition(b"\n")[0].decode(errors="replace").rstrip("\r")
    match = _MARKED.fullmatch(line)
    return match[1] if match else ""


def _refuse_strangers(folder: Path, texts: Mapping[str, str], found: Mapping[str, str], owner: str) -> None:
    for name in texts:
        path = folder / name
        if not path.exists() and not path.is_symlink():
            continue
        if (theirs := found.get(name, "")) != owner:
            whose = f"was written for the {theirs}" if theirs else "was not written by wlinfra render"
            raise ConfigurationError.of(
                "Another file in the way",
                f"{path} {whose}, so it is not overwritten. Nothing was written.",
                "Move it away, or name a folder for this environment alone with --out.",
            )
