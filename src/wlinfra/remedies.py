"""What to do about a problem, as data: a kind and arguments, put into the words of the tool in use.

`Advice` is a string with remedies in it. As a string it is in the words of the Python API; the command line, and
whatever else shows it, calls `Advice.worded` with words of its own.

>>> Advice("Forget it first:", forget("workload.chat"))
'Forget it first:\\n    workspace.forget("workload.chat")'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self, TypeAlias, assert_never

__all__ = [
    "Advice",
    "Do",
    "Option",
    "Remedy",
    "apply",
    "destroy",
    "forget",
    "import_",
    "move",
    "plan",
    "push",
    "rename",
    "repair",
    "show_state",
    "unlock",
    "worded",
]


class Do(Enum):
    """What a remedy does."""

    PLAN = "plan"
    APPLY = "apply"
    DESTROY = "destroy"
    IMPORT = "import"
    FORGET = "forget"
    MOVE = "move"
    RENAME = "rename"
    SHOW_STATE = "show state"
    PUSH = "push"
    REPAIR = "repair"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do, which stands on a line of its own."""

    kind: Do
    arguments: tuple[str, ...] = ()
    environment: str = ""
    """Empty: the one that the run is about."""
    stack: str = ""
    """Another stack than the one that the run is about."""
    elsewhere: bool = False
    """The environment is another one than that of the run."""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the run, inside a sentence; a name without a value stands for the option itself."""

    name: str
    """As `wlinfra.PlanOptions`, `wlinfra.open_workspace` or `Workspace.apply` call it."""
    value: str = ""


Part: TypeAlias = str | Remedy | Option


class Advice(str):
    """A string with remedies in it, in the words of the Python API that knows its parts."""

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Self:
        """Join strings, options and remedies; parts of an `Advice` among them stay what they are."""
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, Advice) else (part,))]
        made = super().__new__(cls, _joined(flat, in_python))
        made.parts = tuple(flat)
        return made

    def worded(self, words: Callable[[Remedy | Option], str]) -> str:
        """Return the string in other words."""
        return _joined(self.parts, words)


def worded(text: str, words: Callable[[Remedy | Option], str]) -> str:
    """Return any string in other words, if it has remedies at all."""
    return text.worded(words) if isinstance(text, Advice) else text


def _joined(parts: list[Part] | tuple[Part, ...], words: Callable[[Remedy | Option], str]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, Remedy):
            text += f"{'' if not text or text.endswith(chr(10)) else chr(10)}    {words(part)}\n"
        else:
            text += words(part) if isinstance(part, Option) else part
    return text.removesuffix("\n")


# ---------------------------------------------------------------- remedies


def plan(environment: str = "", *, new_place: bool = False, out: str = "") -> Remedy:
    """Plan; ``out`` is the file that the plan is saved in."""
    options = [Option("out", out)] * bool(out) + [Option("new_place")] * new_place
    return Remedy(Do.PLAN, (), environment, options=tuple(options))


def apply(environment: str = "", *, replaces: str = "", elsewhere: bool = False) -> Remedy:
    """Apply; ``replaces`` is the address of an object that is replaced even without a change."""
    options = (Option("replaces", replaces),) if replaces else ()
    return Remedy(Do.APPLY, (), environment, elsewhere=elsewhere, options=options)


def destroy(environment: str = "", *, stack: str = "") -> Remedy:
    """Destroy all that is recorded."""
    return Remedy(Do.DESTROY, (), environment, stack)


def import_(address: str, identity: str | None) -> Remedy:
    """Record that the object with the id is the declared one; without an id, users fill it in."""
    return Remedy(Do.IMPORT, (address, identity or "ID"))


def forget(address: str, environment: str = "", *, stack: str = "", elsewhere: bool = False) -> Remedy:
    """Forget what is recorded, without destroying it."""
    return Remedy(Do.FORGET, (address,), environment, stack, elsewhere)


def move(old: str, new: str) -> Remedy:
    """Record an object under another address."""
    return Remedy(Do.MOVE, (old, new))


def rename(old: str, environment: str = "") -> Remedy:
    """Give the stack the record that it has under its old name."""
    return Remedy(Do.RENAME, (old,), environment)


def show_state() -> Remedy:
    """List what is recorded."""
    return Remedy(Do.SHOW_STATE)


def push(source: str, *, force: bool = False) -> Remedy:
    """Replace the state by one that was pulled."""
    return Remedy(Do.PUSH, (source,), options=(Option("force"),) * force)


def repair() -> Remedy:
    """Rebuild a damaged state."""
    return Remedy(Do.REPAIR)


def unlock(lock: str = "") -> Remedy:
    """Free the lock of a run that is over."""
    return Remedy(Do.UNLOCK, (lock,) if lock else ())


# ---------------------------------------------------------------- in Python

_OF_PLANS: Final = frozenset(
    {"allow_empty", "destroy", "excludes", "new_place", "refresh", "refresh_only", "replaces", "targets"}
)
_SHELL: Final = "in a shell: wlinfra state"


def in_python(part: Remedy | Option) -> str:
    """Return the call or the argument of the Python API.

    >>> in_python(apply(replaces="workload.chat")), in_python(Option("lock_timeout", "60"))
    ('workspace.apply(wl.PlanOptions(replaces=("workload.chat",)))', 'lock_timeout=60')
    """
    if isinstance(part, Option):
        given = _argument(part)
        return f"wl.PlanOptions({given})" if part.name in _OF_PLANS else given
    target = "workspace"
    if part.stack or part.elsewhere:
        program = re.sub(r"\W", "_", part.stack) or "stack"
        target = f'wl.open_workspace({program}, "{part.environment}")'
    arguments = ", ".join(f'"{argument}"' for argument in part.arguments)
    options = ", ".join(_argument(option) for option in part.options if option.name in _OF_PLANS)
    chosen = f"wl.PlanOptions({options})" if options else ""
    match part.kind:
        case Do.PLAN:
            return f"{target}.plan({chosen})"
        case Do.APPLY:
            return f"{target}.apply({chosen})"
        case Do.DESTROY:
            return f"{target}.destroy()"
        case Do.IMPORT:
            return f"{target}.import_({arguments})"
        case Do.FORGET:
            return f"{target}.forget({arguments})"
        case Do.MOVE:
            return f"{target}.move({arguments})"
        case Do.SHOW_STATE:
            return f"{target}.state.objects"
        case Do.RENAME | Do.PUSH | Do.REPAIR | Do.UNLOCK:
            forced = " --force" * any(option.name == "force" for option in part.options)
            return f"{_SHELL} {' '.join([part.kind.value, *part.arguments])}{forced}"
        case other:
            assert_never(other)


def _argument(option: Option) -> str:
    match option.name, option.value:
        case "review", _:
            return "give approve="
        case ("allow_empty" | "new_place" | "refresh_only" | "adopt") as name, "":
            return f"{name}=True"
        case "refresh", "":
            return "refresh=False"
        case name, "":
            return f"{name}="
        case ("targets" | "excludes" | "replaces") as name, value:
            return f'{name}=("{value}",)'
        case ("lock_timeout" | "parallelism") as name, value:
            return f"{name}={value}"
        case name, value:
            return f'{name}="{value}"'
