"""Whatever is given to a public function or class by mistake is refused in words, or taken; generated from `wl.__all__`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest
from support.command_line import CommandLine

import wlinfra as wl

WRONG: Final[tuple[Any, ...]] = (
    None,
    True,
    5,
    1.5,
    float("nan"),
    10**400,
    "canary",
    "",
    b"canary",
    [],
    ["a", 5],
    [[]],
    ("a", "b"),
    {1},
    {},
    {"a": 1},
    {5: 1},
    object(),
    len,
    int,
    wl.Workload,
    wl.Container(image="chat:1", port=8080),
    wl.secret_env("CANARY"),
)


class _Source:
    describe = "a drawer"

    def fetch(self) -> str:
        return "canary"


def _stack() -> wl.Stack[wl.Settings]:
    stack = wl.Stack("chat")
    stack.environment("prod", provider="memory")
    return stack


_BOUNDS = {"target": 1, "max": 2}
VALID: Final[dict[str, dict[str, Any]]] = {
    "concurrency": _BOUNDS,
    "cpu": _BOUNDS,
    "credential": {"id": "65f0", "key": "token"},
    "custom_metric": {"name": "queue", **_BOUNDS},
    "declare": {"stack": _stack(), "environment_name": "prod"},
    "form_schema": {"model": wl.Workload},
    "from_form": {"model": wl.Output, "form": {"name": "a", "value": 1}},
    "gpu_cache": _BOUNDS,
    "load_stack": {"path": "nowhere.py"},
    "lookup": {"type": "artifact", "name": "server"},
    "open_workspace": {"program": _stack(), "environment": "prod"},
    "queue_depth": _BOUNDS,
    "requests_in_flight": _BOUNDS,
    "requests_per_hour": _BOUNDS,
    "scope": {"name": "payments"},
    "secret": {"source": _Source()},
    "secret_command": {"command": "pass show token"},
    "secret_env": {"name": "TOKEN"},
    "secret_file": {"path": "token.txt"},
    "to_form": {"value": 1},
}
"""What each function takes; where an argument is needed and missing here, Python itself refuses the call."""


def _callables() -> dict[str, Callable[..., Any]]:
    """Return the public functions, classes that users call, and the methods of a stack."""
    passed = {"Address", "Declared", "Diagnostic", "Environment", "Ref", "Secret", "SecretSource", "Workspace"}
    found: dict[str, Any] = {name: getattr(wl, name) for name in wl.__all__ if name not in passed}
    taken = {
        name: item
        for name, item in found.items()
        if not (isinstance(item, type) and issubclass(item, Enum | wl.WlinfraError))
    }
    stack = {f"Stack.{name}": getattr(wl.Stack, name) for name in ("environment", "outputs_of", "find_environment")}
    return {**taken, **stack}


def _cases() -> list[tuple[str, str]]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        (name, parameter.name)
        for name, function in _callables().items()
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind not in kinds and parameter.name != "self"
    ]


def _call(name: str, given: dict[str, Any]) -> None:
    function = _callables()[name]
    if name.startswith("Stack."):
        function = getattr(_stack(), name.removeprefix("Stack."))
    parameters = inspect.signature(function).parameters.values()
    first = [given.pop(item.name) for item in parameters if item.kind is item.POSITIONAL_ONLY and item.name in given]
    done = function(*first, **given)
    if name == "scope" and isinstance(done, AbstractContextManager):
        with done:
            pass


METHODS: Final[dict[str, dict[str, Any]]] = {
    "Stack.environment": {"name": "test", "provider": "memory"},
    "Stack.outputs_of": {"stack": "network", "environment": "prod"},
}


@pytest.mark.parametrize(("name", "argument"), _cases())
def test_a_wrong_type_is_refused_in_words(
    name: str, argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in WRONG:
        given = {**VALID.get(name, METHODS.get(name, {})), argument: value}
        if argument == "providers":  # which excludes provider
            given.pop("provider", None)
        try:
            _call(name, given)
        except wl.WlinfraError as error:
            for found in error.diagnostics:
                assert found.detail, (value, found)
                assert not (name.startswith("secret") and "canary" in f"{found.detail} {found.fix}"), found
        except TypeError as error:
            assert "required" in str(error), (value, error)  # noqa: PT017 - Python's own word for an argument left out


def test_a_name_given_for_a_source_of_secrets_names_the_calls_that_take_one(tmp_path: Path) -> None:
    wlinfra = CommandLine(tmp_path)
    wlinfra.write('import wlinfra as wl\n\nTOKEN = wl.secret("hf-token")\n')
    ended = wlinfra.run("validate")
    assert ended.code == 1
    assert "on infra.py line" in ended.err
    assert "wl.secret takes an object with describe, a string, and a method fetch, not str." in ended.err
    assert 'wl.secret_env("HF_TOKEN")' in ended.err
