"""What a stack made by hand declares, and what is wrong with it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import wlinfra as wl

Items = Callable[[wl.Environment[wl.Settings]], Any]


def stack_of(function: Items, **environment: Any) -> wl.Stack[wl.Settings]:
    stack = wl.Stack("chat")
    stack.resources(function)
    stack.environment("local", **{"provider": "memory", **environment})
    return stack


def declare(function: Items, **environment: Any) -> wl.Declared:
    return wl.declare(stack_of(function, **environment), "local")


def complaints(function: Items, **environment: Any) -> list[str]:
    with pytest.raises(wl.DeclarationError) as caught:
        declare(function, **environment)
    return [diagnostic.summary for diagnostic in caught.value.diagnostics]


def server(name: str = "server", **attributes: Any) -> wl.Artifact:
    return wl.Artifact(name, containers=[wl.Container(image="a", port=8080)], **attributes)


def test_what_is_yielded_is_declared_in_order() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        artifact = server()
        chat = wl.Workload("chat", artifact=artifact)
        yield chat
        yield artifact
        yield wl.Output("endpoint", chat.endpoint)

    declared = declare(resources, endpoint="emulator", protect=True)
    assert [resource.address for resource in declared.resources] == ["workload.chat", "artifact.server"]
    assert [output.name for output in declared.outputs] == ["endpoint"]
    assert declared.dependencies == {"workload.chat": ("artifact.server",), "artifact.server": ()}
    assert (declared.stack, declared.environment, declared.protect) == ("chat", "local", True)
    assert declared.providers["default"].options == {"endpoint": "emulator"}


def test_a_list_does_as_well_as_a_generator() -> None:
    assert len(declare(lambda env: [server("a"), server("b")]).resources) == 2


def test_a_module_yields_inside_a_scope() -> None:
    def module(image: str) -> Iterator[wl.Resource]:
        artifact = server()
        yield artifact
        yield wl.Workload(image, artifact=artifact)

    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        for name in ("payments", "search"):
            with wl.scope(name):
                yield from module("chat")

    assert list(declare(resources).dependencies.items())[1::2] == [
        ("payments.workload.chat", ("payments.artifact.server",)),
        ("search.workload.chat", ("search.artifact.server",)),
    ]


def test_an_artifact_that_is_not_yielded_belongs_to_its_workload() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        first = wl.Workload("first", artifact="65f0")
        yield first
        yield wl.Workload("second", artifact=server(description=f"beside {first.id}"))

    assert declare(resources).dependencies[wl.Address("workload.second")] == ("workload.first",)


def test_a_lookup_need_not_be_yielded() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        base = wl.lookup("artifact", id="65f0")
        yield wl.Workload("chat", artifact=base)

    assert [resource.address for resource in declare(resources).resources] == ["workload.chat", "lookup.artifact.65f0"]


def test_every_mistake_of_a_program_is_reported_at_once() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        artifact = wl.Artifact("server", containers=[wl.Container(image="a", port=80)])
        yield artifact
        yield wl.Workload("chat", artifact=artifact, memory="1GiB", cpu=0.01)
        yield wl.Workload("chat", artifact="65f0", provider="other")

    assert complaints(resources) == [
        "Value out of range",
        "Value out of range",
        "Wrong amount",
        "Duplicate address",
        "Unknown provider",
    ]


@pytest.mark.parametrize("name", ["чат", "a b", 5, None])
def test_resources_with_wrong_names_are_reported_and_nothing_else(name: Any) -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        artifact = wl.Artifact(name, containers=[wl.Container(image="a", port=8080)])
        yield artifact
        yield wl.Workload(name, artifact=artifact)

    assert complaints(resources) == ["Missing attribute" if name is None else "Bad name"] * 2


def test_a_reference_to_what_is_never_yielded_names_its_line() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        hidden = wl.Workload("hidden", artifact="65f0")
        yield wl.Output("endpoint", hidden.endpoint)

    with pytest.raises(wl.DeclarationError, match=r"created at .*test_declare\.py:\d+ and never yielded"):
        declare(resources)


def test_a_cycle_is_printed_with_its_lines() -> None:
    def resources(env: wl.Environment[wl.Settings]) -> Iterator[Any]:
        yield wl.Workload("a", artifact="1", depends_on=["workload.c"])
        yield wl.Workload("b", artifact="2", depends_on=["workload.a"])
        yield wl.Workload("c", artifact="3", depends_on=["workload.b"])

    with pytest.raises(wl.DeclarationError, match="Dependency cycle") as caught:
        declare(resources)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.detail.count("test_declare.py:") == 4
    assert diagnostic.detail.count(" -> ") == 3


@pytest.mark.parametrize(
    ("items", "summary"),
    [
        (lambda: [wl.Container(image="a")], "Not a resource"),
        (lambda: [iter(())], "Not a resource"),
        (lambda: None, "Nothing yielded"),
        (lambda: {"a": 1}, "Nothing yielded"),
        (lambda: [wl.Output("a", 1), wl.Output("a", 2)], "Duplicate output"),
        (lambda: [wl.Workload("a", artifact="1", depends_on=["workload.b"])], "Reference to nothing declared"),
        (lambda: [1 / 0], "Program failed"),
        (lambda: [wl.Workload("a", artifact="1").endpoint == "x"], "Program failed"),
    ],
    ids=["part", "generator", "nothing", "dict", "output twice", "unknown address", "exception", "comparison"],
)
def test_what_cannot_be_declared_is_refused(items: Callable[[], Any], summary: str) -> None:
    assert complaints(lambda env: items()) == [summary]


def test_a_stack_without_a_function_is_refused() -> None:
    stack = wl.Stack("chat")
    stack.environment("local", provider="memory")
    with pytest.raises(wl.DeclarationError, match="No resource function"):
        wl.declare(stack, "local")


def test_an_unknown_environment_lists_the_known_ones() -> None:
    with pytest.raises(wl.DeclarationError, match=r"it has local\.\nDid you mean local\?"):
        wl.declare(stack_of(lambda env: []), "lcoal")
    with pytest.raises(wl.DeclarationError, match="has no environment"):
        wl.declare(wl.Stack("chat"), "local")


def test_an_environment_may_name_several_providers() -> None:
    providers = {"default": {"provider": "memory", "size": 1}, "memory": {}}
    declared = declare(lambda env: [server(provider="memory")], provider=None, providers=providers)
    assert {name: (one.type, dict(one.options)) for name, one in declared.providers.items()} == {
        "default": ("memory", {"size": 1}),
        "memory": ("memory", {}),
    }


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        ({}, "Missing provider"),
        ({"providers": {}}, "Missing provider"),
        ({"provider": "a", "providers": {"default": {}}}, "Attributes exclude each other"),
        ({"provider": "a", "settings": 3}, "Wrong type"),
        ({"provider": "a", "settings": {"replicas": 3}}, "Unknown attribute"),
    ],
)
def test_a_wrong_environment_is_refused(arguments: dict[str, Any], summary: str) -> None:
    with pytest.raises(wl.DeclarationError, match=summary):
        wl.Stack("chat").environment("local", **arguments)


def test_the_same_environment_twice_is_refused() -> None:
    stack = stack_of(lambda env: [])
    with pytest.raises(wl.DeclarationError, match="Duplicate environment"):
        stack.environment("local", provider="memory")


def test_a_second_function_is_refused() -> None:
    with pytest.raises(wl.DeclarationError, match="Several resource functions"):
        stack_of(lambda env: []).resources(lambda env: [])


def test_two_stacks_in_one_process_know_nothing_of_each_other() -> None:
    first, second = stack_of(lambda env: [server("a")]), stack_of(lambda env: [server("b")])
    found = [wl.declare(stack, "local").resources[0].address for stack in (first, second, first)]
    assert found == ["artifact.a", "artifact.b", "artifact.a"]


def test_warnings_do_not_stop_a_declaration() -> None:
    probe = wl.Probe(path="/", port=1234)
    container = wl.Container(image="a", port=8080, readiness=probe)
    declared = declare(lambda env: [wl.Artifact("server", containers=[container])])
    assert [(warning.summary, warning.address) for warning in declared.warnings] == [
        ("Probe asks another port", "artifact.server")
    ]


def test_an_unyielded_artifact_of_two_workloads_is_doubtful() -> None:
    shared = server()
    declared = declare(lambda env: [wl.Workload(name, artifact=shared) for name in ("a", "b")])
    assert [warning.summary for warning in declared.warnings] == ["Shared part not yielded"]


def outputs(stack: str, environment: str) -> dict[str, Any] | None:
    recorded = {("network", "prod"): {"url": "https://gw", "token": object()}}
    return recorded.get((stack, environment))


@pytest.mark.parametrize(
    ("stack", "name", "says"),
    [
        ("netwrk", "url", "has no recorded state"),
        ("network", "ulr", r"Did you mean url\?"),
        ("network", "token", "without its value"),
    ],
)
def test_a_missing_output_of_another_stack_is_refused(stack: str, name: str, says: str) -> None:
    own = wl.Stack("chat")
    own.environment("prod", provider="memory")
    own.resources(lambda env: [wl.Output("gateway", own.outputs_of(stack, env)[name])])
    with pytest.raises(wl.DeclarationError, match=says):
        wl.declare(own, "prod", outputs_reader=outputs)


def test_outputs_of_another_stack_are_plain_values() -> None:
    own = wl.Stack("chat")
    own.environment("prod", provider="memory")
    own.resources(lambda env: [wl.Output("gateway", own.outputs_of("network", env).url)])
    [output] = wl.declare(own, "prod", outputs_reader=outputs).outputs
    assert output.value == "https://gw"
    with pytest.raises(wl.DeclarationError, match="only while a stack is planned or applied"):
        own.outputs_of("network", "prod")["url"]
