"""The examples of a page: its sections, their fenced blocks, and a runner that does what a reader would do.

Files that a page shows and variables that it exports carry over to its later sections; what was applied does not.
Comments such as ``<!-- first: wlinfra apply ... -->`` or ``<!-- meanwhile: PATCH /workloads/... -->`` do what the
text around them tells, without being shown.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

from wlinfra.cli.app import main
from wlinfra.state.store import LocalStateStore
from wlinfra.values import Address

__all__ = ["ROOT", "Block", "Reader", "Section", "commands_of", "read_sections"]

ROOT = Path(__file__).parents[2]
ENDPOINT = "http://127.0.0.1:8181/api/v2"
"""What pages write for an emulator that is running; the reader puts the real one in its place."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$|^<!-- (first|meanwhile): (.*?) -->$", re.MULTILINE | re.DOTALL)
_VARYING = re.compile(
    r"(?P<id>\b[0-9a-f]{24}\b)|(?P<port>(?<=127\.0\.0\.1:)\d+)|(?P<time>\d{4}-\d\d-\d\dT[\d:]+\+00:00)"
    r"|(?P<digest>(?<=plan )[0-9a-f]{12})|(?P<seconds>(?<=after )\d+s)|(?P<process>(?<=process )\d+)"
    r"|(?P<host>(?<=ada[ @])on \S+(?= \(process)|(?<=ada@)\S+)|(?P<uuid>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
_KINDS = {"id": "[0-9a-f]{24}", "time": r"\S+", "seconds": r"\d+s", "host": r"on \S+|\S+", "uuid": r"\S+"}
_WRAP = """\
import wlinfra as wl

stack = wl.Stack("example")


@stack.resources
def resources(env):
{body}
    yield from [item for item in list(locals().values()) if isinstance(item, wl.Resource | wl.Output)]


stack.environment("local", provider="datarobot", endpoint="emulator")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One example."""

    kind: str
    """The language of the fence, or ``first`` or ``meanwhile``."""
    text: str
    line: int

    @property
    def file(self) -> str:
        """The name of the file it shows; empty for a fragment."""
        found = re.match(r"# (\w+\.py)\n", self.text)
        return found[1] if self.kind == "python" and found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands under one heading, and everything shown before it."""

    title: str
    blocks: tuple[Block, ...]
    before: tuple[Block, ...]


def read_sections(page: str) -> list[Section]:
    """Return the sections of a page that have examples."""
    text = (ROOT / page).read_text()
    outside = re.sub(
        r"^```.*?^```$",
        lambda fence: re.sub("^#", "-", fence[0], flags=re.MULTILINE),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    starts = [found.start() for found in re.finditer(r"^## ", outside, re.MULTILINE)]
    sections: list[Section] = []
    before: tuple[Block, ...] = ()
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        blocks = tuple(
            Block(
                kind=found[1] or found[3] or "text",
                text=found[2] or found[4],
                line=text.count("\n", 0, start + found.start()) + 1,
            )
            for found in _FENCE.finditer(text[start:end])
        )
        if blocks:
            sections.append(Section(title=text[start + 3 :].partition("\n")[0], blocks=blocks, before=before))
        before += blocks
    return sections


def commands_of(block: Block) -> Iterator[list[str]]:
    """Yield the words after ``wlinfra`` of every command in a script that is shown and not run."""
    for line in block.text.replace("\\\n", " ").splitlines():
        found = re.match(r"\s*(?:- )?(?:run: |\$ )?(?:[A-Z_]+=\S+ )*wlinfra (.*)$", line)
        if found:
            yield shlex.split(re.split(r" [|>&;]| 2>", found[1])[0], comments=True)


@dataclass(slots=True, kw_only=True)
class Reader:
    """Somebody who types what a page shows, and compares."""

    folder: Path
    url: str
    """Of a running emulator."""
    environ: dict[str, str] = field(default_factory=dict)
    output: str = ""
    code: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    """The real ids of the objects whose ids stand in the page."""

    def follow(self, section: Section) -> None:
        """Do everything in the section; fail where the page is wrong."""
        for block in section.before:
            self._remember(block)
        for block in section.blocks:
            self._do(block)

    def _remember(self, block: Block) -> None:
        if block.file:
            self._write(block)
        if block.kind == "console":
            for name, value in re.findall(r"^\$ export (\w+)=(\S+)$", block.text, re.MULTILINE):
                self.environ[name] = value

    def _do(self, block: Block) -> None:
        match block.kind:
            case "python" if block.file:
                self._write(block)
            case "python":
                self._plan_fragment(block)
            case "console":
                self._type(block)
            case "first":
                self._run(block.text)
                assert self.code == 0, f"line {block.line}: {block.text}\n{self.output}"
            case "meanwhile":
                self._call(block.text)
            case _:
                pass

    def _write(self, block: Block) -> None:
        (self.folder / block.file).write_text(block.text.replace(ENDPOINT, self.url))

    def _plan_fragment(self, block: Block) -> None:
        body = "".join(f"    {line}\n" if line else "\n" for line in block.text.splitlines())
        (self.folder / "fragment.py").write_text(_WRAP.format(body=body.rstrip("\n")))
        self._run("wlinfra plan fragment.py")
        assert self.code == 0, f"line {block.line}:\n{self.output}"

    def _type(self, block: Block) -> None:
        parts = re.split(r"^\$ (.*)\n?", block.text, flags=re.MULTILINE)[1:]
        commands = list(zip(parts[::2], parts[1::2], strict=True))
        for index, (command, shown) in enumerate(commands):
            if command == "echo $?":
                assert self.code == int(shown), f"line {block.line}: the command before ended with {self.code}"
                continue
            self._run(command)
            self._compare(shown, f"line {block.line}: $ {command}")
            tells = index + 1 < len(commands) and commands[index + 1][0] == "echo $?"
            assert tells or self.code == 0, f"line {block.line}: {command} ended with {self.code}\n{self.output}"

    def _run(self, line: str) -> None:
        for known, real in self.ids.items():
            line = line.replace(known, real)
        words = shlex.split(line, comments=True)
        given = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            given[name] = value
        match words:
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                self.environ[name] = value
                self.code, self.output = 0, ""
            case ["wlinfra", *arguments]:
                self._run_wlinfra(arguments, {**self.environ, **given})
            case ["pytest", *arguments]:
                command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
                done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
                self.code, self.output = done.returncode, done.stdout
            case ["python", *arguments]:
                command, environ = [sys.executable, *arguments], {**os.environ, **self.environ}
                done = subprocess.run(
                    command, cwd=self.folder, capture_output=True, text=True, check=False, env=environ
                )
                self.code, self.output = done.returncode, done.stdout + done.stderr
            case ["kubectl" | "sed", *_]:
                environ = {**os.environ, **self.environ}
                done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False, env=environ)
                self.code, self.output = done.returncode, done.stdout + done.stderr
            case _:
                raise AssertionError(f"nobody knows how to run {line!r}")

    def _run_wlinfra(self, arguments: list[str], environ: dict[str, str]) -> None:
        out, err = io.StringIO(), io.StringIO()
        with chdir(self.folder):
            self.code = main(arguments, stdin=io.StringIO(), stdout=out, stderr=err, environ=environ)
        self.output = (out.getvalue() + err.getvalue()).replace(self.url, ENDPOINT)

    def _compare(self, shown: str, where: str) -> None:
        """Fail unless every line shown was printed, in this order; ``...`` stands for what was left out."""
        printed = iter(self.output.splitlines())
        for line in filter(str.strip, shown.splitlines()):
            if line.strip() != "...":
                assert any(self._fits(line, real) for real in printed), f"{where}\nprinted no {line!r}:\n{self.output}"

    def _fits(self, line: str, real: str) -> bool:
        pattern, ids, end = "", [], 0
        for found in _VARYING.finditer(line):
            kind = found.lastgroup or ""
            ids += [found[0]] if kind == "id" else []
            pattern += re.escape(line[end : found.start()]) + f"({_KINDS.get(kind, '[0-9a-f]+')})"
            end = found.end()
        rest = line[end:]
        pattern += re.escape(rest.removesuffix(" ...")) + (".*" if rest.endswith(" ...") else "")
        match = re.fullmatch(pattern, re.sub(r"^│ ?", "", real).rstrip())
        if match:
            self.ids |= dict(
                zip(ids, (part for part in match.groups() if re.fullmatch("[0-9a-f]{24}", part)), strict=True)
            )
        return match is not None

    def _call(self, text: str) -> None:
        """Do by hand on the platform what the page says somebody does."""
        method, path, *body = text.split(" ", 2)
        store = LocalStateStore(self.folder / ".wlinfra", "shop", "shared")
        path = re.sub(r"\{(.*?)\}", lambda found: str(store.load().objects[Address(found[1])].id), path)
        base = self.url.removesuffix("/api/v2") if path.startswith("/_emulator") else self.url
        request = urllib.request.Request(base + path, data=body[0].encode() if body else None, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", "Bearer anybody")
        if body:
            json.loads(body[0])
        urllib.request.urlopen(request, timeout=60).close()
