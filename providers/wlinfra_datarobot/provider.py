"""The DataRobot provider: connects, and names the function that answers each question."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wlinfra.errors import ConfigurationError, Diagnostic, Severity
from wlinfra.provider import (
    Connection,
    PlatformConnection,
    PlatformObject,
    ProviderContext,
    Questions,
)
from wlinfra.resources.base import Resource
from wlinfra.values import Address

from .check import check
from .configuration import ApiServer, DataRobotConfig, open_client, resolve, unverified
from .expand import expand
from .platform import ARTIFACT_KIND, WORKLOAD_KIND, Platform
from .review import review

if TYPE_CHECKING:
    from .client import DataRobotClient
    from .emulator import DataRobotEmulator

__all__ = ["DataRobotConnection", "connect"]


def _questions() -> Questions[Platform]:
    from .questions import QUESTIONS

    return QUESTIONS


def connect(context: ProviderContext) -> Connection:
    """Return a connection; raises ConfigurationError for wrong options. Neither endpoint nor token is looked at yet."""
    return DataRobotConnection(context, DataRobotConfig.parse(context.options))


class DataRobotConnection(PlatformConnection[Platform]):
    """A configured DataRobot; it opens its client, or starts the embedded emulator, with the first question to it."""

    def __init__(self, context: ProviderContext, config: DataRobotConfig) -> None:
        self._context = context
        self._config = config
        self._lock = threading.Lock()
        self._emulator: DataRobotEmulator | None = None
        platform = Platform(client=self._open, api=config.api, catalogue=_catalogue(config))
        super().__init__(platform, _questions, config)

    def check(self, resource: Resource) -> Sequence[Diagnostic]:
        """Return what is wrong with the resource on this platform."""
        return check(resource, self.platform.known_dialect)

    def expand(self, resource: Resource, dependencies: Mapping[Address, Resource]) -> Sequence[PlatformObject]:
        """Return the objects the resource stands for."""
        return expand(resource, dependencies)

    def implied(self, objects: Sequence[PlatformObject]) -> Sequence[PlatformObject]:
        """Return nothing: each object stands for itself."""
        return ()

    def review(self, objects: Sequence[PlatformObject], *, partial: bool) -> Sequence[Diagnostic]:
        """Return what several of the declared objects get wrong together, and whether a certificate is not checked."""
        del partial
        return [*review(objects), *self._unverified()]

    def _unverified(self) -> Iterator[Diagnostic]:
        """Yield a warning where whoever stands in between could read the token."""
        if endpoint := unverified(self._config, self._context.environ):
            yield Diagnostic(
                summary="Certificate is not checked",
                detail=f"verify=False: whoever stands between here and {endpoint} can read the token and every secret that is sent.",
                fix="Give the authority that signed the certificate with ca_file=, and take verify=False out.",
                severity=Severity.WARNING,
            )

    def find(self, model: type[Resource], identity: str) -> Sequence[str]:
        """Return the ids of what has the id, is the newest of the repository, or has the name."""
        from .finding import find

        return find(self.platform, model, identity)

    def declared(self, model: type[Resource], identity: str, *, name: str) -> Resource:
        """Return the resource that declares what has the id."""
        from .finding import declared_again

        return declared_again(self.platform, model, identity, name=name)

    def existing(self, model: type[Resource]) -> Iterator[tuple[str, str]]:
        """Yield repository and name of each artifact, or id and name of each workload."""
        from .finding import existing

        return existing(self.platform, model)

    @property
    def fact_kinds(self) -> frozenset[str]:
        """Both kinds."""
        return frozenset({ARTIFACT_KIND, WORKLOAD_KIND})

    def place(self) -> Mapping[str, str]:
        """Return the installation and, where it reports that, the tenant; of the embedded emulator its world."""
        from .place import place_of, world_of

        target = resolve(self._config, self._context.environ)
        if target.is_emulator:
            return world_of(self._context.data_dir / "datarobot")
        return place_of(self.platform.client, target.endpoint)

    def target(self) -> Mapping[str, str]:
        """Return the installation; of the embedded emulator its world."""
        from .place import installation_of, world_of

        target = resolve(self._config, self._context.environ)
        if target.is_emulator:
            return world_of(self._context.data_dir / "datarobot")
        return {"installation": installation_of(target.endpoint)}

    def close(self) -> None:
        """Close the connections and stop the embedded emulator, whose world stays."""
        super().close()
        with self._lock:
            emulator, self._emulator = self._emulator, None
        if emulator is not None:
            emulator.stop()

    def _open(self) -> DataRobotClient:
        context = self._context
        target = resolve(self._config, context.environ)
        if target.is_emulator:
            from .emulator import DEFAULT_TOKEN

            url = self._start_emulator(context.data_dir / "datarobot")
            target = ApiServer(endpoint=url, source=target.source, token=lambda: DEFAULT_TOKEN)
        if target.verify is False:
            from wlinfra.http.pool import unverified

            context.report(unverified(target.endpoint))
        return open_client(self._config, target, self._config.sending(context))

    def _start_emulator(self, data: Path) -> str:
        from .emulator import DataRobotEmulator

        with self._lock:
            if self._emulator is None:
                options: dict[str, Any] = {"dialect": self._config.api} if self._config.api else {}
                try:
                    data.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._emulator = DataRobotEmulator(data=data, **options).start()
                except OSError as error:
                    raise ConfigurationError.of(
                        "Embedded emulator did not start",
                        f"Its folder {data} or a port on this machine cannot be used: {error.strerror}.",
                        "Make the folder writable, or start `wlinfra emulator datarobot` and give its address as `endpoint`.",
                    ) from error
            return self._emulator.url


def _catalogue(config: DataRobotConfig) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "id": name,
            "cpuCount": size.cpu,
            "memoryBytes": size.memory,
            "gpuCount": size.gpu,
            "gpuTypeLabel": size.gpu_type,
        }
        for name, size in config.bundles.items()
    }
