"""Which proxy leads to a URL, by the usual environment variables.

Called where a provider's configuration is resolved; the environment is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

__all__ = ["proxy_for"]


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the proxy's URL for a request to ``url``, None for a direct connection.

    ``HTTPS_PROXY`` or ``HTTP_PROXY`` name it, also in lower case; ``NO_PROXY`` lists host names (with their
    sub-domains), ``host:port`` pairs, or ``*``. Loopback addresses are always reached directly.

    >>> proxy_for("https://api.example.com/v2", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"})
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in {"localhost", "127.0.0.1", "::1"} or _is_exempt(host, parts.port, _get(environment, "NO_PROXY")):
        return None
    proxy = _get(environment, f"{parts.scheme.upper()}_PROXY") or _get(environment, "ALL_PROXY")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _get(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name) or environment.get(name.lower()) or "").strip()


def _is_exempt(host: str, port: int | None, listed: str) -> bool:
    for entry in (part.strip().lower() for part in listed.split(",")):
        if entry == "*":
            return True
        name, _, wanted_port = entry.partition(":")
        name = name.removeprefix("*").removeprefix(".")
        if name and (host == name or host.endswith(f".{name}")) and wanted_port in {"", str(port or "")}:
            return True
    return False
