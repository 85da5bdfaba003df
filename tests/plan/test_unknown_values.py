"""What a provider makes of a declaration with an unknown value at any place: known where it must be, else unknown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from support.positions import Case, at, on_datarobot, on_kubernetes

from wlinfra.diff.project import mask
from wlinfra.errors import DeclarationError
from wlinfra.plan.incomplete import Expanded, expand_one
from wlinfra.provider import Connection, ProviderContext
from wlinfra.values import UNKNOWN, Secret, contains_unknown, leaves
from wlinfra_datarobot import PROVIDER as DATAROBOT
from wlinfra_kubernetes import PROVIDER as KUBERNETES


def kubernetes(folder: Path) -> Connection:
    bundles = {"cpu.small": {"cpu": 1, "memory": "2GB"}, "cpu.large": {"cpu": 4, "memory": "8GB"}}
    target = {"ngc_secret": "ngc", "credentials": {"65f0c0ffee0123456789abc4": "stored"}}
    return connected(KUBERNETES, folder, target=target, bundles=bundles)


def datarobot(folder: Path) -> Connection:
    return connected(DATAROBOT, folder, endpoint="http://127.0.0.1:1/api/v2", token="t", api="2026-10")


def connected(provider: Any, folder: Path, **options: Any) -> Connection:
    context = ProviderContext(
        name="default", options=options, environ={}, data_dir=folder, stack="shop", environment="test"
    )
    made: Connection = provider.connect(context)
    return made


def outcome(connection: Connection, case: Case) -> str:
    try:
        resources = case.declared()
    except DeclarationError as error:
        print(case, error)
        return "refused"
    declared = {resource.address: resource for resource in resources}
    answers = [expand_one(connection, resource, declared) for resource in resources]
    refusals = [str(one) for answer in answers for one in answer.diagnostics if one.is_error]
    if refusals:
        print(case, refusals[0])
        return "refused"
    assert "wlinfrasample" not in repr(answers), case
    return "unknown" if any(map(holds_unknown, answers)) else "known"


def holds_unknown(answer: Expanded) -> bool:
    return any(contains_unknown(dict(item.values)) or item.name == repr(UNKNOWN) for item in answer.objects)


def outcomes(connection: Connection, cases: Iterable[Case]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"refused": set(), "known": set(), "unknown": set()}
    for case in cases:
        found[outcome(connection, case)].add(str(case))
    total = sum(map(len, found.values()))
    print(f"{total - len(found['refused'])} of {total} places take an unknown value")
    return found


ONE_VALUE_LEFT = {
    "Artifact.containers.0.primary",
    "Artifact.containerGroups.0.containers.0.primary",
    "Artifact.containers.0.security.seccompProfile.type",
    "Artifact.containerGroups.0.containers.0.security.seccompProfile.type",
    "Artifact.type",
    "Artifact.storage.mode",
}
"""Where the rest of the declaration leaves one value."""
ONE_ON_DATAROBOT = {*ONE_VALUE_LEFT, "Workload.sharedRoles.0.recipient"}
NOT_ON_KUBERNETES = {
    "Artifact.a2aEnabled",
    "Artifact.repository",
    "Artifact.templateId",
    "Manifest.outputs",
    "Manifest.outputs.ready",
    "Workload.replacement.keepOldMinutes",
    "Workload.runtime.containerGroups.0.bundleSelectionPolicy",
    "Workload.runtime.containerGroups.0.name",
}
BY_OPTIONS = {"Artifact.containers.0.env.STORED.$credential.id"}
"""Which Secret is read stands in the options of the environment, by the id."""
PART = 12
"""The gate takes every twelfth place."""


def test_datarobot_takes_an_unknown_value_at_any_place(tmp_path: Path) -> None:
    found = outcomes(datarobot(tmp_path), islice(on_datarobot(lambda value: UNKNOWN), 0, None, PART))
    assert found["refused"] == set()
    assert found["known"] <= ONE_ON_DATAROBOT
    assert len(found["unknown"]) > 10


def test_kubernetes_takes_an_unknown_value_at_any_place(tmp_path: Path) -> None:
    found = outcomes(kubernetes(tmp_path), islice(on_kubernetes(lambda value: UNKNOWN), 0, None, PART))
    assert found["refused"] <= BY_OPTIONS
    assert found["known"] <= ONE_VALUE_LEFT | NOT_ON_KUBERNETES
    assert len(found["unknown"]) > 10


@pytest.mark.nightly
def test_datarobot_takes_an_unknown_value_at_every_place(tmp_path: Path) -> None:
    found = outcomes(datarobot(tmp_path), on_datarobot(lambda value: UNKNOWN))
    assert found["refused"] == set()
    assert found["known"] == ONE_ON_DATAROBOT


@pytest.mark.nightly
def test_kubernetes_takes_an_unknown_value_at_every_place(tmp_path: Path) -> None:
    found = outcomes(kubernetes(tmp_path), on_kubernetes(lambda value: UNKNOWN))
    assert found["refused"] == BY_OPTIONS
    assert found["known"] == ONE_VALUE_LEFT | NOT_ON_KUBERNETES


def test_a_secret_where_none_is_taken_is_in_no_text(tmp_path: Path) -> None:
    cases = [case for case in on_datarobot(secret) if isinstance(at(case.properties, case.place), Secret)]
    for connection, part in (
        (datarobot(tmp_path), cases[::PART]),
        (kubernetes(tmp_path), list(on_kubernetes(secret))[::PART]),
    ):
        for case in part:
            assert not shown_secrets(connection, case), case


@pytest.mark.nightly
def test_a_secret_at_every_place_is_in_no_text(tmp_path: Path) -> None:
    for connection, cases in (
        (datarobot(tmp_path), on_datarobot(secret)),
        (kubernetes(tmp_path), on_kubernetes(secret)),
    ):
        for case in cases:
            assert not shown_secrets(connection, case), case


def secret(value: Any) -> Secret:
    """Return what stands there as a secret."""
    return Secret(lambda: value, describe="a test")


def shown_secrets(connection: Connection, case: Case) -> list[str]:
    """Return the strings of the secret that stand in what is shown of the objects."""
    resources = case.declared()
    declared = {resource.address: resource for resource in resources}
    answers = [expand_one(connection, resource, declared) for resource in resources]
    shown = repr([mask(dict(item.values), item.schema) for answer in answers for item in answer.objects])
    said = " ".join(str(one) for answer in answers for one in answer.diagnostics)
    value = at(case.properties, case.place).reveal()
    return [leaf for leaf in leaves(value) if isinstance(leaf, str) and len(leaf) > 15 and leaf in f"{shown} {said}"]
