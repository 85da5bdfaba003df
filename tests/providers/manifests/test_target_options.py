"""What an environment says of its cluster is read to the last word."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra.errors import ConfigurationError
from wlinfra_manifests.model import GatewayEntry, IngressEntry, Target
from wlinfra_manifests.targets import target_of


def target(options: dict[str, Any], stack: str = "shop") -> Target:
    return target_of(options.get("target", {}), stack=stack, namespace="apps", bundles=options.get("bundles", {}))


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"target": {"entry": {"clas_name": "nginx"}}}, "entry.IngressEntry.clas_name"),
        ({"target": {"entry": {"name": "gateway", "tls_secret": "tls"}}}, "entry.GatewayEntry.tls_secret"),
        ({"target": {"api_key": {"secret": "key", "kee": "token"}}}, "api_key.kee"),
        ({"bundles": {"cpu.small": {"cpu": 1, "memry": "1GB"}}}, "bundles.cpu.small.memry"),
        ({"bundles": {"gpu": {"gpu": {"cnt": 2}}}}, "bundles.gpu.gpu.cnt"),
    ],
)
def test_a_word_that_nothing_knows_is_refused(options: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigurationError, match=where):
        target(options)


def test_an_entry_is_told_by_its_words() -> None:
    ingress = target({"target": {"entry": {"class_name": "nginx"}}}).entry
    gateway = target({"target": {"entry": {"name": "edge"}}}).entry
    assert (ingress, gateway) == (IngressEntry(class_name="nginx"), GatewayEntry(name="edge"))


def test_objects_are_labelled_with_the_stack_and_what_the_target_adds() -> None:
    labels = target({"target": {"labels": {"team": "ml"}}}, "My shop").labels
    assert labels["app.kubernetes.io/part-of"].startswith("my-shop-")
    assert (labels["app.kubernetes.io/managed-by"], labels["team"]) == ("wlinfra", "ml")
