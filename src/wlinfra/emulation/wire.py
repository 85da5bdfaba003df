"""HTTP/1.1 on a socket, as little of it as an emulator needs and quicker than the standard library's parser.

The server's connection threads call `read_request` and `encode_response`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BufferedIOBase
from string import hexdigits

from .routes import Request, Response, parse_query

_MAX_LINE = 65_536
_MAX_BODY = 512 * 1024 * 1024
_MAX_DIGITS = 12
_NO_BODY = frozenset({204, 304})


class BadRequestError(Exception):
    """The bytes on the connection are not a request; it is closed."""


def read_request(stream: BufferedIOBase, proceed: Callable[[], None]) -> tuple[Request, bool] | None:
    """Return the next request and whether the connection stays open after it, or None at the end of the stream.

    `proceed` sends the interim answer that a client waits for before a large body.
    """
    line = stream.readline(_MAX_LINE)
    if not line.strip():
        return None
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        raise BadRequestError("the request line has not three parts")
    method, target, version = parts
    headers = _read_headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        proceed()
    path, _, query = target.partition("?")
    request = Request(
        method=method, path=path, query=parse_query(query), headers=headers, body=_read_body(stream, headers)
    )
    wish = headers.get("connection", "").lower()
    keep = wish != "close" and (version == "HTTP/1.1" or wish == "keep-alive")
    return request, keep


def encode_response(response: Response, *, keep: bool, head: bool) -> bytes:
    """Return status line, headers and body in one piece, so that they leave in one packet."""
    lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in _NO_BODY:
        lines.append(f"Content-Length: {len(response.body)}")
    lines.append("Connection: keep-alive" if keep else "Connection: close")
    body = b"" if head or response.status in _NO_BODY else response.body
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _read_headers(stream: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    while (line := stream.readline(_MAX_LINE)) not in (b"\r\n", b"\n", b""):
        name, colon, value = line.partition(b":")
        if not colon:
            raise BadRequestError("a header line has no colon")
        headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
    return headers


def _read_body(stream: BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError("the content length is not a number")
    return _read_exactly(stream, _small_enough(text, 10))


def _small_enough(digits: str, base: int) -> int:
    length = int(digits, base) if len(digits) <= _MAX_DIGITS else _MAX_BODY + 1
    if length > _MAX_BODY:
        raise BadRequestError(f"a body may have {_MAX_BODY} bytes")
    return length


def _read_exactly(stream: BufferedIOBase, length: int) -> bytes:
    body = stream.read(length)
    if len(body) < length:
        raise BadRequestError("the client closed the connection inside the body")
    return body


def _read_chunks(stream: BufferedIOBase) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while True:
        size = stream.readline(_MAX_LINE).split(b";")[0].strip().decode("latin-1")
        if not size or not set(size) <= set(hexdigits):
            raise BadRequestError("a chunk does not start with its size")
        length = _small_enough(size, 16)
        total += length
        if total > _MAX_BODY:
            raise BadRequestError(f"a body may have {_MAX_BODY} bytes")
        if length == 0:
            while stream.readline(_MAX_LINE) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(chunks)
        chunks.append(_read_exactly(stream, length))
        stream.readline(_MAX_LINE)
