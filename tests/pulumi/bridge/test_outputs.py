"""Outputs have the names of the package schema."""

from __future__ import annotations

import wlinfra as wl
from wlinfra.pulumi.bridge.properties import result_of
from wlinfra.pulumi.schema import package_schema
from wlinfra.values import UNKNOWN
from wlinfra_kubernetes import Manifest

RESOURCES = package_schema("0.1.0")["resources"]


def test_outputs_that_a_manifest_names_itself_are_values() -> None:
    outputs = {"id": "u1", "name": "gateway", "lb": UNKNOWN}
    found = result_of(Manifest, {"manifest": {}}, outputs, "{}")
    assert found == {"manifest": {}, "manifestId": "u1", "values": {"name": "gateway", "lb": UNKNOWN}, "record": "{}"}
    assert found.keys() <= RESOURCES["wlinfra:kubernetes:Manifest"]["properties"].keys()


def test_outputs_of_an_artifact_are_properties() -> None:
    found = result_of(wl.Artifact, {}, {"id": "a1", "version": 2, "repository_id": "r1"}, UNKNOWN)
    assert found == {"artifactId": "a1", "version": 2, "repositoryId": "r1", "record": UNKNOWN}
    assert found.keys() <= RESOURCES["wlinfra:index:Artifact"]["properties"].keys()
