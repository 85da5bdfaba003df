"""Every operation of the published specification has a typed method in the client."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson
import pytest

from wlinfra_datarobot.client.observe import Activity, Stats
from wlinfra_datarobot.client.rollout import PowerSwitch, Protons, Replacements, WorkloadSettings
from wlinfra_datarobot.client.sharing import Roles
from wlinfra_datarobot.client.workloads import Workloads

METHODS: dict[str, Callable[..., Any]] = {
    "listWorkloads": Workloads.list,
    "createWorkload": Workloads.create,
    "listWorkloadsStats": Stats.everywhere,
    "deleteWorkload": Workloads.delete,
    "getWorkload": Workloads.get,
    "updateWorkload": Workloads.update,
    "listWorkloadEvents": Activity.events,
    "listWorkloadArtifactHistory": Activity.history,
    "promoteWorkloadArtifact": PowerSwitch.promote,
    "listWorkloadProtons": Protons.list,
    "getWorkloadProton": Protons.get,
    "getWorkloadProtonStatusDetails": Protons.status_details,
    "getWorkloadRelatedEntities": Activity.related,
    "deleteWorkloadReplacement": Replacements.cancel,
    "getWorkloadReplacement": Replacements.get,
    "createWorkloadReplacement": Replacements.start,
    "getWorkloadSettings": WorkloadSettings.get,
    "updateWorkloadSettings": WorkloadSettings.update,
    "listWorkloadSharedRoles": Roles.list,
    "updateWorkloadSharedRoles": Roles.update,
    "startWorkload": PowerSwitch.start,
    "stopWorkload": PowerSwitch.stop,
    "resetWorkloadStats": Stats.reset,
    "getWorkloadStats": Stats.get,
    "getWorkloadMetricTimeseries": Stats.series,
}

CONTRACT = Path(__file__).parents[3] / "contracts" / "datarobot-workloads.openapi.json"
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in orjson.loads(CONTRACT.read_bytes())["paths"].values()
    for operation in methods.values()
}


def arguments(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the method's arguments with their types, those of its filter dataclass among them."""
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(method).items():
        filters = [part for part in (hint, *get_args(hint)) if is_dataclass(part)]
        found |= (
            {item.name: get_type_hints(filters[0])[item.name] for item in fields(filters[0])}
            if filters
            else {name: hint}
        )
    return found


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def test_the_table_names_exactly_the_published_operations() -> None:
    assert set(METHODS) == set(OPERATIONS)
    assert len(OPERATIONS) == 25


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_query_parameter_is_a_typed_argument(operation_id: str) -> None:
    given = arguments(METHODS[operation_id])
    wanted = {
        snake(parameter["name"])
        for parameter in OPERATIONS[operation_id].get("parameters", ())
        if parameter["in"] == "query"
    }
    assert wanted <= set(given)
    assert not [name for name in wanted if given[name] in {Any, object}]


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_method_says_what_it_does(operation_id: str) -> None:
    method = METHODS[operation_id]
    body = OPERATIONS[operation_id].get("requestBody")
    assert (inspect.getdoc(method) or "").endswith(".")
    assert len([name for name in inspect.signature(method).parameters if name != "self"]) >= (1 if body else 0)
