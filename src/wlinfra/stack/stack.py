"""The stack: a name, settings, environments, and the function that declares its resources.

Programs create one; `stack.program.load_stack` finds it and `stack.program.declare` runs its function. Nothing is
registered globally, so one process may have many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast, overload

from wlinfra.errors import DeclarationError, Diagnostic, Location
from wlinfra.remedies import Advice, Option
from wlinfra.resources.base import Resource
from wlinfra.resources.declaring import NAME, caller, locate, report, require, require_dict
from wlinfra.resources.mistakes import nearest
from wlinfra.resources.output import Output
from wlinfra.stack.context import surroundings
from wlinfra.stack.settings import Settings
from wlinfra.values import Json

if TYPE_CHECKING:
    from wlinfra.stack.loading import Program

__all__ = ["Environment", "EnvironmentSpec", "ProviderSettings", "ResourceFunction", "Stack", "StackOutputs"]

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Environment(Generic[S]):
    """What the function of a stack is given: which environment it declares for."""

    name: str
    settings: S


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """A provider as an environment names it."""

    type: str
    """The provider's own name, such as the entry point that finds it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What it is configured with; may contain secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec(Generic[S]):
    """An environment as the program describes it."""

    name: str
    providers: Mapping[str, ProviderSettings]
    settings: S
    protect: bool = False
    name_prefix: str = ""
    location: Location | None = None


Declarable: TypeAlias = Resource | Output
ResourceFunction: TypeAlias = Callable[[Environment[S]], Iterable[Declarable]]


class Stack(Generic[S]):
    """A set of resources that is planned and applied together, once for each environment.

    >>> stack = Stack("chat")
    >>> stack.environment("local", provider="memory").name
    'local'
    """

    @overload
    def __init__(self: Stack[Settings], name: str) -> None: ...

    @overload
    def __init__(self, name: str, *, settings: type[S]) -> None: ...

    def __init__(self, name: str, *, settings: type[Any] = Settings) -> None:
        self.name = name
        self.settings: type[S] = settings
        self.location = locate(caller())
        self.environments: dict[str, EnvironmentSpec[S]] = {}
        self.function: ResourceFunction[S] | None = None
        self.program: Program | None = None
        """The file it was loaded from; None for a stack created in Python."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self._report(
                "Bad name",
                "A stack's name takes letters, digits, hyphens and underscores only.",
                'Write it as wl.Stack("chat").',
            )
        if not (isinstance(settings, type) and issubclass(settings, Settings)):
            self.settings = cast("type[S]", Settings)
            self._report(
                "Wrong type", "settings= takes a class that derives from wl.Settings.", "Write it as settings=Settings."
            )

    def __repr__(self) -> str:
        return f"Stack({self.name!r})"

    def resources(self, function: ResourceFunction[S]) -> ResourceFunction[S]:
        """Decorate the function that yields the resources and outputs of one environment; it must be pure."""
        if self.function is not None:
            self._report(
                "Several resource functions",
                f"The stack {self.name} has a second function under @stack.resources.",
                "Call the second one from the first with yield from.",
            )
        self.function = function
        return function

    def environment(
        self,
        name: str,
        *,
        provider: str | None = None,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        settings: S | Mapping[str, Any] | None = None,
        protect: bool = False,
        name_prefix: str = "",
        **options: Any,
    ) -> EnvironmentSpec[S]:
        """Add an environment: either one provider with its options, or several by name.

        In ``providers=`` each entry has the options, and ``provider`` among them when the entry's name is not the
        provider's own; resources that name no provider go to the entry ``default``. ``protect`` refuses
        every plan that deletes or replaces something, and has an apply confirmed with the environment's name.
        ``name_prefix`` stands before the platform's name of every resource that has no ``platform_name``, so that
        environments can share an account; it cannot change while the environment has objects.
        """
        spec = EnvironmentSpec(
            name=name,
            providers=self._providers(provider, providers, options),
            settings=self._settings(settings),
            protect=protect,
            name_prefix=name_prefix,
            location=locate(caller()),
        )
        if name_prefix and not (isinstance(name_prefix, str) and NAME.fullmatch(name_prefix)):
            self._report(
                "Bad name prefix",
                "A name prefix takes letters, digits, hyphens and underscores only.",
                'Write it as name_prefix="staging-".',
            )
            spec = replace(spec, name_prefix="")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self._report(
                "Bad name",
                "An environment's name takes letters, digits, hyphens and underscores only.",
                'Write it as stack.environment("prod", ...).',
            )
        if name in self.environments:
            self._report(
                "Duplicate environment",
                f"The environment {name} is described twice.",
                "Describe each environment once.",
            )
        self.environments[name] = spec
        return spec

    def outputs_of(self, stack: str, environment: str | Environment[Any]) -> StackOutputs:
        """Return the recorded outputs of another stack, read on first use.

        >>> Stack("chat").outputs_of("network", "prod")
        StackOutputs('network', 'prod')
        """
        fix = 'Write it as stack.outputs_of("network", "prod").'
        require(stack, str, "stack.outputs_of", "the name of a stack", fix)
        require(environment, (str, Environment), "stack.outputs_of", "an environment or its name", fix)
        return StackOutputs(stack, environment if isinstance(environment, str) else environment.name)

    def find_environment(self, name: str) -> EnvironmentSpec[S]:
        """Return the environment of that name; raises DeclarationError that lists the known ones."""
        fix = f"Write it as {next(iter(self.environments), 'prod')!r}."
        require(name, str, "The name of an environment", "a string", fix)
        if name in self.environments:
            return self.environments[name]
        known = ", ".join(self.environments)
        guess = nearest(name, self.environments)
        if not known:
            raise DeclarationError.of(
                "No environment",
                f"The stack {self.name} has no environment.",
                'Add one: stack.environment("local", provider=...).',
                location=self.location,
            )
        raise DeclarationError.of(
            "Unknown environment",
            f"The stack {self.name} has no environment {name}; it has {known}.",
            f"Did you mean {guess}?" if guess else Advice("Choose one of these with ", Option("environment"), "."),
            location=self.location,
        )

    def _providers(
        self, provider: str | None, providers: Mapping[str, Mapping[str, Any]] | None, options: dict[str, Any]
    ) -> dict[str, ProviderSettings]:
        if providers is None:
            if provider is None:
                self._report(
                    "Missing provider",
                    "An environment names the provider that creates its resources.",
                    "Add provider=...",
                )
                return {}
            return {"default": ProviderSettings(type=provider, options=options)}
        if provider is not None or options:
            self._report(
                "Attributes exclude each other",
                "With providers= every option stands with the provider it belongs to.",
                'Write it as providers={"default": {"provider": "...", ...}}.',
            )
        for what, given in {"providers=": providers, **(providers if isinstance(providers, Mapping) else {})}.items():
            require_dict(given, str(what), 'Write it as providers={"default": {"provider": "...", ...}}.')
        if not providers:
            self._report(
                "Missing provider",
                "providers= names at least one provider.",
                'Write it as providers={"default": {...}}.',
            )
        return {
            name: ProviderSettings(
                type=entry.get("provider", name),
                options={key: value for key, value in entry.items() if key != "provider"},
            )
            for name, entry in providers.items()
        }

    def _settings(self, given: S | Mapping[str, Any] | None) -> S:
        if isinstance(given, self.settings):
            return given
        if given is None or isinstance(given, Mapping):
            require_dict(given, "settings=", f"Write it as settings={self.settings.__name__}(...).")
            return self.settings(**(given or {}))
        self._report(
            "Wrong type",
            f"settings= takes a {self.settings.__name__}.",
            f"Write it as settings={self.settings.__name__}(...).",
        )
        return cast("S", self.settings.model_construct())

    def _report(self, summary: str, detail: str, fix: str = "") -> None:
        report([Diagnostic(summary=summary, detail=detail, fix=fix, location=locate(caller()))])


class StackOutputs(Mapping[str, Json]):
    """Another stack's outputs as they were recorded last; nothing is read before one is asked for."""

    def __init__(self, stack: str, environment: str) -> None:
        self._stack = stack
        self._environment = environment
        self._outputs: Mapping[str, Json] | None = None

    def __repr__(self) -> str:
        return f"StackOutputs({self._stack!r}, {self._environment!r})"

    def __getitem__(self, name: str) -> Json:
        outputs = self._read()
        if name not in outputs:
            guess = nearest(name, outputs)
            known = ", ".join(sorted(outputs)) or "none"
            raise self._error(
                "Unknown output",
                f"has no output {name}; it has {known}",
                f"Did you mean {guess}?" if guess else "Apply it with that output first.",
            )
        value = outputs[name]
        if not isinstance(value, str | int | float | list | dict | None):
            raise self._error(
                "Output is sensitive",
                f"records the output {name} without its value",
                "Give both stacks the same source of the secret.",
            )
        return value

    def __getattr__(self, name: str) -> Json:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __contains__(self, name: object) -> bool:
        return name in self._read()

    def _read(self) -> Mapping[str, Json]:
        if self._outputs is None:
            reader = surroundings().outputs_reader
            if reader is None:
                raise self._error(
                    "Outputs not available",
                    "can be read only while a stack is planned or applied",
                    "Ask for them inside the function under @stack.resources.",
                )
            outputs = reader(self._stack, self._environment)
            if outputs is None:
                raise self._error(
                    "Stack not applied",
                    "has no recorded state",
                    f"Apply the stack {self._stack}, environment {self._environment}, first.",
                )
            self._outputs = outputs
        return self._outputs

    def _error(self, summary: str, detail: str, fix: str) -> Exception:
        return DeclarationError.of(
            summary,
            f"The stack {self._stack}, environment {self._environment}, {detail}.",
            fix,
            location=locate(caller()),
        )
