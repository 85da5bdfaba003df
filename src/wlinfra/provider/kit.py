"""What providers of platforms with an HTTP API share beside the contract; one that has little to share needs none of it.

Options that are checked, and a connection that hands its questions to functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, Protocol, Self, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wlinfra.changes.model import Decision, Step
from wlinfra.errors import ConfigurationError, Diagnostic, ProviderError
from wlinfra.http.options import SendOptions
from wlinfra.provider.base import (
    Failed,
    PlanRequest,
    ProviderContext,
    Reading,
    ReadRequest,
    Ready,
    Recovery,
    Refused,
    Status,
    StepResult,
    Waiting,
    WaitingStill,
)
from wlinfra.provider.operation import Operation, Operations, Sent
from wlinfra.provider.options import wrong_options
from wlinfra.state.model import Intent

__all__ = ["ConnectionOptions", "PlatformConnection", "Questions", "Reached", "hidden"]

K = TypeVar("K")
T = TypeVar("T")

_GRACE: Final = 1.0
"""Seconds on top of a request's own timeouts until its effect counts as impossible."""


class ConnectionOptions(BaseModel):
    """The options that every provider with an HTTP API has; its own are a subclass. Times are in seconds."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        defer_build=True,
        allow_inf_nan=False,
    )

    connect_timeout: float = Field(default=10.0, gt=0, le=86_400)
    """Seconds until a connection must stand."""
    read_timeout: float = Field(default=60.0, gt=0, le=86_400)
    """Seconds until an answer must come."""
    retries: int = Field(default=5, ge=0, le=1000)
    """How often a request is repeated after a failure."""

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Self:
        """Return the options as a model; raises ConfigurationError that names each wrong one, never its value."""
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            raise ConfigurationError(*wrong_options(cls, error)) from error

    @property
    def step_timeout(self) -> float:
        """After how many seconds a call whose answer was lost can no longer take effect."""
        return self.connect_timeout + self.read_timeout + _GRACE

    def sending(self, context: ProviderContext | None = None) -> SendOptions:
        """Return how requests are sent, on behalf of a run where one is given."""
        options = SendOptions(
            connect_timeout=self.connect_timeout, read_timeout=self.read_timeout, retries=self.retries
        )
        if context is None:
            return options
        return replace(
            options,
            user_agent=f"wlinfra ({context.stack}/{context.environment})",
            guard=context.guard,
            stop=context.stop,
            report=context.report,
        )


# ---------------------------------------------------------------- the connection


class Reached(Protocol):
    """What a connection keeps of its platform: its client, opened with the first request."""

    def hide(self, text: str) -> str:
        """Return a string of the platform without any secret that was sent to it."""
        ...

    def close(self) -> None:
        """Close the connections that were opened."""
        ...


R = TypeVar("R", bound=Reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions(Generic[R]):
    """The functions that answer what is asked about a platform ``R``, each as `Connection` describes it."""

    read: Callable[[R, Sequence[ReadRequest]], Sequence[Reading]]
    plan: Callable[[R, PlanRequest], Decision]
    operations: Operations[R]
    """Every mutating call: how it is made, and looked up after a lost answer."""
    outcome: Callable[[Operation[R], Step, ProviderError], StepResult]
    """Returns what a call means that failed; raises the error where it is none of the platform's."""
    poll: Callable[[R, Sequence[Waiting]], Sequence[Status]]
    prepare: Callable[[R], Diagnostic | None] = lambda platform: None
    """Called before each mutating call; returns why none may be made, None where it may."""


class PlatformConnection(Generic[R]):
    """A connection whose answers come from functions of a platform; `check` and `expand` are its subclass's own."""

    def __init__(self, platform: R, questions: Callable[[], Questions[R]], options: ConnectionOptions) -> None:
        """``questions`` is called with the first question: a plan of nothing imports no client."""
        self.platform = platform
        self._load = questions
        self._timeout = options.step_timeout

    @cached_property
    def _questions(self) -> Questions[R]:
        return self._load()

    def read(self, requests: Sequence[ReadRequest]) -> Sequence[Reading]:
        """Return one reading for each."""
        return self._questions.read(self.platform, requests)

    def plan(self, request: PlanRequest) -> Decision:
        """Return what must happen to one object, each call with its timeout."""
        decision = self._questions.plan(self.platform, request)
        return replace(decision, steps=tuple(replace(step, timeout=self._timeout) for step in decision.steps))

    def run(self, step: Step) -> StepResult:
        """Make the one call of a step; a failed one ends as refused, refused for now, or unknown."""
        operation = self._questions.operations.of(step)
        try:
            refusal = self._questions.prepare(self.platform)
            return operation.call(self.platform, Sent.of(step)) if refusal is None else Refused(error=refusal)
        except ProviderError as error:
            return self._questions.outcome(operation, step, error)

    def recover(self, intent: Intent) -> Recovery:
        """Return whether an interrupted step took effect."""
        return self._questions.operations.recover(self.platform, intent)

    def poll(self, waiting: Sequence[Waiting]) -> Sequence[Status]:
        """Return one status for each, without any secret in the platform's words."""
        return [hidden(status, self.platform.hide) for status in self._questions.poll(self.platform, waiting)]

    def close(self) -> None:
        """Close the connections."""
        self.platform.close()


def hidden(status: Status, hide: Callable[[str], str]) -> Status:
    """Return the status with the platform's words as ``hide`` returns them."""
    match status:
        case Ready():
            return status
        case WaitingStill(reason=reason):
            return WaitingStill(reason=hide(reason))
        case Failed(error=error):
            return Failed(error=replace(error, detail=hide(error.detail)))
        case _:
            assert_never(status)
