"""`wlinfra render` with a platform of manifests in memory: nothing is called, nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.command_line import PROGRAM, CommandLine

from wlinfra.errors import Diagnostic
from wlinfra.provider import ProviderContext
from wlinfra.provider.rendering import RenderedObject
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.base import Resource
from wlinfra.resources.workload import Workload
from wlinfra.testing import MemoryConnection, MemoryProvider
from wlinfra.values import Address
from wlinfra_manifests.model import Target
from wlinfra_manifests.render import render_workload

TARGET = Target(namespace="shop")


class Connection(MemoryConnection):
    """Renders workloads; artifacts live in the state alone."""

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        if not isinstance(resource, Workload) or not isinstance(resource.artifact, Artifact):
            return ()
        return render_workload(resource, resource.artifact, TARGET).problems

    def manifests(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[RenderedObject]:
        if not isinstance(resource, Workload) or not isinstance(resource.artifact, Artifact):
            return ()
        return render_workload(resource, resource.artifact, TARGET).objects


class Provider(MemoryProvider):
    """A platform of manifests."""

    def connect(self, context: ProviderContext) -> Connection:
        return Connection(self, context)


@pytest.fixture
def cluster(tmp_path: Path) -> CommandLine:
    """A folder with a program for a platform of manifests."""
    line = CommandLine(tmp_path, provider=Provider())
    line.write(PROGRAM.replace('bundles=["cpu.small"]', "cpu=1"))
    return line


def test_render_writes_one_file_an_object(cluster: CommandLine) -> None:
    ended = cluster.run("render", "-e", "test", "--out", "manifests", "--set", "replicas=2")
    assert ended.code == 0
    assert ended.out == f"Wrote 3 files to {cluster.folder / 'manifests'}.\n"
    names = sorted(path.name for path in (cluster.folder / "manifests").iterdir())
    assert names == ["deployment-chat.yaml", "poddisruptionbudget-chat.yaml", "service-chat.yaml"]


def test_render_prints_without_a_folder(cluster: CommandLine) -> None:
    ended = cluster.run("render")
    assert (ended.code, ended.out.count("\n---\n"), ended.out.count("kind: Deployment")) == (0, 1, 1)


def test_render_calls_no_platform_and_leaves_no_state(cluster: CommandLine) -> None:
    cluster.run("render")
    assert {call.question for call in cluster.provider.calls} <= {"check", "expand"}
    assert not (cluster.folder / ".wlinfra").exists()


def test_render_tells_warnings_apart_from_the_result(cluster: CommandLine) -> None:
    ended = cluster.run("render")
    assert "Locked with a mutable tag" in ended.err
    assert "mutable" not in ended.out


def test_render_refuses_what_the_target_cannot_do(cluster: CommandLine) -> None:
    cluster.write(PROGRAM)
    ended = cluster.run("render", "--out", "manifests")
    assert (ended.code, "Unknown bundle" in ended.err) == (1, True)
    assert not (cluster.folder / "manifests").exists()


def test_render_needs_a_provider_of_manifests(wlinfra: CommandLine) -> None:
    ended = wlinfra.run("render")
    assert (ended.code, "Provider has no manifests" in ended.err) == (1, True)


def test_render_says_where_it_cannot_write(cluster: CommandLine) -> None:
    (cluster.folder / "manifests").write_text("a file")
    ended = cluster.run("render", "--out", "manifests")
    assert (ended.code, "Manifests cannot be written" in ended.err) == (1, True)


def test_roles_of_a_provider_that_cannot_tell_its_rights_are_refused(cluster: CommandLine) -> None:
    ended = cluster.run("render", "-e", "test", "--rbac")
    assert ended.code == 1
    assert "Provider has no roles" in ended.err
