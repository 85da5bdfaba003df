"""The digest key: where it comes from, and what happens without it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from wlinfra.errors import ConfigurationError, Severity
from wlinfra.state.key import Digest, data_home, load_key

KEY = bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode(), base64.urlsafe_b64encode(KEY).decode().rstrip("=")],
    ids=["hex", "upper hex", "base64", "url-safe"],
)
def test_the_environment_gives_the_key(tmp_path: Path, text: str) -> None:
    found = load_key({"WLINFRA_STATE_KEY": f" {text}\n"}, tmp_path, create=False)
    assert (found.digest, found.source, found.diagnostics) == (Digest(KEY), "WLINFRA_STATE_KEY", ())


@pytest.mark.parametrize("text", ["hunter2-canary", "00" * 15, "?" * 40, "ü" * 40])
def test_a_key_that_is_none_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="openssl rand -hex 32") as caught:
        load_key({"WLINFRA_STATE_KEY": text}, tmp_path, create=True)
    assert text not in str(caught.value)


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "wlinfra"
    assert not load_key({}, directory, create=False).digest.known
    made = load_key({}, directory, create=True)
    assert load_key({}, directory, create=True) == made
    assert [(path.name, path.stat().st_mode & 0o777) for path in directory.iterdir()] == [("state.key", 0o600)]
    assert (directory.stat().st_mode & 0o777, len(made.digest.key or b"")) == (0o700, 32)


def test_a_key_file_that_others_can_read_is_refused_with_the_command(tmp_path: Path) -> None:
    load_key({}, tmp_path, create=True)
    (tmp_path / "state.key").chmod(0o640)
    with pytest.raises(ConfigurationError, match=r"chmod 600 '.*state\.key'"):
        load_key({}, tmp_path, create=True)


def test_a_lost_key_is_not_replaced_but_warned_about(tmp_path: Path) -> None:
    found = load_key({}, tmp_path, create=True, fingerprint=Digest(KEY).fingerprint)
    assert (found.digest.known, [item.severity for item in found.diagnostics]) == (False, [Severity.WARNING])
    assert list(tmp_path.iterdir()) == []


def test_another_key_is_noticed(tmp_path: Path) -> None:
    environ = {"WLINFRA_STATE_KEY": KEY.hex()}
    assert load_key(environ, tmp_path, create=True, fingerprint=Digest(KEY).fingerprint).digest == Digest(KEY)
    found = load_key(environ, tmp_path, create=True, fingerprint=Digest(bytes(32)).fingerprint)
    assert (found.digest.known, found.diagnostics[0].summary) == (False, "State key is another one")


def test_the_key_and_its_representation_stay_apart() -> None:
    digest = Digest(KEY)
    assert KEY.hex() not in repr(digest) + digest.fingerprint
    assert (Digest().fingerprint, len(digest.fingerprint)) == ("", 16)


def test_the_data_directory_follows_the_users_choice(tmp_path: Path) -> None:
    default = data_home({}, tmp_path)
    assert default.is_relative_to(tmp_path)
    assert default.name == "wlinfra"
    assert data_home({"XDG_DATA_HOME": "relative"}, tmp_path) == default
