"""How the transport meets urllib3: its pool, its TLS settings, and what its exceptions mean.

Called by `wlinfra.provider.http` alone. urllib3 is imported inside the functions, with the first request.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wlinfra.errors import ConfigurationError

if TYPE_CHECKING:
    import urllib3

    from wlinfra.provider.http_options import HttpOptions

__all__ = ["failure_reason", "is_final", "new_pool", "was_sent"]


def was_sent(error: urllib3.exceptions.HTTPError) -> bool:
    """Return False only where the connection was never made, so that no byte of the request left."""
    from urllib3 import exceptions

    if isinstance(error, exceptions.SSLError):
        return not _is_certificate_error(error)
    return not isinstance(
        error,
        exceptions.NewConnectionError
        | exceptions.ConnectTimeoutError
        | exceptions.ProxyError
        | exceptions.LocationParseError,
    )


def is_final(error: urllib3.exceptions.HTTPError) -> bool:
    """Return True where a repeat meets the same failure."""
    from urllib3 import exceptions

    return _is_certificate_error(error) or isinstance(error, exceptions.LocationParseError)


def _is_certificate_error(error: BaseException) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        isinstance(part, ssl.SSLCertVerificationError) for part in error.args
    )


def failure_reason(error: urllib3.exceptions.HTTPError) -> str:
    """Return what went wrong, for people; it never quotes the exception, which can hold a proxy's password."""
    from urllib3 import exceptions

    match error:
        case exceptions.NameResolutionError():
            return "The host name cannot be resolved."
        case exceptions.NewConnectionError():  # a kind of ConnectTimeoutError, so it is asked first
            return "The connection was refused or the host cannot be reached."
        case exceptions.ConnectTimeoutError():
            return "No connection within the connect timeout."
        case exceptions.ProxyError():
            return "The proxy could not be used."
        case exceptions.ReadTimeoutError():
            return "No answer within the read timeout."
        case exceptions.SSLError() if _is_certificate_error(error):
            return "The server's certificate is not trusted: name the authority's file, or check the host."
        case exceptions.SSLError():
            return "The encrypted connection failed."
        case exceptions.IncompleteRead() | exceptions.DecodeError():
            return "The answer was cut short or damaged."
        case _:
            return "The connection broke before the answer came."


@lru_cache(maxsize=8)
def _ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Return the process's one context for this setting: building it costs about 50 ms."""
    try:
        context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    except OSError as error:
        raise ConfigurationError.of(
            "Certificate file cannot be read",
            f"{verify} is no readable file of certificates.",
            "Correct `ca_file` in the environment's options.",
        ) from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def new_pool(options: HttpOptions) -> urllib3.PoolManager:
    """Return the pool of connections the options ask for."""
    import urllib3

    settings: dict[str, Any] = {
        "num_pools": 2,
        "maxsize": options.pool_size,
        "block": True,
        "timeout": urllib3.Timeout(connect=options.connect_timeout, read=options.read_timeout),
    }
    if options.base_url.startswith("https:") or (options.proxy or "").startswith("https:"):
        settings["ssl_context"] = _ssl_context(options.verify)
    if options.verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if options.proxy:
        return urllib3.ProxyManager(options.proxy, **settings)
    return urllib3.PoolManager(**settings)
