"""The functions of the package: what exists and no resource of the program is, looked up as a stack looks it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from wlinfra.pulumi.bridge.configured import Configured
from wlinfra.pulumi.bridge.planning import plan_live, refuse_errors
from wlinfra.pulumi.bridge.secret_values import plain
from wlinfra.pulumi.contract import BridgeError, Checked, Failure, Properties, Refusal
from wlinfra.pulumi.schema.names import output_names, output_property
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.lookup import Lookup, lookup
from wlinfra.resources.workload import Workload
from wlinfra.stack.program import declare
from wlinfra.state.key import Digest
from wlinfra.values import UNKNOWN

__all__ = ["call"]

_FUNCTIONS: Final[Mapping[str, type[Resource]]] = {
    f"wlinfra:index:get{model.__name__}": model for model in (Artifact, Workload)
}
_ASKED: Final = ("id", "name")


def call(configured: Configured, token: str, arguments: Properties) -> Checked:
    """Return the result of a function, or what is wrong with its arguments.

    Raises BridgeError for a function that there is not, and WlinfraError when nothing, or not one thing alone, is found.
    """
    model = _FUNCTIONS.get(token)
    if model is None:
        raise BridgeError(Refusal.INVALID, f"There is no function {token}. The functions are: {', '.join(_FUNCTIONS)}.")
    given = {name: plain(value) for name, value in arguments.items() if value is not None}
    failures = tuple(_failures(given))
    if failures:
        return Checked(inputs={}, failures=failures)
    names = {name: output_property(model, name) for name in output_names(model)}
    if UNKNOWN in given.values():
        return Checked(inputs=dict.fromkeys(("name", *names.values()), UNKNOWN))
    found = _looked_up(configured, lookup(model.type, **given))
    return Checked(inputs={"name": given.get("name"), **{names[name]: found.get(name) for name in names}})


def _failures(given: Properties) -> Iterator[Failure]:
    for name, value in given.items():
        if name not in _ASKED:
            yield Failure(name, f"There is no argument {name}. The arguments are: {', '.join(_ASKED)}.")
        elif not isinstance(value, str) and value is not UNKNOWN:
            yield Failure(name, f"It must be a string, not {type(value).__name__}.")
    if len(given.keys() & set(_ASKED)) != 1:
        yield Failure("", "It is looked up either by its id or by its name. Give one of them.")


def _looked_up(configured: Configured, wanted: Lookup) -> Properties:
    stack = configured.program()

    @stack.resources
    def program(env: object) -> Iterator[Resource]:
        del env
        yield wanted

    declared = declare(stack, configured.environment, environ=configured.environ, partial=True)
    planned = plan_live(configured, declared, configured.state(), Digest())
    refuse_errors(planned.plan)
    return planned.outputs(wanted.address)
