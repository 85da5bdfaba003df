"""One environment from Python, as in a notebook: plan, look, apply with events, outputs, drift, destroy."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

import wlinfra as wl
from wlinfra.testing import MemoryProvider
from wlinfra_datarobot.emulator import DataRobotEmulator


def chat_stack(replicas: int = 1, **environment: Any) -> wl.Stack[wl.Settings]:
    stack = wl.Stack("chat")
    stack.environment("prod", **environment)

    @stack.resources
    def resources(env: wl.Environment[wl.Settings]) -> Any:
        container = wl.Container(image="ghcr.io/acme/chat:1.0", port=8080)
        server = wl.Artifact("server", containers=[container])
        chat = wl.Workload("chat", artifact=server, replicas=replicas, description="Chats")
        yield chat
        yield wl.Output("endpoint", chat.endpoint)

    return stack


@pytest.fixture
def opening(tmp_path: Path) -> dict[str, Any]:
    return {"state_dir": tmp_path / "state", "environ": {"HOME": str(tmp_path), "USER": "ada"}}


@pytest.mark.parametrize("platform", ["the emulator", "memory"])
def test_a_stack_lives_and_ends(opening: dict[str, Any], platform: str) -> None:
    memory = MemoryProvider()
    with DataRobotEmulator() as emulator:
        on_emulator = {"provider": "datarobot", "token": "none", "endpoint": emulator.url}
        environment: dict[str, Any] = {"provider": "memory"} if platform == "memory" else on_emulator
        stack = chat_stack(**environment)
        with wl.open_workspace(stack, "prod", providers={"memory": memory}, **opening) as workspace:
            plan = workspace.plan()
            assert {change.action.value for change in plan.effective} == {"create"}
            events: list[object] = []
            applied = workspace.apply(plan, on_event=events.append)
            assert applied.ok
            assert {"Started", "StepDone", "Succeeded"} <= {type(event).__name__ for event in events}
            assert str(workspace.outputs()["endpoint"]).startswith(("http", "memory"))
            assert workspace.plan().is_empty
            assert not any(change.drift for change in workspace.drift().changes)
            if platform == "memory":
                (chat,) = memory.world.objects.values()
                memory.world.update(chat.id, {"replicas": 7})
            else:
                identity = workspace.state.objects[wl.Address("workload.chat")].id
                edit = Request(f"{emulator.url}/workloads/{identity}", b'{"description": "edited"}', method="PATCH")
                edit.add_header("Content-Type", "application/json")
                edit.add_header("Authorization", "Bearer none")
                urlopen(edit).close()
            (drifted,) = [change for change in workspace.drift().changes if change.drift]
            assert drifted.address == "workload.chat"
            assert [entry.who for entry in workspace.history()] == ["ada"]
            assert workspace.destroy(on_event=events.append).ok
            assert (workspace.state.objects, memory.world.objects) == ({}, {})


def test_a_workspace_whose_run_was_stopped_runs_again(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()

    def broken(event: object) -> None:
        raise ZeroDivisionError

    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        with pytest.raises(ZeroDivisionError):
            workspace.apply(on_event=broken)
        assert workspace.apply().ok
        assert workspace.plan().is_empty
        assert len(platform.world.objects) == 1


def test_a_plan_that_is_not_approved_changes_nothing(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        applied = workspace.apply(approve=lambda plan: False)
        assert (applied.approved, applied.ok, applied.result) == (False, False, None)
        assert not platform.world.objects


def test_a_plan_that_was_looked_at_is_applied_exactly_or_refused(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        plan = workspace.plan()
        platform.world.create("workload", "chat", {})
        with pytest.raises(wl.WlinfraError) as refused:
            workspace.apply(plan)
    assert refused.value.diagnostics[0].summary == "Saved plan is stale"
    assert "workspace.plan()" in refused.value.diagnostics[0].fix


def test_an_object_that_exists_is_imported(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        made = platform.world.create("workload", "chat", {})
        address, found = workspace.import_("workload.chat", made.id)
        assert (address, found) == ("workload.chat", made.id)
        assert workspace.state.objects[address].id == made.id


def test_settings_and_their_file_are_those_of_the_command_line(tmp_path: Path, opening: dict[str, Any]) -> None:
    program = tmp_path / "infra.py"
    program.write_text(
        """
import wlinfra as wl

class Size(wl.Settings):
    replicas: int = 1
    name: str = "chat"

stack = wl.Stack("sized", settings=Size)
stack.environment("prod", provider="datarobot", endpoint="http://127.0.0.1:1", token="none")

@stack.resources
def resources(env):
    server = wl.Artifact("server", containers=[wl.Container(image="chat:1", port=8080)])
    yield wl.Workload(env.settings.name, artifact=server, replicas=env.settings.replicas)
""",
        encoding="utf-8",
    )
    (tmp_path / "size.toml").write_text('name = "talk"', encoding="utf-8")
    settings_file = tmp_path / "size.toml"
    with wl.open_workspace(program, settings={"replicas": 3}, settings_file=settings_file, **opening) as workspace:
        assert workspace.declared.settings == {"replicas": 3, "name": "talk"}


def test_what_a_broken_program_left_can_be_destroyed(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    working = chat_stack(provider="memory")
    with wl.open_workspace(working, providers={"memory": platform}, **opening) as workspace:
        assert workspace.apply().ok
    broken = wl.Stack("chat")
    broken.environment("prod", provider="memory")

    @broken.resources
    def resources(env: wl.Environment[wl.Settings]) -> Any:
        raise ValueError("no longer works")

    with pytest.raises(wl.DeclarationError):
        wl.open_workspace(broken, providers={"memory": platform}, **opening)
    with wl.open_workspace(broken, providers={"memory": platform}, ending=True, **opening) as workspace:
        assert workspace.destroy().ok
    assert not platform.world.objects


def test_no_steps_at_once_are_refused_before_the_lock(opening: dict[str, Any]) -> None:
    stack = chat_stack(provider="memory")
    with wl.open_workspace(stack, "prod", providers={"memory": MemoryProvider()}, **opening) as workspace:
        with pytest.raises(wl.ConfigurationError, match="parallelism is 0"):
            workspace.apply(parallelism=0)
        assert workspace.apply(parallelism=1).ok


def test_a_setting_that_json_cannot_hold_is_refused(opening: dict[str, Any]) -> None:
    with pytest.raises(wl.ConfigurationError, match="setting replicas is of type object"):
        wl.open_workspace(chat_stack(provider="memory"), "prod", settings={"replicas": object()}, **opening)


def test_an_import_records_where_the_object_is(opening: dict[str, Any], tmp_path: Path) -> None:
    with DataRobotEmulator() as emulator:
        stack = chat_stack(provider="datarobot", endpoint=emulator.url, token="none")
        with wl.open_workspace(stack, "prod", **opening) as workspace:
            assert workspace.apply(workspace.plan()).ok
            identity = workspace.state.objects[wl.Address("workload.chat")].id or ""
            places = workspace.state.places
        elsewhere = {**opening, "state_dir": tmp_path / "another"}
        with wl.open_workspace(stack, "prod", **elsewhere) as workspace:
            workspace.import_("workload.chat", identity)
            assert (workspace.state.places, bool(workspace.state.providers)) == (places, True)


def test_an_emulator_whose_folder_cannot_be_made_is_an_error_in_words(opening: dict[str, Any]) -> None:
    opening = {**opening, "state_dir": Path("/proc/none")}
    stack = chat_stack(provider="datarobot", endpoint="emulator")
    with (
        wl.open_workspace(stack, "prod", **opening) as workspace,
        pytest.raises(wl.WlinfraError, match="cannot be used"),
    ):
        workspace.plan()


def test_nothing_works_after_close_and_says_so(opening: dict[str, Any]) -> None:
    stack = chat_stack(provider="datarobot", endpoint="emulator")
    with wl.open_workspace(stack, **opening) as workspace:
        assert workspace.apply().ok
    members = [name for name in vars(wl.Workspace) if name == "__enter__" or not name.startswith("_")]
    for name in set(members) - {"close"}:
        given = {"import_": ("a.b", "65f0c0ffee0123456789abcd"), "forget": ("a.b",), "move": ("a.b", "a.c")}.get(
            name, ()
        )
        with pytest.raises(wl.ConfigurationError) as refused:
            getattr(workspace, name)(*given)
        (found,) = refused.value.diagnostics
        assert (found.summary, found.location.file[-16:] if found.location else "") == (
            "Workspace is closed",
            "test_notebook.py",
        )
        assert "wl.open_workspace" in found.fix
    workspace.close()


def test_options_of_another_type_are_refused(opening: dict[str, Any]) -> None:
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": MemoryProvider()}, **opening) as opened:
        workspace: Any = opened
        for call in (workspace.plan, workspace.drift, workspace.apply, lambda given: workspace.import_(given, "1")):
            for wrong in (["workload.chat"], 5, {"destroy": True}, wl.PlanOptions):
                with pytest.raises(wl.DeclarationError, match="Write it as workspace"):
                    call(wrong)


def test_what_is_recorded_is_moved_and_forgotten(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        assert workspace.apply().ok
        assert workspace.move("workload.chat", "workload.talk") == {"workload.chat": "workload.talk"}
        assert workspace.forget("workload.talk") == ("workload.talk",)
        assert [entry.command for entry in workspace.history()] == ["apply", "state mv", "state rm"]
        assert len(platform.world.objects) == 1
        with pytest.raises(wl.WlinfraError, match="The state has no"):
            workspace.forget("workload.talk")


def test_an_artifact_that_a_forgotten_workload_runs_is_refused_before_any_call_with_who_runs_it(
    opening: dict[str, Any],
) -> None:
    with DataRobotEmulator() as emulator:
        stack = chat_stack(provider="datarobot", endpoint=emulator.url, token="none")
        with wl.open_workspace(stack, "prod", **opening) as workspace:
            assert workspace.apply().ok
            identity = workspace.state.objects[wl.Address("workload.chat")].id or ""
            workspace.forget("workload.chat")
            before = len(emulator.requests)
            done = workspace.destroy()
            (error,) = done.plan.errors
            deletions = [one for one in list(emulator.requests)[before:] if one.method == "DELETE"]
            assert (error.summary, done.result, deletions) == ("Artifact is in use", None, [])
            assert identity in error.detail
            workspace.import_("workload.chat", identity)
            assert workspace.destroy().ok
            assert not workspace.state.objects


def test_advice_is_in_the_words_of_the_caller(opening: dict[str, Any]) -> None:
    platform = MemoryProvider()
    with wl.open_workspace(chat_stack(provider="memory"), providers={"memory": platform}, **opening) as workspace:
        made = [platform.world.create("workload", "chat", {})]
        with pytest.raises(wl.ConfigurationError) as refused:
            workspace.apply()
        fix = refused.value.diagnostics[0].fix
        assert "(give approve=), confirm all with adopt=True" in fix
        assert "--" not in fix
        made.append(platform.world.create("workload", "chat", {}))
        (error,) = workspace.plan().errors
        assert error.fix.splitlines()[1:] == [f'    workspace.import_("workload.chat", "{one.id}")' for one in made]
        workspace.import_("workload.chat", made[0].id)
        assert workspace.apply().ok
    nothing = wl.Stack("chat")
    nothing.environment("prod", provider="memory")
    nothing.resources(lambda env: [])
    with wl.open_workspace(nothing, providers={"memory": platform}, **opening) as workspace:
        with pytest.raises(wl.DeclarationError) as emptied:
            workspace.plan()
        assert "workspace.destroy()\nor add wl.PlanOptions(allow_empty=True)" in emptied.value.diagnostics[0].fix
        assert workspace.apply(wl.PlanOptions(allow_empty=True)).ok
