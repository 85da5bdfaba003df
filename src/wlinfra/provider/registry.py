"""Which providers are installed, and loading one by its name.

Called by the command line for ``provider="NAME"`` in an environment; a provider passed as an object needs none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, metadata
from typing import TypeAlias

from wlinfra.errors import ConfigurationError
from wlinfra.provider.base import Provider

__all__ = ["GROUP", "installed_providers", "load_provider"]

GROUP = "wlinfra.providers"
"""The entry-point group of providers."""

Search: TypeAlias = Callable[[], Iterable[EntryPoint]]
"""Finds the entry points; tests pass their own."""


def _search() -> Iterable[EntryPoint]:
    return entry_points(group=GROUP)


def installed_providers(*, search: Search = _search) -> tuple[str, ...]:
    """Return the names of all installed providers, sorted."""
    return tuple(sorted({point.name for point in search()}))


def load_provider(name: str, *, search: Search = _search) -> Provider:
    """Return the installed provider of that name.

    Raises ConfigurationError when none or several have the name, or when it cannot be imported.
    """
    points = [point for point in search() if point.name == name]
    if not points:
        known = installed_providers(search=search)
        raise ConfigurationError.of(
            "Unknown provider",
            f"No provider named {name!r} is installed. Installed are: {', '.join(known) or 'none'}.",
            _install_advice(name),
        )
    if len({point.value for point in points}) > 1:
        raise ConfigurationError.of(
            "Several providers of one name",
            f"The provider {name!r} comes from several distributions: {', '.join(sorted(_origin(point) for point in points))}.",
            "Uninstall all but one of them.",
        )
    return _load(points[0])


def _load(point: EntryPoint) -> Provider:
    try:
        found = point.load()
    except ModuleNotFoundError as error:
        if error.name is not None and point.module.split(".")[0] == error.name.split(".")[0]:
            raise _broken(point, error) from error
        raise ConfigurationError.of(
            "Provider needs an extra",
            f"The provider {point.name!r} needs the module {error.name!r}, which is not installed.",
            f"Install it with\n    pip install '{_distribution(point)}[{point.name}]'",
        ) from error
    except (ImportError, AttributeError) as error:
        raise _broken(point, error) from error
    if not isinstance(found, Provider):
        raise ConfigurationError.of(
            "Entry point is no provider",
            f"{point.value} of {_origin(point)} has no `name` and `connect`, so it is no provider.",
            "Name an object that keeps the Provider protocol in the entry point.",
        )
    return found


def _broken(point: EntryPoint, error: Exception) -> ConfigurationError:
    return ConfigurationError.of(
        "Provider cannot be imported",
        f"Importing {point.value} of {_origin(point)} failed: {error}.",
        f"Install {_distribution(point)} again; if that does not help, report it to its authors.",
    )


def _install_advice(name: str) -> str:
    """Return how to get the provider; its extra when this distribution has one of that name."""
    try:
        extras = metadata("wlinfra").get_all("Provides-Extra") or []
    except PackageNotFoundError:
        extras = []
    if name in extras:
        return f"Install it with\n    pip install 'wlinfra[{name}]'"
    return (
        "Correct the name in stack.environment(..., provider=...), or install the distribution that has this provider."
    )


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "wlinfra"


def _origin(point: EntryPoint) -> str:
    return f"{_distribution(point)} ({point.value})"
