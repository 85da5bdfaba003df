"""What a real API server holds of a workload, declared again, is what was declared, and nothing is left to apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from support.generated_workloads import Declaration, declarations

import wlinfra as wl
from wlinfra.stack.form import to_form
from wlinfra.testing import Driver
from wlinfra_kubernetes.inverse import declared
from wlinfra_kubernetes.provider import KubernetesConnection
from wlinfra_manifests.document import Key
from wlinfra_manifests.model import Target

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

Connect = Callable[..., Driver]

RUNNERS = ("apps/v1/Deployment", "apps.nvidia.com/v1alpha1/NIMService")
BUNDLES: dict[str, Any] = {
    "cpu.small": {"cpu": 1, "memory": "2GB"},
    "gpu.h100": {
        "cpu": 16,
        "memory": "128GB",
        "gpu": {"count": 2, "products": ["NVIDIA-H100-80GB-HBM3"], "min_memory_mib": 80000},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "node_selector": {"pool": "gpu"},
    },
    "gpu.a100": {"gpu": {"product_regex": "^NVIDIA-A100"}},
    "gpu.mig": {"cpu": 8, "gpu": {"resource": "nvidia.com/mig-3g.40gb"}},
    "gpu.dra": {"cpu": 8, "gpu": {"count": 2, "dra": {"cel": "true"}}},
}
COMMON: dict[str, Any] = {
    "ngc_secret": "ngc",
    "prometheus": "http://prometheus.monitoring:9090",
    "credentials": {"65f0": "stored"},
    "api_key": {"secret": "platform", "key": "token"},
}
TARGETS: list[dict[str, Any]] = [
    {"domain": "example.com", "entry": {"class_name": "nginx"}},
    {"nim": "plain", "domain": "example.com", "entry": {"name": "gate"}, "allow_root": True},
    {"autoscaler": "keda", "http_scaling": "http-scaled-object", "priority_classes": {}},
]


def drawn(on: Target, examples: int, prefix: str) -> list[Declaration]:
    """Return declarations for the target, each of a name of its own."""
    found: list[Declaration] = []

    @seed(0)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(declarations(on))
    def gather(declaration: Declaration) -> None:
        declared = declaration.workload
        own = {name: getattr(declared, name) for name in declared.model_fields_set if name != "name"}
        if "platform_name" in own:
            own["platform_name"] = f"{prefix}-w{len(found)}-9"
        found.append(replace(declaration, workload=wl.Workload(f"{prefix}-w{len(found)}", **own)))

    gather()
    return found


def check(drive: Connect, monkeypatch: pytest.MonkeyPatch, examples: int) -> Counter[str]:
    """Return how many objects of each kind came back as they were declared."""
    counts: Counter[str] = Counter()
    for name in ("A", "B_1", "LOG.LEVEL", "NIM_X", "_z"):
        monkeypatch.setenv(name, "a value")
    for index, options in enumerate(TARGETS):
        driver = drive(target={**COMMON, **options}, bundles=BUNDLES, adds_nodes=True)
        connection = driver.connection
        assert isinstance(connection, KubernetesConnection)
        platform = connection.platform
        for meant in drawn(platform.target, examples, f"s{index}"):
            objects = driver.objects(meant.artifact, meant.workload).values()
            for change in driver.plan(meant.artifact, meant.workload):
                for step in change.steps if change.wanted else ():
                    driver.run(step)
            runner = next(item for item in objects if item.kind in RUNNERS)
            found = declared(
                platform, Key.parse(runner.kind, runner.name), name=meant.workload.name, secret=wl.secret_env
            )
            assert (found.left, found.missing) == ((), ())
            assert found.artifact is not None
            assert found.workload is not None
            assert to_form(found.artifact) == to_form(meant.artifact)
            assert to_form(found.workload) == to_form(meant.workload)
            again = [
                one for one in driver.plan(found.artifact, found.workload) if one.wanted and not one.wanted.virtual
            ]
            assert [(one.address, item.path) for one in again for item in one.attributes] == []
            counts.update(item.kind for item in objects)
    return counts


def test_live_to_declared_to_wire_is_the_identity(
    drive: Connect, keda_definitions: ClusterHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = check(drive, monkeypatch, 4)
    assert sum(counts[kind] for kind in RUNNERS) >= 12


@pytest.mark.nightly
def test_so_it_is_for_500_objects(
    drive: Connect,
    keda_definitions: ClusterHandle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = check(drive, monkeypatch, 40)
    with capsys.disabled():
        print(f"\nlive and declared again: {dict(counts)}")
    assert counts.total() - counts["artifact"] >= 500
