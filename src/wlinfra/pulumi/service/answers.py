"""What the bridge returned, in the protocol's messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from wlinfra.pulumi.contract import BridgeError, Checked, Diffed, Difference, Differs, Failure, Properties, Refusal
from wlinfra.pulumi.service.codec import encode
from wlinfra.pulumi.service.scrubbing import Scrubber

__all__ = ["Ended", "check_response", "diff_response", "failures", "not_ready", "refused"]

_CODES: Final[Mapping[Refusal, grpc.StatusCode]] = {
    Refusal.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Refusal.REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Refusal.UNREACHABLE: grpc.StatusCode.UNAVAILABLE,
    Refusal.CANCELLED: grpc.StatusCode.CANCELLED,
    Refusal.UNCLEAR: grpc.StatusCode.UNKNOWN,
}
"""The engine takes UNKNOWN and INTERNAL for a resource whose state is in doubt, and the others for clean refusals."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A question that ends with an error: its code and its text, and what the engine reads beside them."""

    code: grpc.StatusCode
    text: str
    details: Message | None = None

    @property
    def trailing(self) -> tuple[tuple[str, bytes], ...]:
        """The trailing metadata, empty without details."""
        if self.details is None:
            return ()
        packed = Packed()
        packed.Pack(self.details)
        number, _ = self.code.value
        status = status_pb2.Status(code=number, message=self.text, details=[packed])
        return (("grpc-status-details-bin", status.SerializeToString()),)


def refused(error: BridgeError, scrubber: Scrubber, *, namespace: str) -> Ended:
    """Return what the engine shows for an error of the bridge; ``namespace`` is that of configuration keys."""
    missing = [
        pb.ConfigureErrorMissingKeys.MissingKey(name=f"{namespace}:{key}", description=scrubber.text(what))
        for key, what in error.missing.items()
    ]
    details = pb.ConfigureErrorMissingKeys(missingKeys=missing) if missing else None
    return Ended(_CODES[error.refusal], scrubber.text(str(error)), details)


def not_ready(
    identity: str, outputs: Properties, inputs: Struct, reasons: Sequence[str], scrubber: Scrubber, *, name: str
) -> Ended:
    """Return what makes the engine keep a resource that exists and is not ready."""
    details = pb.ErrorResourceInitFailed(
        id=identity, properties=encode(outputs), inputs=inputs, reasons=[scrubber.text(reason) for reason in reasons]
    )
    return Ended(grpc.StatusCode.UNKNOWN, f"{name} exists and is not ready.", details)


def failures(found: Iterable[Failure], scrubber: Scrubber) -> list[pb.CheckFailure]:
    """Return what is wrong with the properties, each at its path."""
    return [pb.CheckFailure(property=one.path, reason=scrubber.text(one.reason)) for one in found]


def check_response(checked: Checked, scrubber: Scrubber) -> pb.CheckResponse:
    """Return the answer to a check."""
    return pb.CheckResponse(inputs=encode(checked.inputs), failures=failures(checked.failures, scrubber))


def diff_response(diffed: Diffed) -> pb.DiffResponse:
    """Return the answer to a diff; without paths, the engine compares inputs for what it shows."""
    changes = diffed.changes or bool(diffed.differences)
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if changes else pb.DiffResponse.DIFF_NONE,
        diffs=_tops(diffed.differences),
        replaces=_tops(one for one in diffed.differences if one.replaces),
        deleteBeforeReplace=diffed.deletes_first,
        hasDetailedDiff=bool(diffed.differences) or not changes,
        detailedDiff={
            one.path: pb.PropertyDiff(kind=_kind(one), inputDiff=one.of_inputs) for one in diffed.differences
        },
    )


def _kind(difference: Difference) -> Any:
    kinds = pb.PropertyDiff
    match difference.differs:
        case Differs.ADD:
            return kinds.ADD_REPLACE if difference.replaces else kinds.ADD
        case Differs.UPDATE:
            return kinds.UPDATE_REPLACE if difference.replaces else kinds.UPDATE
        case Differs.DELETE:
            return kinds.DELETE_REPLACE if difference.replaces else kinds.DELETE
        case other:
            assert_never(other)


_TOP: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|([^.\[]+)')


def _tops(differences: Iterable[Difference]) -> list[str]:
    """Return the properties that the paths begin with, each once.

    >>> _tops([Difference(path="a[0].b", differs=Differs.ADD), Difference(path='["c.d"].e', differs=Differs.ADD)])
    ['a', 'c.d']
    """
    found = (_TOP.match(one.path) for one in differences)
    return list(dict.fromkeys((one[1] or one[2]) if one else "" for one in found))
