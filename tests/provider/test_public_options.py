"""What may be recorded of an environment's options: all that connects again, and never a secret."""

from __future__ import annotations

from typing import Any

import pytest

from wlinfra.values import Secret
from wlinfra_datarobot import PROVIDER as DATAROBOT
from wlinfra_kubernetes import PROVIDER as KUBERNETES

SECRET = Secret(lambda: "s3cret-token", describe="the variable TOKEN")
ENDPOINT = "https://app.example.com/api/v2"


@pytest.mark.parametrize(
    ("options", "recorded"),
    [
        ({"endpoint": ENDPOINT, "token": SECRET}, {"endpoint": ENDPOINT}),
        ({"endpoint": ENDPOINT, "token": "s3cret-token"}, {"endpoint": ENDPOINT}),
        ({"token_file": "token.txt", "retries": 2}, {"token_file": "token.txt", "retries": 2}),
        ({"proxy": "http://ann:s3cret@proxy.example.com:3128"}, {}),
        ({"proxy": "http://proxy.example.com:3128"}, {"proxy": "http://proxy.example.com:3128"}),
    ],
)
def test_datarobot_records_all_but_secrets(options: dict[str, Any], recorded: dict[str, Any]) -> None:
    assert DATAROBOT.public_options(options) == recorded


def test_kubernetes_records_all_but_secrets() -> None:
    options = {"kubeconfig": "kube.yaml", "context": "test", "target": {"labels": {"team": SECRET}}}
    assert KUBERNETES.public_options(options) == {"kubeconfig": "kube.yaml", "context": "test"}


def test_bundles_connect_again_as_they_were_recorded() -> None:
    options = {"bundles": {"cpu.small": {"cpu": 1, "memory": "2Gi"}}}
    recorded = DATAROBOT.public_options(options)
    assert DATAROBOT.public_options(recorded) == recorded
