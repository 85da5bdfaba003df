"""H5: comparing documents of 4 KB, one in ten changed, beside DeepDiff; and lists that grow.

DeepDiff takes about 30 ms for one document, so it is measured on a sample and compared per document.
"""

from __future__ import annotations

import copy
from typing import Any

from deepdiff import DeepDiff

from benchmarks.support.bench import Bench
from benchmarks.support.documents import artifact_spec
from benchmarks.support.report import Report, Row, at_least, at_most
from benchmarks.support.timing import Times, round_robin, show
from wlinfra.diff.compare import compare
from wlinfra.diff.schema import Attribute, fields
from wlinfra.state.key import Digest
from wlinfra.values import Json, Path
from wlinfra_datarobot.compared.schema import ARTIFACT

_DIGEST = Digest()
_KEYED = Attribute(
    fields=fields(items=Attribute(keyed_by="name", items=Attribute(fields=fields(name=Attribute(), value=Attribute()))))
)
_ORDERED = Attribute(
    fields=fields(items=Attribute(items=Attribute(fields=fields(name=Attribute(), value=Attribute()))))
)

Pair = tuple[Json, Json]
"""What is live and was recorded, and what is wanted."""


def measure(bench: Bench) -> Report:
    """Return the cost per document and the growth with the length of a list."""
    pairs = [_pair(number) for number in range(bench.choose(small=100, full=1000))]
    sample = pairs[: bench.choose(small=10, full=40)]
    length = bench.choose(small=500, full=5000)
    times = round_robin(
        {
            "wlinfra": lambda: _compare_all(pairs),
            "DeepDiff": lambda: _deepdiff_all(sample),
            "gated": lambda: _gated_all(sample),
            **{
                f"{kind} {size}": _Lists(schema, size).compare
                for kind, schema in (("keyed", _KEYED), ("ordered", _ORDERED))
                for size in (length, 2 * length)
            },
        },
        bench.runs,
    )
    return Report(name="H5", rows=tuple(_rows(times, len(pairs), len(sample), length)), counts=_counts(pairs, sample))


def _rows(times: Times, documents: int, sampled: int, length: int) -> list[Row]:
    own, deepdiff, gated = times["wlinfra"] / documents, times["DeepDiff"] / sampled, times["gated"] / sampled
    rows = [
        at_most("diff of a document", own / 30e-6, 1, peer="30 us", detail=show(own)),
        at_least("diff of a document", deepdiff / own, 500, peer="DeepDiff", detail=f"{show(deepdiff)} to {show(own)}"),
        at_least(
            "diff of a document", gated / own, 50, peer="DeepDiff after ==", detail=f"{show(gated)} to {show(own)}"
        ),
    ]
    for kind in ("keyed", "ordered"):
        longer, shorter = f"{kind} {2 * length}", f"{kind} {length}"
        rows.append(
            at_most(
                f"{kind} list of {2 * length:,}, one inserted",
                times.ratio(longer, shorter),
                2.2,
                peer=f"{length:,}",
                detail=times.detail(longer, shorter),
            )
        )
    return rows


def _counts(pairs: list[Pair], sample: list[Pair]) -> dict[str, Any]:
    paths = [_own_paths(live, wanted) for live, wanted in pairs]
    return {
        "documents": len(pairs),
        "changed": sum(live != wanted for live, wanted in pairs),
        "with differences": sum(bool(found) for found in paths),
        "sampled": len(sample),
        "same paths as DeepDiff": sum(
            found == _deepdiff_paths(live, wanted) for found, (live, wanted) in zip(paths, sample, strict=False)
        ),
    }


def _pair(number: int) -> Pair:
    live = {
        "name": f"artifact-{number}",
        "description": "",
        "type": "service",
        "status": "locked",
        "spec": artifact_spec(number),
    }
    wanted = copy.deepcopy(live)
    if number % 10 == 0:
        container: Any = wanted["spec"]["containerGroups"][0]["containers"][0]  # type: ignore[index]
        container["imageUri"] += "-next"
        container["environmentVars"][number % 30]["value"] = "changed"
        container["livenessProbe"]["periodSeconds"] = 10
    return live, wanted


def _compare_all(pairs: list[Pair]) -> None:
    for live, wanted in pairs:
        compare(wanted, live, live, ARTIFACT, _DIGEST, has_prior=True)


def _deepdiff_all(pairs: list[Pair]) -> None:
    for live, wanted in pairs:
        DeepDiff(live, wanted)


def _gated_all(pairs: list[Pair]) -> None:
    for live, wanted in pairs:
        if live != wanted:
            DeepDiff(live, wanted)


def _own_paths(live: Json, wanted: Json) -> set[Path]:
    changes = compare(wanted, live, live, ARTIFACT, _DIGEST, has_prior=True).changes
    return {_by_position(wanted, change.path) for change in changes}


def _by_position(value: Json, path: Path) -> Path:
    """Return the path with the names of list elements as their positions, which is all that DeepDiff knows."""
    found: list[str | int] = []
    for part in path:
        at = part
        if isinstance(value, list):
            at = next(index for index, element in enumerate(value) if element["name"] == part)
        found.append(at)
        value = value[at]
    return tuple(found)


def _deepdiff_paths(live: Json, wanted: Json) -> set[Path]:
    tree = DeepDiff(live, wanted, view="tree")
    return {tuple(level.path(output_format="list")) for levels in tree.values() for level in levels}


class _Lists:
    """Two lists of one length: an element in the middle differs and another one stands in front."""

    def __init__(self, schema: Attribute, length: int) -> None:
        self._schema = schema
        self._live = {"items": [{"name": f"item-{number}", "value": number} for number in range(length)]}
        wanted = copy.deepcopy(self._live["items"])
        wanted[length // 2]["value"] = -1
        self._wanted = {"items": [{"name": "first", "value": 0}, *wanted]}

    def compare(self) -> None:
        compare(self._wanted, self._live, self._live, self._schema, _DIGEST, has_prior=True)
