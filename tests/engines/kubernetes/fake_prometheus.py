"""A fake Prometheus for KEDA's trigger, which also takes every reading that tests set for the other metric servers."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from engines.kubernetes.client import Json
from engines.kubernetes.readings import Reading, Readings
from engines.listening import Listening

__all__ = ["make_prometheus"]


def make_prometheus(port: int, readings: Readings) -> Listening:
    """Return the server, bound and not yet serving.

    `GET` or `POST /api/v1/query` answers as Prometheus does, with no series where no test has set a value;
    `PUT /readings` sets one.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self._body())

        def do_PUT(self) -> None:
            readings.set(Reading.parse(json.loads(self._body())))
            self._send({"status": "success"})

        def _answer(self, form: str) -> None:
            query = parse_qs(form).get("query", [""])[0]
            value = readings.query(query)
            series = [] if value is None else [{"metric": {}, "value": [time.time(), value]}]
            self._send({"status": "success", "data": {"resultType": "vector", "result": series}})

        def _body(self) -> str:
            return self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()

        def _send(self, answer: Json) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: KEDA asks every few seconds."""

    return Listening(("127.0.0.1", port), Handler)
