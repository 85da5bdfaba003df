from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wlinfra as wl
from wlinfra.stack.settings import SettingsSources, merge_settings, parse_overrides


class Size(wl.Settings):
    cpu: float = 1
    gpus: int = 0


class Settings(wl.Settings):
    replicas: int = 1
    bundles: tuple[str, ...] = ("cpu.small",)
    region: str = "eu"
    debug: bool = False
    size: Size = Size()


def merge(base: Settings | None = None, **sources: Any) -> Settings:
    return merge_settings(Settings, base or Settings(), SettingsSources(**sources))


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".toml", 'replicas = 4\nbundles = ["a"]\n[size]\ngpus = 2\n'),
        (".yaml", "replicas: 4\nbundles: [a]\nsize: {gpus: 2}\n"),
        (".json", '{"replicas": 4, "bundles": ["a"], "size": {"gpus": 2}}'),
    ],
)
def test_a_file_lies_over_the_program(tmp_path: Path, suffix: str, text: str) -> None:
    file = tmp_path / f"prod{suffix}"
    file.write_text(text)
    merged = merge(Settings(replicas=2, region="us", size=Size(cpu=8)), file=file)
    assert merged == Settings(replicas=4, bundles=("a",), region="us", size=Size(cpu=8, gpus=2))


def test_the_environment_lies_over_a_file_and_arguments_over_all(tmp_path: Path) -> None:
    file = tmp_path / "prod.json"
    file.write_text('{"replicas": 2, "region": "file", "debug": false}')
    environ = {"WLINFRA_SET_REPLICAS": "3", "WLINFRA_SET_REGION": "environ", "HOME": "x"}
    merged = merge(file=file, environ=environ, overrides={"replicas": "4"})
    assert (merged.replicas, merged.region, merged.debug) == (4, "environ", False)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("replicas", "8", {"replicas": 8}),
        ("debug", "true", {"debug": True}),
        ("bundles", "gpu.h100, gpu.a100", {"bundles": ["gpu.h100", "gpu.a100"]}),
        ("bundles", '["gpu.h100"]', {"bundles": ["gpu.h100"]}),
        ("region", "[x]", {"region": "[x]"}),
        ("size.cpu", "2.5", {"size": Size(cpu=2.5)}),
    ],
)
def test_text_becomes_the_type_of_the_setting(name: str, text: str, value: dict[str, Any]) -> None:
    assert merge(overrides={name: text}) == Settings(**value)


def test_two_underscores_lead_into_a_nested_setting() -> None:
    assert merge(environ={"WLINFRA_SET_SIZE__GPUS": "2"}).size.gpus == 2


@pytest.mark.parametrize(
    ("sources", "path", "says"),
    [
        ({"overrides": {"replicas": "many"}}, "settings.replicas", "It comes from --set replicas."),
        ({"overrides": {"replica": "1"}}, "settings.replica", "Did you mean replicas?"),
        (
            {"environ": {"WLINFRA_SET_SIZE__GPUS": "x"}},
            "settings.size.gpus",
            "It comes from environment variable WLINFRA_SET_SIZE__GPUS.",
        ),
        ({"environ": {"WLINFRA_SET_REGON": "x"}}, "settings.regon", "Did you mean region?"),
    ],
)
def test_a_wrong_setting_names_where_it_came_from(sources: dict[str, Any], path: str, says: str) -> None:
    with pytest.raises(wl.ConfigurationError) as caught:
        merge(**sources)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.path == path
    assert says in str(diagnostic)


def test_all_wrong_settings_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "prod.toml"
    file.write_text('replicas = "x"')
    with pytest.raises(wl.ConfigurationError) as caught:
        merge(file=file, overrides={"debug": "perhaps"})
    assert [str(file) in one.detail or "--set debug" in one.detail for one in caught.value.diagnostics] == [True, True]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", "replicas = ", "a.toml"),
        ("a.yaml", "a: [", "not YAML in line"),
        ("a.json", "[1]", "no table"),
        ("a.ini", "", "end in .toml"),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(wl.ConfigurationError, match=says):
        merge(file=tmp_path / name)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(wl.ConfigurationError, match="Settings file not readable"):
        merge(file=tmp_path / "none.toml")


def test_an_argument_needs_an_equals_sign() -> None:
    with pytest.raises(wl.ConfigurationError, match="an equals sign"):
        parse_overrides(["replicas"])


def test_settings_of_the_program_are_checked_too() -> None:
    make: Callable[..., Settings] = Settings
    with pytest.raises(wl.DeclarationError, match="Did you mean replicas"):
        make(replica=3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("twice.json", '{"replicas": 1, "size": {"cpu": 1}, "replicas": 2}'),
        ("twice.json", '{"size": {"cpu": 1, "cpu": 2}}'),
        ("twice.yaml", "replicas: 1\nsize:\n  cpu: 1\nreplicas: 2\n"),
        ("twice.yaml", "size:\n  cpu: 1\n  cpu: 2\n"),
        ("twice.yaml", "items:\n- a: 1\n  a: 2\n"),
        ("twice.toml", "replicas = 1\nreplicas = 2\n"),
    ],
)
def test_a_name_that_stands_twice_in_a_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(wl.ConfigurationError, match="Settings file not understood"):
        merge_settings(Settings, Settings(), SettingsSources(file=tmp_path / name))


def test_yaml_that_merges_and_repeats_by_anchors_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("base: &base\n  x: 1\none:\n  <<: *base\n  y: 2\ntwo: *base\n")
    with pytest.raises(wl.ConfigurationError, match="base"):  # understood, and no setting of that name
        merge_settings(Settings, Settings(), SettingsSources(file=tmp_path / "a.yaml"))
