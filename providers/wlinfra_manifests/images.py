"""Names of images: their parts, and whether what they name can change."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Image", "split_image"]

# A full version, a commit or a date: by convention these are never pushed twice.
_FIXED = re.compile(r"\d+\.\d+\.\d+|(?:^|[-_.])[0-9a-f]{7,64}$")


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of an image's name; ``digest`` is the hexadecimal part of a sha256 digest."""

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def is_mutable(self) -> bool:
        """True when the name is likely to mean another image one day."""
        return not self.digest and not _FIXED.search(self.tag)

    @property
    def major(self) -> int | None:
        """The first number of the tag, None when it begins with none."""
        match = re.match(r"v?(\d+)", self.tag)
        return int(match[1]) if match else None


def split_image(name: str) -> Image:
    """Return the parts of an image's name.

    >>> split_image("nvcr.io:443/nim/llama:1.8.3")
    Image(repository='nvcr.io:443/nim/llama', tag='1.8.3', digest='')
    >>> split_image("ghcr.io/acme/chat@sha256:abc").digest
    'abc'
    """
    named, _, digest = name.partition("@")
    folder, slash, last = named.rpartition("/")
    last, _, tag = last.partition(":")
    return Image(f"{folder}{slash}{last}", tag, digest.removeprefix("sha256:"))
