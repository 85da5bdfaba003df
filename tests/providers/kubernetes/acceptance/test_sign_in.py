"""Every way to sign in that a kubeconfig names, and what people are told when one of them fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cluster_stage import ClusterStage

from wlinfra.http.options import SendOptions
from wlinfra_kubernetes.cluster.client import ClusterClient
from wlinfra_kubernetes.cluster.failures import ClusterError
from wlinfra_kubernetes.cluster.session import open_session
from wlinfra_kubernetes.configuration import KubernetesConfig
from wlinfra_manifests.document import Key

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
EXEC = "client.authentication.k8s.io/v1"
PLUGIN = f"""\
#!{sys.executable}
import json, pathlib
folder = pathlib.Path(__file__).parent
with (folder / "calls").open("a") as calls:
    calls.write("x")
credential = json.loads((folder / "credential.json").read_text())
print(json.dumps({{"apiVersion": "{EXEC}", "kind": "ExecCredential", "status": credential}}))
"""


def kubeconfig(stage: ClusterStage, user: dict[str, Any], *, contexts: tuple[str, ...] = ("test",)) -> Path:
    """Write a kubeconfig whose user signs in so; its first context is the current one."""
    cluster = {"server": stage.cluster.server, "certificate-authority": str(stage.cluster.authority)}
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0],
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": "test", "user": "me"}} for name in contexts],
    }
    file = stage.folder / "kubeconfig"
    file.write_text(json.dumps(body))
    return file


def plugin(stage: ClusterStage, text: str = PLUGIN, **credential: Any) -> dict[str, Any]:
    """Write a plugin that hands out the credential, and return the user who signs in by it."""
    command = stage.folder / "plugin"
    command.write_text(text)
    command.chmod(0o755)
    (stage.folder / "credential.json").write_text(json.dumps(credential))
    return {"exec": {"apiVersion": EXEC, "command": "./plugin", "interactiveMode": "Never"}}


def calls(stage: ClusterStage) -> int:
    return len((stage.folder / "calls").read_text())


def certificate(stage: ClusterStage, days: int) -> dict[str, Any]:
    """Return the files of a certificate of somebody with all rights."""
    folder, authority = stage.folder, stage.cluster.folder / "ca"
    key, request, made = folder / "me.key", folder / "me.csr", folder / "me.crt"
    ask = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/O=system:masters/CN=me")
    openssl("req", *ask, "-keyout", key, "-out", request)
    signer = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-set_serial", "77")
    openssl("x509", "-req", "-days", str(days), "-in", request, *signer, "-out", made)
    return {"client-certificate": str(made), "client-key": str(key)}


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def said(stage: ClusterStage, **options: Any) -> str:
    """Return what a plan that fails says, which is one screen and no traceback."""
    stage.manifests(SETTINGS, **options)
    ended = stage.run("plan", code=1)
    text = ended.out + ended.err
    assert "Traceback" not in text
    assert len(text.splitlines()) <= 24
    return re.sub(r"[\s│]+", " ", text)


# ---------------------------------------------------------------- ways that work


def works(stage: ClusterStage, user: dict[str, Any]) -> None:
    stage.manifests(SETTINGS, kubeconfig=str(kubeconfig(stage, user)))
    stage.apply()
    assert stage.get("configmap", "settings")["data"] == {"a": "1"}
    assert stage.actions() == {}


def test_a_plugin_gives_a_token(stage: ClusterStage) -> None:
    works(stage, plugin(stage, token="admin-token"))


def test_a_plugin_gives_a_certificate(stage: ClusterStage) -> None:
    files = certificate(stage, days=1)
    data = {"clientCertificateData": files["client-certificate"], "clientKeyData": files["client-key"]}
    works(stage, plugin(stage, **{name: Path(file).read_text() for name, file in data.items()}))


def test_a_certificate_signs_in(stage: ClusterStage) -> None:
    works(stage, certificate(stage, days=1))


def test_a_file_with_a_token_signs_in(stage: ClusterStage) -> None:
    (stage.folder / "token").write_text("admin-token")
    works(stage, {"tokenFile": "token"})  # relative to the kubeconfig, as in kubectl


def test_a_line_end_in_the_file_of_a_token_is_no_part_of_it(stage: ClusterStage) -> None:
    (stage.folder / "token").write_text("admin-token\r\n")
    works(stage, {"tokenFile": "token"})


def test_a_token_of_several_lines_is_refused_before_any_call(stage: ClusterStage) -> None:
    (stage.folder / "token").write_text("admin-token\nof two lines\n")
    told = said(stage, kubeconfig=str(kubeconfig(stage, {"tokenFile": "token"})))
    assert "Token cannot be sent" in told
    assert "two lines" not in told


def test_a_certificate_that_is_not_checked_is_warned_about(stage: ClusterStage) -> None:
    file = kubeconfig(stage, {"token": "admin-token"})
    body = json.loads(file.read_text())
    body["clusters"][0]["cluster"] = {"server": stage.cluster.server, "insecure-skip-tls-verify": True}
    file.write_text(json.dumps(body))
    stage.manifests(SETTINGS, kubeconfig=str(file))
    assert stage.run("plan").err.count(f"Warning: the certificate of {stage.cluster.server}") == 1


def test_the_variable_names_the_kubeconfig(stage: ClusterStage) -> None:
    stage.project.environ["KUBECONFIG"] = str(kubeconfig(stage, {"token": "admin-token"}))
    stage.manifests(SETTINGS, kubeconfig=None)
    stage.apply()
    assert stage.get("configmap", "settings")["data"] == {"a": "1"}


# ---------------------------------------------------------------- credentials that end


def test_a_token_with_a_time_is_renewed_before_it_ends(stage: ClusterStage) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    works(stage, plugin(stage, token="admin-token", expirationTimestamp=soon))
    assert calls(stage) > 3


def test_a_token_without_a_time_is_asked_for_anew_when_it_is_refused(stage: ClusterStage) -> None:
    client = _client(stage, plugin(stage, token="ended-token"))
    plugin(stage, token="admin-token")
    for _ in range(3):
        assert client.get(_account(stage))
    assert calls(stage) == 2
    client.close()


def test_a_token_that_is_refused_again_is_asked_for_once(stage: ClusterStage) -> None:
    client = _client(stage, plugin(stage, token="ended-token"))
    with pytest.raises(ClusterError, match="Unauthorized"):
        client.get(_account(stage))
    assert calls(stage) == 2
    client.close()


def test_a_plugin_that_fails_in_the_middle_of_a_run_is_told(stage: ClusterStage) -> None:
    client = _client(stage, plugin(stage, token="ended-token"))
    plugin(stage, "#!/bin/sh\necho 'run acme login' >&2\nexit 1\n")
    with pytest.raises(ClusterError, match="run acme login"):
        client.get(_account(stage))
    client.close()


def test_an_ended_token_in_a_file_is_read_anew_in_the_middle_of_a_run(stage: ClusterStage) -> None:
    token = stage.folder / "token"
    token.write_text("ended-token")
    client = _client(stage, {"tokenFile": "token"})
    token.write_text("admin-token")
    client.apply(Key("v1", "ConfigMap", stage.namespace, "settings"), _placed(stage))
    assert stage.get("configmap", "settings")["data"] == {"a": "1"}
    client.close()


def _client(stage: ClusterStage, user: dict[str, Any]) -> ClusterClient:
    config = KubernetesConfig(kubeconfig=kubeconfig(stage, user))
    return ClusterClient(open_session(config, {}), SendOptions(), manager="wlinfra-shop-cluster")


def _account(stage: ClusterStage) -> Key:
    return Key("v1", "ServiceAccount", stage.namespace, "default")


def _placed(stage: ClusterStage) -> dict[str, Any]:
    return {**SETTINGS, "metadata": {"name": "settings", "namespace": stage.namespace}}


# ---------------------------------------------------------------- inside a cluster


def test_a_pod_signs_in_by_its_service_account(stage: ClusterStage, tmp_path: Path) -> None:
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "token").write_text(stage.kubectl("create", "token", "default").strip())
    (account / "ca.crt").write_bytes(stage.cluster.authority.read_bytes() if stage.cluster.authority else b"")
    role = f"--serviceaccount={stage.namespace}:default"
    stage.kubectl("create", "rolebinding", "pod", "--clusterrole=cluster-admin", role)
    host, _, port = stage.cluster.server.removeprefix("https://").partition(":")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    session = open_session(KubernetesConfig(), environ, account=account)
    client = ClusterClient(session, SendOptions(), manager="wlinfra-shop-cluster")
    assert client.get(_account(stage))
    client.close()


def test_a_pod_without_a_service_account_is_told_so(stage: ClusterStage) -> None:
    stage.project.environ |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    text = said(stage, kubeconfig=None)
    assert "The service account of this pod does not say how to reach the cluster" in text


# ---------------------------------------------------------------- what people are told


def test_a_failing_plugin_is_told_in_its_own_words(stage: ClusterStage) -> None:
    text = "#!/bin/sh\necho 'your session has ended: run acme login' >&2\nexit 3\n"
    told = said(stage, kubeconfig=str(kubeconfig(stage, plugin(stage, text))))
    assert "Account cannot sign in" in told
    assert "process returned 3. your session has ended: run acme login" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#!/bin/sh\necho nonsense\n", "failed to decode process output"),
        (PLUGIN, "missing token or clientCertificateData"),
        ("", "Exec format error"),
    ],
)
def test_a_plugin_that_gives_nothing_is_told(stage: ClusterStage, text: str, why: str) -> None:
    assert why in said(stage, kubeconfig=str(kubeconfig(stage, plugin(stage, text))))


def test_a_plugin_that_is_not_installed_is_named(stage: ClusterStage) -> None:
    user = {"exec": {"apiVersion": EXEC, "command": "acme-login", "interactiveMode": "Never"}}
    told = said(stage, kubeconfig=str(kubeconfig(stage, user)))
    assert "the plugin 'acme-login' that signs in, which is not installed" in told
    assert "Errno" not in told
    hint = "Get it by\n  acme install login"
    told = said(stage, kubeconfig=str(kubeconfig(stage, {"exec": {**user["exec"], "installHint": hint}})))
    assert "Get it by acme install login" in told


def test_a_cluster_that_is_gone_is_named_once_for_all_its_objects(stage: ClusterStage) -> None:
    file = kubeconfig(stage, {"token": "admin-token"}, contexts=("here", "there"))
    file.write_text(file.read_text().replace(stage.cluster.server, "https://user:word@127.0.0.1:1"))
    objects = [{**SETTINGS, "metadata": {"name": f"settings-{number}"}} for number in range(5)]
    stage.manifests(*objects, kubeconfig=str(file), retries=0)
    ended = stage.run("plan", code=1)
    told = ended.out + ended.err
    assert told.count("Cluster cannot be reached") == 1
    assert f"The server is https://127.0.0.1:1, from context 'here' of {file}." in told
    assert "word" not in told
    stage.manifests(*objects, kubeconfig=str(file), retries=0, context="there")
    assert "from context 'there' of" in stage.run("plan", code=1).err


def test_a_certificate_that_is_not_trusted_is_asked_once_and_says_what_to_do(stage: ClusterStage) -> None:
    file = kubeconfig(stage, {"token": "admin-token"})
    body = json.loads(file.read_text())
    del body["clusters"][0]["cluster"]["certificate-authority"]
    file.write_text(json.dumps(body))
    client = ClusterClient(open_session(KubernetesConfig(kubeconfig=file), {}), SendOptions(), manager="m")
    with pytest.raises(ClusterError, match=stage.cluster.server) as caught:
        client.get(_account(stage))
    assert client.requests == 1
    assert "certificate-authority-data" in caught.value.diagnostic.fix
    assert "Cluster's certificate is not trusted" in said(stage, kubeconfig=str(file))
    client.close()


def test_an_ended_certificate_and_an_unknown_token_are_told_without_showing_them(stage: ClusterStage) -> None:
    for user in (certificate(stage, days=-1), {"token": "ended-token"}):
        told = said(stage, kubeconfig=str(kubeconfig(stage, user)))
        assert "Cluster does not know account" in told
        assert "Sign in again" in told
        assert "ended-token" not in told


def test_a_wrong_context_lists_those_there_are(stage: ClusterStage) -> None:
    file = kubeconfig(stage, {"token": "admin-token"}, contexts=("test", "prod"))
    told = said(stage, kubeconfig=str(file), context="staging")
    assert "has no context 'staging'. It has test, prod." in told


@pytest.mark.parametrize("content", ["", "nonsense", "[1, 2]", "{a: [", '{"current-context": "x", "contexts": []}'])
def test_a_file_that_is_no_kubeconfig_is_named(stage: ClusterStage, content: str) -> None:
    file = stage.folder / "broken"
    file.write_text(content)
    told = said(stage, kubeconfig=str(file))
    assert "Kubeconfig cannot be used" in told
    assert "broken" in told


def test_a_missing_file_is_named(stage: ClusterStage) -> None:
    assert "nowhere does not say how to reach" in said(stage, kubeconfig=str(stage.folder / "nowhere"))
