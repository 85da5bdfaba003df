"""Variables of containers and data of ConfigMaps that nobody declares are not shown."""

from __future__ import annotations

import pytest

from wlinfra.diff.model import SENSITIVE
from wlinfra.values import Json, Path
from wlinfra_kubernetes.planning.secrecy import shown_live

ENV: Path = ("spec", "template", "spec", "containers", "main", "env")
APPS, MAP = "apps/v1/Deployment", "v1/ConfigMap"


@pytest.mark.parametrize(
    ("kind", "path", "live", "wanted", "recorded", "shown"),
    [
        (APPS, (*ENV, "DB"), {"name": "DB", "value": "x"}, None, None, {"name": "DB", "value": SENSITIVE}),
        (APPS, (*ENV, "DB", "value"), "x", "plain", None, SENSITIVE),
        (APPS, (*ENV, "DB", "value"), "x", "plain", "plain", "x"),
        (APPS, (*ENV, "DB", "value"), "x", None, "x", "x"),
        (APPS, ENV, [{"name": "DB", "value": "x"}], None, None, [{"name": "DB", "value": SENSITIVE}]),
        (APPS, ("spec", "replicas"), 3, None, None, 3),
        (MAP, ("data",), {"a": "x", "b": "y"}, {"a": "x"}, None, {"a": "x", "b": SENSITIVE}),
        (MAP, ("data", "b"), "y", None, None, SENSITIVE),
        (MAP, ("metadata", "labels", "b"), "y", None, None, "y"),
    ],
)
def test_a_live_value_is_shown_where_it_is_known(
    kind: str, path: Path, live: Json, wanted: Json, recorded: Json, shown: Json
) -> None:
    assert shown_live(kind, path, live, wanted, recorded) == shown
