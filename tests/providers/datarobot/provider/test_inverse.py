"""What is live, declared again, is what is live: an import of it has nothing to change."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.datarobot_stage import Stage
from support.generated_stacks import sketches

import wlinfra as wl
from wlinfra.diff.compare import compare
from wlinfra.provider import Live, PlatformObject, ReadRequest
from wlinfra.resources.base import Resource
from wlinfra.state.key import Digest
from wlinfra.values import Json
from wlinfra.values import Path as ValuePath
from wlinfra_datarobot.expand import expand
from wlinfra_datarobot.inverse import declared, declared_attributes


def different(item: PlatformObject, wanted: Json, live: Json) -> list[ValuePath]:
    """Return where the wanted values differ from the live ones."""
    found = compare(wanted, live, None, item.schema, Digest(b"k" * 32), has_prior=False)
    return [change.path for change in found.changes]


def inverted(stage: Stage) -> list[Resource]:
    """Return every live artifact and workload as a declaration, having compared what it declares with what is live."""
    found: list[Resource] = []
    state = stage.state
    for address, record in state.objects.items():
        (reading,) = stage.connection().read(
            [ReadRequest(address=address, kind=record.kind, name=record.name, id=record.id)]
        )
        assert isinstance(reading, Live)
        resource = declared(record.kind, reading.document, name=address.name)
        (item,) = [one for one in expand(resource, {}) if one.kind == record.kind]
        assert different(item, item.values, reading.values) == []
        assert {path[0] for path in different(item, reading.values, item.values)} <= {"artifactRepositoryId"}
        assert item.name == record.name
        found.append(resource)
    return found


def check(dialect: str, part: int, examples: int, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()

    @seed(part)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def law(data: st.DataObject) -> None:
        sketch = data.draw(sketches(dialect))
        with TemporaryDirectory() as folder, closing(Stage(Path(folder), dialect=dialect)) as stage:
            stage.apply(lambda: list(sketch.resources()))
            counts.update(resource.type for resource in inverted(stage))

    law()
    with capsys.disabled():
        print(f"\ninverted, {dialect}, seed {part}: {dict(counts)}")
    assert counts.total() >= examples


@pytest.mark.parametrize("dialect", ["2026-10", "2026-06"])
def test_live_to_declared_to_wire_is_the_identity(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(dialect, 0, 6, capsys)


@pytest.mark.nightly
@pytest.mark.parametrize("dialect", ["2026-10", "2026-06"])
def test_so_it_is_for_500_objects(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(dialect, 1, 60, capsys)


def test_variables_that_the_platform_supplies_come_back(stage: Stage) -> None:
    env = {"PLAIN": "x", "STORED": wl.credential("65f0c0ffee0123456789abcd", "apiToken"), "KEY": wl.api_key()}
    security = wl.SecurityContext(read_only_root_filesystem=True, capabilities=wl.Capabilities(drop=["ALL"]))
    container = wl.Container(image="a/b:1", port=8080, env=env, security=security)
    stage.apply(lambda: [wl.Artifact("server", containers=[container])])
    (artifact,) = inverted(stage)
    assert isinstance(artifact, wl.Artifact)
    (again,) = artifact.groups[0].containers
    assert {name: variable.value for name, variable in again.variables.items()} == env
    assert again.security == security


@pytest.mark.parametrize(("power", "status"), [("running", "errored"), ("stopped", "stopped"), ("running", "running")])
def test_a_workload_is_declared_to_run_unless_it_is_stopped(power: str, status: str) -> None:
    document = {"name": "chat", "artifactId": "a", "status": status}
    assert declared_attributes("workload", document)["power"] == power
