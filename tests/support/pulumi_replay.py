"""Questions that Pulumi's engine asked once, with their answers, asked again of the plugin of today.

`PULUMI_DEBUG_GRPC` writes every call of a command as a line of JSON. What is kept of them is what calls no platform.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2 as pb

from support.pulumi_protocol import Client

__all__ = ["ANY", "differences", "kept", "replayed"]

ANY = "*"
"""In a recorded answer: whatever stands there today."""
_SERVICE = "/pulumirpc.ResourceProvider/"
_REQUESTS = {
    "CheckConfig": pb.CheckRequest,
    "DiffConfig": pb.DiffRequest,
    "Configure": pb.ConfigureRequest,
    "Check": pb.CheckRequest,
    "Diff": pb.DiffRequest,
    "Create": pb.CreateRequest,
    "Update": pb.UpdateRequest,
}


def kept(log: Path, scrub: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a log to keep, with every text of ``scrub`` replaced."""
    for line in log.read_text().splitlines():
        call = json.loads(line)
        verb = call["method"].removeprefix(_SERVICE)
        if call["progress"] != "response_completed" or verb not in _REQUESTS:
            continue
        if verb in ("Create", "Update") and not call["request"].get("preview"):
            continue
        text = json.dumps({"method": verb, "request": call["request"], "response": call["response"]}, sort_keys=True)
        for secret, harmless in scrub.items():
            text = text.replace(secret, harmless)
        yield text


def replayed(client: Client, line: str) -> tuple[Any, Any]:
    """Ask what a line asks; return the recorded answer and the one of today."""
    call = json.loads(line)
    request = ParseDict(call["request"], _REQUESTS[call["method"]]())
    answer = getattr(client.stub, call["method"])(request)
    return call["response"], MessageToDict(answer)


def differences(recorded: Any, today: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which an answer is not the recorded one; what has its default may be left out of both."""
    if recorded in (ANY, today):
        return
    if isinstance(recorded, dict | None) and isinstance(today, dict | None):
        recorded, today = recorded or {}, today or {}
        for key in sorted({*recorded, *today}):
            yield from differences(recorded.get(key), today.get(key), f"{path}.{key}")
    elif recorded or today:
        yield f"{path}: {recorded!r} is {today!r}"
