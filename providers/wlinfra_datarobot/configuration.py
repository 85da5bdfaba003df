"""How to reach DataRobot: what an environment declares, completed from the usual places.

The provider's `connect` validates its options to a `DataRobotConfig` and asks `resolve` for a `ApiServer`; `open_client`
makes a client of it, and only then is the client imported. Nothing here reads the process's environment: it is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, Field, field_validator

from wlinfra.errors import ConfigurationError
from wlinfra.http.options import SendOptions
from wlinfra.http.proxy import proxy_for
from wlinfra.provider import ConnectionOptions
from wlinfra.values import Secret

if TYPE_CHECKING:
    from wlinfra_datarobot.client import DataRobotClient

__all__ = [
    "EMULATOR",
    "ApiServer",
    "BundleSize",
    "DataRobotConfig",
    "open_client",
    "resolve",
    "unverified",
]

EMULATOR = "emulator"
"""The endpoint that means the embedded emulator."""

_THREE_WAYS = (
    "Give `endpoint=` and `token=` (or `token_file=`) in the environment's options,\n"
    "or set DATAROBOT_ENDPOINT and DATAROBOT_API_TOKEN,\n"
    "or write `endpoint:` and `token:` to ~/.config/datarobot/drconfig.yaml.\n"
    'To try without an account: endpoint="emulator".'
)


class BundleSize(BaseModel):
    """How large a resource bundle is, for platforms that do not tell."""

    model_config = ConnectionOptions.model_config

    cpu: float = Field(gt=0)
    memory: int | str
    gpu: int = Field(default=0, ge=0)
    gpu_type: str | None = None


class DataRobotConfig(ConnectionOptions):
    """The options of an environment with ``provider="datarobot"``; times are in seconds."""

    endpoint: str | None = None
    """The URL of the API, or ``emulator``; DATAROBOT_ENDPOINT, else the file of the platform, when left out."""
    token: Secret | str | None = Field(default=None, repr=False)
    """The API token; DATAROBOT_API_TOKEN, else the file of the platform, when left out."""
    token_file: Path | None = None
    """A file with the token, which is read again for each request."""
    api: str | None = None
    """The version of the API, ``2026-06`` or ``2026-10``; detected when left out."""
    verify: bool | None = None
    """Whether the certificate is checked."""
    ca_file: Path | None = None
    """A file with the certificate authorities to trust."""
    proxy: str | None = Field(default=None, repr=False)
    """The URL of a proxy; HTTPS_PROXY when left out."""
    pool_size: int = Field(default=32, ge=1, le=1000)
    """How many connections are kept open."""
    comma_lists: bool = False
    """Send lists in queries as one value with commas."""
    bundles: dict[str, BundleSize] = Field(default_factory=dict)
    """How large bundles are, by name: ``cpu``, ``memory``, ``gpu`` and ``gpu_type``."""

    @field_validator("token")
    @classmethod
    def _hide_token(cls, token: Secret | str | None) -> Secret | None:
        return _secret(token, "the option `token`") if isinstance(token, str) else token

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Self:
        """Return the options as a model; raises ConfigurationError that names each wrong one, never its value."""
        config = super().parse(options)
        if config.endpoint and config.endpoint != EMULATOR:
            _checked(config.endpoint, "the option `endpoint`")
        if config.proxy and ((parts := _split(config.proxy)) is None or not parts.hostname):
            raise ConfigurationError.of(
                "Proxy is no URL",
                "The option `proxy` must look like http://proxy.example.com:3128.",
                "Correct the proxy.",
            )
        return config


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """Where the platform is and how to speak to it; ``source`` says where the endpoint came from, ``token_source`` where the token did."""

    endpoint: str
    source: str
    token: Callable[[], str] | None = field(default=None, repr=False)
    token_source: str = ""
    verify: bool | str = True
    proxy: str | None = field(default=None, repr=False)

    @property
    def is_emulator(self) -> bool:
        """True when the embedded emulator is meant, whose address is known only once it runs."""
        return self.endpoint == EMULATOR


def resolve(config: DataRobotConfig, environ: Mapping[str, str]) -> ApiServer:
    """Return where to go: by the options, else the environment, else the platform's own file.

    Raises ConfigurationError, which names all three ways, when the endpoint or the token is in none of them.
    """
    if config.endpoint == EMULATOR:
        return ApiServer(endpoint=EMULATOR, source="the option `endpoint`")
    found = _Places(config, environ)
    endpoint, source = found.endpoint()
    if endpoint == EMULATOR:
        return ApiServer(endpoint=EMULATOR, source=source)
    endpoint = _checked(endpoint, source)
    token, token_source = found.token()
    return ApiServer(
        endpoint=endpoint,
        source=source,
        token=token,
        token_source=token_source,
        verify=found.verify(),
        proxy=config.proxy or proxy_for(endpoint, environ),
    )


def unverified(config: DataRobotConfig, environ: Mapping[str, str]) -> str:
    """Return the endpoint whose certificate is not checked; empty where all is well, or nothing is known yet."""
    found = _Places(config, environ)
    try:
        endpoint, _ = found.endpoint()
        verify = found.verify()
    except ConfigurationError:  # it is reported when the platform is asked
        return ""
    return endpoint if verify is False and endpoint.lower().startswith("https:") else ""


def open_client(config: DataRobotConfig, target: ApiServer, sending: SendOptions) -> DataRobotClient:
    """Return a client of the target; it connects with its first call."""
    from wlinfra.http.transport import HttpOptions, HttpTransport
    from wlinfra_datarobot.client import DataRobotClient

    token = target.token

    def source(*, refresh: bool) -> str | None:
        del refresh  # A file is read again on every call, and other sources cannot renew what they hold.
        return token() if token is not None else None

    options = HttpOptions.of(
        sending,
        base_url=target.endpoint,
        token=source if token is not None else None,
        verify=target.verify,
        proxy=target.proxy,
        pool_size=config.pool_size,
        platform="DataRobot",
        sources=f"The endpoint is from {target.source}, the token from {target.token_source}."
        if target.token_source
        else "",
    )
    return DataRobotClient(HttpTransport(options), comma_lists=config.comma_lists)


class _Places:
    """The three places a value can come from; the file is read only when the first two lack something."""

    def __init__(self, config: DataRobotConfig, environ: Mapping[str, str]) -> None:
        self._config = config
        self._environ = environ
        self._loaded: Mapping[str, Any] | None = None

    def endpoint(self) -> tuple[str, str]:
        if self._config.endpoint:
            return self._config.endpoint, "the option `endpoint`"
        if endpoint := self._environ.get("DATAROBOT_ENDPOINT"):
            return endpoint, "DATAROBOT_ENDPOINT"
        if endpoint := self._file().get("endpoint"):
            return str(endpoint), str(self._path())
        raise ConfigurationError.of(
            "No DataRobot endpoint", "The environment does not say where DataRobot is.", _THREE_WAYS
        )

    def token(self) -> tuple[Callable[[], str], str]:
        """Return what gives the token, and where it is from."""
        match self._config.token, self._config.token_file:
            case Secret() as secret, None:
                return secret.reveal, secret.describe
            case None, Path() as path:
                return lambda: _read_token(path), str(path)
            case None, None:
                secret = self._usual_token()
                return secret.reveal, secret.describe
            case _:
                raise ConfigurationError.of(
                    "Two tokens are given", "Both `token` and `token_file` are set.", "Remove one of them."
                )

    def verify(self) -> bool | str:
        if self._config.ca_file is not None:
            return str(self._config.ca_file)
        if self._config.verify is not None:
            return self._config.verify
        is_from_file = not self._config.endpoint and not self._environ.get("DATAROBOT_ENDPOINT")
        verify = self._file().get("ssl_verify", True) if is_from_file else True
        return verify if isinstance(verify, bool | str) else True

    def _usual_token(self) -> Secret:
        if token := self._environ.get("DATAROBOT_API_TOKEN"):
            return _secret(token, "DATAROBOT_API_TOKEN")
        if token := self._file().get("token"):
            return _secret(str(token), str(self._path()))
        raise ConfigurationError.of(
            "No DataRobot token", "There is an endpoint, but no token to use there.", _THREE_WAYS
        )

    def _path(self) -> Path:
        named = self._environ.get("DATAROBOT_CONFIG_FILE")
        return (
            Path(named)
            if named
            else Path(self._environ.get("HOME", "~")).expanduser() / ".config" / "datarobot" / "drconfig.yaml"
        )

    def _file(self) -> Mapping[str, Any]:
        if self._loaded is None:
            self._loaded = _read_file(self._path())
        return self._loaded


def _secret(text: str, describe: str) -> Secret:
    return Secret(text.strip, describe=describe)


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError.of(
            "Token file cannot be read",
            f"{path}: {error.strerror}.",
            "Correct `token_file` in the environment's options.",
        ) from error
    if not token:
        raise ConfigurationError.of(
            "Token file is empty", f"{path} holds no token.", "Write the token to the file, on one line."
        )
    return token


def _read_file(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        # The parser quotes the line it stumbles on, which can be the token's.
        raise ConfigurationError.of(
            "DataRobot file cannot be read", f"{path} is not readable as YAML.", _THREE_WAYS
        ) from None
    return content if isinstance(content, Mapping) else {}


def _checked(endpoint: str, source: str) -> str:
    endpoint = endpoint.strip().rstrip("/")
    parts = _split(endpoint)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or "@" in parts.netloc
    ):
        raise ConfigurationError.of(
            "DataRobot endpoint is no URL",
            f"The endpoint from {source} must look like https://app.datarobot.com/api/v2.",
            "Correct the endpoint.",
        )
    if not parts.path.endswith("/api/v2"):
        raise ConfigurationError.of(
            "DataRobot endpoint lacks /api/v2",
            f"The endpoint from {source} is {endpoint}; the API lives below /api/v2 of the installation.",
            f"Use {parts.scheme}://{parts.netloc}{parts.path.partition('/api')[0]}/api/v2.",
        )
    return endpoint


def _split(endpoint: str) -> SplitResult | None:
    """Return the parts of a URL; None for what is none, such as one whose port is out of range."""
    try:
        parts = urlsplit(endpoint)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if usable else None
