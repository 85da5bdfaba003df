"""The wire of real connections: urllib3's pool, its TLS settings, and what its exceptions mean.

Called by `transport` and by clients that bring a pool of their own. urllib3 is imported inside the functions, with the
first request, so that a plan without a platform, and `--help`, do not pay for it.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from wlinfra.errors import ConfigurationError

from .options import HttpOptions
from .tls import closing
from .wire import Lost, WireAnswer, WireError, WireRequest

if TYPE_CHECKING:
    import urllib3

__all__ = ["PoolWire", "leave_warning_to_us", "new_pool", "once", "unverified", "wire_error"]

_CHUNK: Final = 65536


class PoolWire:
    """Sends through the pool that ``manager`` returns, which may be another one each time."""

    def __init__(self, manager: Callable[[], urllib3.PoolManager]) -> None:
        self._manager = manager
        self._was_used = False

    def send(self, request: WireRequest) -> WireAnswer:
        """Return the answer; raises WireError when there is none, or when it is not complete in time."""
        import urllib3

        from .hurry import answers_until, hurried

        self._was_used = True
        timeouts = request.timeouts
        deadline = None if request.is_stream else time.monotonic() + timeouts.answer
        try:
            with answers_until(deadline):
                answer = hurried(self._manager()).request(
                    request.method,
                    request.url,
                    body=request.body,
                    headers=request.headers,
                    timeout=urllib3.Timeout(connect=timeouts.connect, read=timeouts.read),
                    redirect=False,
                    retries=False,
                    preload_content=not request.is_stream,
                )
                is_open = request.is_stream and 200 <= answer.status < 300
                body = b"" if is_open else answer.data
        except urllib3.exceptions.HTTPError as error:
            raise wire_error(error) from error
        return WireAnswer(
            status=answer.status, headers=answer.headers, body=body, stream=_Stream(answer) if is_open else None
        )

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        if self._was_used:
            self._manager().clear()


class _Stream:
    """The body of one answer that stays open."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def chunks(self) -> Iterator[bytes]:
        import urllib3

        try:
            yield from self._answer.stream(_CHUNK)
        except urllib3.exceptions.HTTPError as error:
            raise wire_error(error) from error
        except (OSError, ValueError) as error:  # what a connection that is closed meanwhile raises
            raise WireError(Lost.BROKEN, "The connection broke.", was_sent=True, name=type(error).__name__) from error

    def wait_at_most(self, seconds: float) -> None:
        socket = getattr(self._answer.connection, "sock", None)
        if socket is not None:  # until now its patience was that for the beginning of the answer
            socket.settimeout(seconds)

    def interrupt(self) -> None:
        try:
            self._answer.shutdown()
        except (OSError, ValueError, RuntimeError):
            return  # it has ended by itself meanwhile

    def close(self) -> None:
        self._answer.close()


def wire_error(error: urllib3.exceptions.HTTPError) -> WireError:
    """Return what an exception of urllib3 means; it never quotes the exception, which can hold a proxy's password."""
    lost = _lost(error)
    reason = _REASONS[lost]
    return WireError(lost, reason, was_sent=lost not in _NOT_SENT, name=type(error).__name__)


_NOT_SENT: Final = frozenset(
    {
        Lost.BAD_ADDRESS,
        Lost.UNKNOWN_HOST,
        Lost.REFUSED,
        Lost.CONNECT_TIMEOUT,
        Lost.PROXY,
        Lost.CERTIFICATE,
        Lost.PLAIN_HTTP,
    }
)
"""Failures before any byte of the request left."""

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})

_REASONS: Final = {
    Lost.BAD_ADDRESS: "The address is not one that can be reached.",
    Lost.UNKNOWN_HOST: "The host name cannot be resolved.",
    Lost.REFUSED: "The connection was refused or the host cannot be reached.",
    Lost.CONNECT_TIMEOUT: "No connection within the connect timeout.",
    Lost.PROXY: "The proxy could not be used.",
    Lost.CERTIFICATE: "The server's certificate is not trusted: name the authority's file, or check the host.",
    Lost.PLAIN_HTTP: "The server does not speak TLS there: is it http:// instead of https://, or another port?",
    Lost.TLS: "The encrypted connection failed.",
    Lost.READ_TIMEOUT: "No answer within the read timeout.",
    Lost.ANSWER_TIMEOUT: "The answer began and was not complete in time.",
    Lost.DAMAGED: "The answer was cut short or damaged.",
    Lost.BROKEN: "The connection broke before the answer came.",
}


def _lost(error: urllib3.exceptions.HTTPError) -> Lost:
    from urllib3 import exceptions

    from .hurry import AnswerDeadlineError

    match error:
        case _ if isinstance(error.__cause__, AnswerDeadlineError):
            return Lost.ANSWER_TIMEOUT
        case exceptions.NameResolutionError():
            return Lost.UNKNOWN_HOST
        case exceptions.NewConnectionError():  # a kind of ConnectTimeoutError, so it is asked first
            return Lost.REFUSED
        case exceptions.ConnectTimeoutError():
            return Lost.CONNECT_TIMEOUT
        case exceptions.ProxyError():
            return Lost.PROXY
        case exceptions.LocationValueError():
            return Lost.BAD_ADDRESS
        case exceptions.ReadTimeoutError():
            return Lost.READ_TIMEOUT
        case exceptions.SSLError() if _is_certificate_error(error):
            return Lost.CERTIFICATE
        case exceptions.SSLError() if _speaks_plain_http(error):
            return Lost.PLAIN_HTTP
        case exceptions.SSLError():
            return Lost.TLS
        case exceptions.IncompleteRead() | exceptions.DecodeError():
            return Lost.DAMAGED
        case _:
            return Lost.BROKEN


def _is_certificate_error(error: BaseException) -> bool:
    return any(isinstance(part, ssl.SSLCertVerificationError) for part in error.args)


def _speaks_plain_http(error: BaseException) -> bool:
    """True when the first bytes of the other side were no TLS, which only the handshake reads."""
    return any(isinstance(part, ssl.SSLError) and part.reason in _NO_TLS for part in error.args)


@lru_cache(maxsize=8)
def _ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Return the process's one context for this setting: building it costs about 50 ms."""
    try:
        context = closing(ssl.create_default_context(cafile=verify if isinstance(verify, str) else None))
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


def leave_warning_to_us() -> None:
    """Keep urllib3 from warning of an unchecked certificate at each request: `unverified` is reported once."""
    import urllib3

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


def unverified(where: str) -> str:
    """Return the warning that a server's certificate is not checked."""
    return (
        f"Warning: the certificate of {where} is not checked, so that whoever is in between can read the token and "
        "answer in its place. Name the authority that signed it instead."
    )


def new_pool(options: HttpOptions) -> urllib3.PoolManager:
    """Return the pool of connections the options ask for."""
    import urllib3

    settings: dict[str, Any] = {"num_pools": 2, "maxsize": options.pool_size, "block": True}
    if options.base_url.startswith("https:") or (options.proxy or "").startswith("https:"):
        settings["ssl_context"] = _ssl_context(options.verify)
    if options.verify is False:
        leave_warning_to_us()
    if options.proxy:
        return urllib3.ProxyManager(options.proxy, **settings)
    return urllib3.PoolManager(**settings)


def once(make: Callable[[], urllib3.PoolManager]) -> Callable[[], urllib3.PoolManager]:
    """Return a function that makes the pool with its first call, whichever thread makes it."""
    lock = threading.Lock()
    made: list[urllib3.PoolManager] = []

    def pool() -> urllib3.PoolManager:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return pool
