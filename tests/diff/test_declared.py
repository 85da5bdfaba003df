"""What a program calls the paths of an object, and back: whatever the names of elements are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wlinfra.diff.declared import DeclaredPaths
from wlinfra.diff.patterns import covers, parse_pattern
from wlinfra.values import Path

PATHS = DeclaredPaths(
    lambda: [
        ("spec.groups[*].containers", "containers"),
        ("spec.groups[*].containers[]", "containers[]"),
        ("spec.groups[*].containers[].imageUri", "containers[].image"),
        ("spec.groups[*].containers[].env[].value", "containers[].env[]"),
        ("spec.groups", "groups"),
        ("spec.groups[].containers[].imageUri", "groups[].containers[].image"),
        ("artifactId", "artifact"),
    ]
)
KEYS = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("spec", "groups", "g", "containers", "main", "imageUri"), "containers[main].image"),
        (("spec", "groups", "g", "containers", "main", "env", "A", "value"), "containers[main].env[A]"),
        (("spec", "groups", "g", "containers", "a[0]", "imageUri"), 'containers["a[0]"].image'),
        (("spec", "groups", "g", "containers", "main", "ports", 0, "name"), "containers[main].ports[0].name"),
        (("spec", "groups", "g", "size"), "groups.g.size"),
        (("artifactId",), "artifact"),
        (("spec", "kind"), "spec.kind"),
    ],
)
def test_a_path_is_named_as_declared(path: Path, name: str) -> None:
    assert PATHS.name(path) == name


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("containers[main].image", "spec.groups.*.containers.main.imageUri"),
        ("containers.main.image", "spec.groups.*.containers.main.imageUri"),
        ("containers[name=main].image", "spec.groups.*.containers[name=main].imageUri"),
        ("containers[*].env[A]", "spec.groups.*.containers.*.env.A.value"),
        ("groups[g].containers[main].image", "spec.groups.g.containers.main.imageUri"),
        ("containers", "spec.groups.*.containers"),
        ("artifact", "artifactId"),
    ],
)
def test_a_declared_pattern_is_one_of_the_platform(pattern: str, found: str) -> None:
    assert PATHS.on_platform(pattern) == (found,)


@pytest.mark.parametrize("pattern", ["spec.kind", "spec", "*", "image", ""])
def test_another_pattern_is_none(pattern: str) -> None:
    assert PATHS.on_platform(pattern) == ()


def test_a_path_of_an_attribute_is_known_whatever_its_elements_are_called() -> None:
    assert PATHS.knows("containers[any].env[OTHER]")
    assert not any(PATHS.knows(path) for path in ("containers[0].image", "containers[main].imge", "spec", ""))


def test_a_path_that_is_nearly_declared_is_suggested() -> None:
    assert PATHS.alike("containers[main].imge") == "containers[*].image"
    assert PATHS.alike("replicas") == ""


@given(KEYS, KEYS)
def test_a_name_means_the_path_it_was_given_for(container: str, variable: str) -> None:
    path = ("spec", "groups", "g", "containers", container, "env", variable, "value")
    patterns = [parse_pattern(found) for found in PATHS.on_platform(PATHS.name(path))]
    assert covers(patterns, path)
