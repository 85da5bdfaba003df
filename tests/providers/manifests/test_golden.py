"""The quickstart on a cluster: the program as it is, for a namespace instead of DataRobot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.rendering import TARGET

from wlinfra.provider.rendering import RenderedObject
from wlinfra.render.manifests.yaml import format_manifests
from wlinfra.resources.artifact import Artifact
from wlinfra.resources.workload import Workload
from wlinfra.stack.program import declare, load_stack
from wlinfra_manifests.render import render_workload

PROGRAM = Path(__file__).parents[3] / "examples" / "quickstart" / "infra.py"


def quickstart() -> list[RenderedObject]:
    declared = declare(load_stack(PROGRAM, environ={}), "prod", environ={})
    objects: list[RenderedObject] = []
    for resource in declared.resources:
        if isinstance(resource, Workload) and isinstance(resource.artifact, Artifact):
            objects += render_workload(resource, resource.artifact, TARGET).objects
    return objects


def test_the_quickstart_becomes(golden: Callable[[str, str], None]) -> None:
    golden("manifests-quickstart.yaml", format_manifests(quickstart()))


def test_the_quickstart_is_rendered_alike_every_time() -> None:
    assert format_manifests(quickstart()) == format_manifests(quickstart())
