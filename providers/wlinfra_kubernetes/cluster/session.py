"""Where the API server is, how to sign in, and the connections to it: all that the ``kubernetes`` client is used for.

The provider opens a session with the first request; `client` asks it for the headers of each request, and to sign in
again when the cluster does not know the account any more.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from wlinfra.errors import ConfigurationError
from wlinfra_kubernetes.configuration import KubernetesConfig

from .failures import ClusterError, Failure

if TYPE_CHECKING:
    import urllib3

__all__ = ["ACCOUNT", "Session", "open_session"]

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the token of its service account and the authority of its cluster."""

_FRESH: Final = 1.0
"""Seconds for which credentials are not looked at again; tokens that say when they end are renewed minutes before."""
_LONGEST_SAID: Final = 300
"""How much of a plugin's own words is shown."""


class Session:
    """A way to one API server; safe to use from several threads."""

    def __init__(self, load: Callable[[], Any], *, source: str) -> None:
        """``load`` reads the configuration and signs in; it raises ConfigurationError. ``source`` names what it reads."""
        self._load = load
        self._source = source
        self._api = load()
        self._lock = threading.Lock()
        self._signed: tuple[float, dict[str, str]] | None = None

    @property
    def base_url(self) -> str:
        """The address of the API server."""
        return str(self._api.configuration.host).rstrip("/")

    @property
    def shown_url(self) -> str:
        """The address of the API server and where it is from, for people; without anything that signs in."""
        return f"{self.address}, from {self._source}"

    @property
    def address(self) -> str:
        """The address of the API server without anything that signs in."""
        try:
            parts = urlsplit(self.base_url)
        except ValueError:
            return "an address that is no URL"
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def authority(self) -> str:
        """A digest of the authority that vouches for the server; empty where the usual ones do."""
        file = self._api.configuration.ssl_ca_cert
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12] if file else ""

    @property
    def is_verified(self) -> bool:
        """Whether the server's certificate is checked."""
        return bool(self._api.configuration.verify_ssl) or not self.base_url.startswith("https:")

    @property
    def pool(self) -> urllib3.PoolManager:
        """The connections."""
        found: urllib3.PoolManager = self._api.rest_client.pool_manager
        return found

    def headers(self) -> dict[str, str]:
        """Return the headers that prove who we are; renews a token that is about to end, and raises ClusterError."""
        with self._lock:
            if self._signed is None or time.monotonic() - self._signed[0] >= _FRESH:
                with _overhearing() as said:
                    headers = _headers(self._api.configuration)
                if said:
                    raise ClusterError(Failure.UNAUTHORIZED, _failed_plugin(said))
                self._signed = time.monotonic(), headers
            return self._signed[1]

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Read everything again after these headers were refused, and return whether that gave other credentials.

        Tokens and certificates end, and not every plugin and file says when. Raises ClusterError.
        """
        with self._lock, _overhearing():
            before, self._signed = self._api, None
            if _headers(before.configuration) != refused:  # by another thread, meanwhile
                return True
            try:
                fresh = self._load()
            except ConfigurationError as error:
                raise ClusterError(Failure.UNAUTHORIZED, error.diagnostics[0].detail) from error
            if _credentials(before.configuration) == _credentials(fresh.configuration):
                return False
            self._api = fresh
            before.rest_client.pool_manager.clear()
            return True

    def close(self) -> None:
        """Close the connections."""
        self.pool.clear()


def _headers(configuration: Any) -> dict[str, str]:
    entries = configuration.auth_settings().values()
    return {entry["key"]: str(entry["value"]).strip() for entry in entries if entry.get("in") == "header"}


def _credentials(configuration: Any) -> tuple[dict[str, str], bytes]:
    file = configuration.cert_file
    return _headers(configuration), Path(file).read_bytes() if file else b""


def open_session(config: KubernetesConfig, environ: Mapping[str, str], *, account: Path = ACCOUNT) -> Session:
    """Return a session; raises ConfigurationError when the extra, the file, the context or the sign-in is missing."""
    return Session(lambda: _loaded(config, environ, account), source=_source(config, environ))


def _loaded(config: KubernetesConfig, environ: Mapping[str, str], account: Path) -> Any:
    """Return the client's own connections, configured; raises ConfigurationError."""
    try:
        import yaml
        from kubernetes import client
        from kubernetes import config as loading
        from kubernetes.config import incluster_config
    except ModuleNotFoundError as error:
        raise ConfigurationError.of(
            "Provider needs an extra",
            f"The Kubernetes provider needs the module {error.name!r}, which is not installed.",
            "Install it with\n    pip install 'wlinfra[kubernetes]'",
        ) from error
    settings = client.Configuration()
    settings.connection_pool_maxsize = max(config.parallelism, 8) + 32
    place = _kubeconfig(config, environ)
    try:
        with _overhearing() as said:
            if place is None:
                token, authority = str(account / "token"), str(account / "ca.crt")
                incluster_config.InClusterConfigLoader(token, authority, environ=environ).load_and_set(settings)  # type: ignore[no-untyped-call]  # the package has no types
                return client.ApiClient(settings)
            api = loading.new_client_from_config(  # type: ignore[no-untyped-call]  # the package has no types
                config_file=place, context=config.context, persist_config=False, client_configuration=settings
            )
    except (loading.ConfigException, yaml.YAMLError, OSError, TypeError, ValueError, AttributeError) as error:
        raise _unusable(config, place, error) from error
    if said:
        raise _missing_plugin(config, place, said) or ConfigurationError.of(
            "Account cannot sign in",
            f"{place} names a plugin that signs in. {_failed_plugin(said)}",
            "Run that plugin by hand and do what it says, such as signing in again; or correct `kubeconfig` and "
            "`context` in the environment's options.",
        )
    return api


def _kubeconfig(config: KubernetesConfig, environ: Mapping[str, str]) -> str | None:
    """Return the file or files to read; None inside a cluster without any."""
    if config.kubeconfig is not None:
        return str(config.kubeconfig.expanduser())
    if environ.get("KUBECONFIG"):
        return environ["KUBECONFIG"]
    home = environ.get("HOME")
    usual = Path(home) / ".kube" / "config" if home else Path("~/.kube/config").expanduser()
    if not usual.exists() and environ.get("KUBERNETES_SERVICE_HOST"):
        return None
    return str(usual)


def _source(config: KubernetesConfig, environ: Mapping[str, str]) -> str:
    """Return the context and the file that say how to reach the cluster, for people."""
    place = _kubeconfig(config, environ)
    if place is None:
        return "the service account of this pod"
    return f"context {_chosen(config, list(_documents(place)))!r} of {place}"


def _chosen(config: KubernetesConfig, documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the context that is taken."""
    return str(config.context or next((name for one in documents if (name := one.get("current-context"))), ""))


# ---------------------------------------------------------------- what goes wrong


def _unusable(config: KubernetesConfig, place: str | None, error: Exception) -> ConfigurationError:
    fix = "Correct `kubeconfig` and `context` in the environment's options, or the variable KUBECONFIG."
    if place is not None and (contexts := _contexts(place)):
        if config.context is not None and config.context not in contexts:
            return ConfigurationError.of(
                "Kubeconfig lacks the context",
                f"{place} has no context {config.context!r}. It has {', '.join(contexts)}.",
                "Name one of them as `context` in the environment's options.",
            )
        fix += f" The contexts there are: {', '.join(contexts)}."
    text = " ".join(str(error).split())[:_LONGEST_SAID]
    detail = f"{place or 'The service account of this pod'} does not say how to reach the cluster: {text}"
    return ConfigurationError.of("Kubeconfig cannot be used", f"{detail.rstrip('.')}.", fix)


def _missing_plugin(config: KubernetesConfig, place: str, said: list[str]) -> ConfigurationError | None:
    """Return what the kubeconfig itself says of a plugin that is not there; None where it failed otherwise."""
    asked = _plugin(config, place)
    command = str(asked.get("command") or "")
    if not any(line.endswith(f"No such file or directory: {command!r}") for line in said):
        return None
    hint = str(asked.get("installHint") or "").strip()
    return ConfigurationError.of(
        "Plugin is not installed",
        f"{place} names the plugin {command!r} that signs in, which is not installed.",
        hint or f"Install {command}, or correct `kubeconfig` and `context` in the environment's options.",
    )


def _plugin(config: KubernetesConfig, place: str) -> Mapping[str, Any]:
    """Return how the kubeconfig calls the plugin of the user of its context; empty where it names none."""
    documents = list(_documents(place))
    user = _named(documents, "contexts", "context", _chosen(config, documents)).get("user")
    found = _named(documents, "users", "user", user).get("exec")
    return found if isinstance(found, dict) else {}


def _named(documents: Sequence[Mapping[str, Any]], many: str, one: str, name: object) -> Mapping[str, Any]:
    """Return the first entry of that name, as a kubeconfig of several files is read."""
    entries = [entry for document in documents for entry in document.get(many) or () if isinstance(entry, dict)]
    found = next((entry.get(one) for entry in entries if entry.get("name") == name), None)
    return found if isinstance(found, dict) else {}


def _contexts(place: str) -> list[str]:
    """Return the names of the contexts of one or several files, as far as they can be read."""
    entries = [entry for document in _documents(place) for entry in document.get("contexts") or ()]
    return [str(entry["name"]) for entry in entries if isinstance(entry, dict) and entry.get("name")]


def _documents(place: str) -> Iterator[Mapping[str, Any]]:
    """Yield what one or several files say, as far as they can be read."""
    import yaml

    for file in place.split(os.pathsep):
        try:
            document = yaml.safe_load(Path(file).read_text())
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if isinstance(document, dict):
            yield document


class _Overheard(logging.Handler):
    """Keeps what the client only logs: why a plugin that signs in gave nothing to sign in with."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.module == "kube_config":
            self.said.append(record.getMessage())


@contextmanager
def _overhearing() -> Iterator[list[str]]:
    handler, root = _Overheard(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.said
    finally:
        root.removeHandler(handler)


def _failed_plugin(said: list[str]) -> str:
    text = " ".join(" ".join(said).split()).removeprefix("exec: ")
    return f"It failed: {text[:_LONGEST_SAID].rstrip('.')}."
