"""Scalars and keys in YAML are what kubectl makes of them, form by form.

The table is what kubectl itself printed; a test with the engine asks it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wlinfra.errors import DeclarationError
from wlinfra_kubernetes import manifests_from

if TYPE_CHECKING:
    from engines.kubernetes.handle import ClusterHandle

FORMS: dict[str, Any] = {
    "=": "=",
    "=~": "=~",
    "!x": "",
    "y": True,
    "n": False,
    "Y": True,
    "N": False,
    "yes": True,
    "Yes": True,
    "YES": True,
    "no": False,
    "No": False,
    "NO": False,
    "on": True,
    "On": True,
    "ON": True,
    "off": False,
    "Off": False,
    "OFF": False,
    "true": True,
    "True": True,
    "TRUE": True,
    "tRue": "tRue",
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "nULL": "nULL",
    "0": 0,
    "-0": 0,
    "+0": 0,
    "1": 1,
    "-1": -1,
    "+1": 1,
    "01": 1,
    "010": 8,
    "08": 8,
    "09": 9,
    "0o10": 8,
    "0O10": 8,
    "0x1F": 31,
    "0X1f": 31,
    "0xg": "0xg",
    "0b101": 5,
    "0B1": 1,
    "-0x1f": -31,
    "-0b1": -1,
    "+0x1f": 31,
    "0b12": "0b12",
    "1_000": 1000,
    "1__0": 10,
    "_1": "_1",
    "1_": 1,
    "0x_1f": 31,
    "1:30": "1:30",
    "1:30:45": "1:30:45",
    "1:60": "1:60",
    "190:20:30": "190:20:30",
    "190:20:30.15": "190:20:30.15",
    "-1:30": "-1:30",
    "12e3": 12000,
    "12E3": 12000,
    "12e+3": 12000,
    "12e-3": 0.012,
    "1e5": 100000,
    "-1e5": -100000,
    "1.5e5": 150000,
    "1e": "1e",
    "1e+": "1e+",
    ".5": 0.5,
    "-.5": -0.5,
    "+.5": 0.5,
    "5.": 5,
    "1.": 1,
    "1.0": 1,
    "1.50": 1.5,
    "1_0.5": 10.5,
    ".e5": ".e5",
    ".": ".",
    "..": "..",
    "...": "...",
    "1.2.3": "1.2.3",
    "685.230_15e+03": 685230.15,
    "6.8523015e+5": 685230.15,
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e-400": 0,
    ".nAn": ".nAn",
    "inf": "inf",
    "nan": "nan",
    "Infinity": "Infinity",
    "9223372036854775807": 9223372036854775807,
    "9223372036854775808": 9223372036854776000,
    "18446744073709551615": 18446744073709552000,
    "18446744073709551616": 18446744073709552000,
    "-9223372036854775808": -9223372036854775808,
    "-9223372036854775809": -9223372036854776000,
    "123456789012345678901234567890": 1.2345678901234568e29,
    "0xFFFFFFFFFFFFFFFF": 18446744073709552000,
    "0x1FFFFFFFFFFFFFFFF": "0x1FFFFFFFFFFFFFFFF",
    "0777": 511,
    "0o777": 511,
    "0o8": "0o8",
    "00": 0,
    "000": 0,
    "-010": -8,
    "+010": 8,
    "007": 7,
    "0b": "0b",
    "0x": "0x",
    "0o": "0o",
    "2024-01-02": "2024-01-02",
    "2024-1-2": "2024-1-2",
    "2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05": "2024-01-02T03:04:05",
    "2001-12-14t21:59:43.10-05:00": "2001-12-14t21:59:43.10-05:00",
    "12:30": "12:30",
    "12:30:45": "12:30:45",
    "20240102": 20240102,
    "'01'": "01",
    '"x\\ty"': "x\ty",
    "'''a'": "'a",
    '"\\u00e9"': "é",
    '"\\x41"': "A",
    '""': "",
    "''": "",
    "--": "--",
    "---": "---",
    "-a": "-a",
    "a-b": "a-b",
    ":a": ":a",
    "a:b": "a:b",
    "a::b": "a::b",
    "?a": "?a",
    "a?": "a?",
    "<<": "<<",
    "<<a": "<<a",
    "1Gi": "1Gi",
    "100m": "100m",
    "1e3m": "1e3m",
    "0.1": 0.1,
    "0.10": 0.1,
    "1.0.0": "1.0.0",
    "1e1": 10,
    "v1": "v1",
    "a@b": "a@b",
    "&a": None,
    "a&b": "a&b",
    "a*b": "a*b",
    "!!str 123": "123",
    "!!int '5'": 5,
    "!!float 5": 5,
    "!!bool 'true'": True,
    "!!null ''": None,
    "!!binary aGk=": "hi",
    "!!timestamp 2024-01-02": "2024-01-02",
    "! 12": "12",
    "!local x": "x",
    "|\n    a\n    b": "a\nb\n",
    "|-\n    a\n    b": "a\nb",
    ">\n    a\n    b": "a b\n",
    "'a\n    b'": "a b",
    "{a: b}": {"a": "b"},
    "[1, 2]": [1, 2],
    "[]": [],
    "{}": {},
    "": None,
    "# c": None,
    "a # b": "a",
    "a#b": "a#b",
    "{a: &x 1, b: *x}": {"a": 1, "b": 1},
    "{<<: {a: 1}, b: 2}": {"a": 1, "b": 2},
    "{<<: [{a: 1},{a: 2, c: 3}], b: 2}": {"a": 1, "b": 2, "c": 3},
    "!!set {a, b}": {"a": None, "b": None},
    "!!omap [a: 1]": [{"a": 1}],
    "!!pairs [a: 1]": [{"a": 1}],
    "!!float 1e5": 100000,
    "!!int 0o10": 8,
    "!!str": "",
    "!!seq [1]": [1],
    "!!map {a: 1}": {"a": 1},
    "{1: a}": {"1": "a"},
    "{1.0: a}": {"1": "a"},
    "{1e3: a}": {"1000": "a"},
    "{true: a}": {"true": "a"},
    "{yes: a}": {"true": "a"},
    "{010: a}": {"8": "a"},
    "{0x1f: a}": {"31": "a"},
    "{1_0: a}": {"10": "a"},
    "{=: a}": {"=": "a"},
    "{-1: a}": {"-1": "a"},
    "{1:30: a}": {"1:30": "a"},
    "{2024-01-02: a}": {"2024-01-02": "a"},
    "{.5: a}": {"0.5": "a"},
    "{y: a, n: b}": {"false": "b", "true": "a"},
    "{1e400: a}": {"1e400": "a"},
    "{0.1: a}": {"0.1": "a"},
    "{1e21: a}": {"1e+21": "a"},
    "{1e20: a}": {"1e+20": "a"},
    "{123456789.5: a}": {"1.2345679e+08": "a"},
    "{-0: a}": {"0": "a"},
    "{-0.0: a}": {"-0": "a"},
    "{+1: a}": {"1": "a"},
    "'\\ud800'": "\\ud800",
    '"\\U0001F600"': "😀",
    '"\\0"': "\x00",
    '"\\e"': "\x1b",
}

REFUSED = [
    ".inf",
    ".Inf",
    ".INF",
    "-.inf",
    "+.inf",
    "-.Inf",
    ".nan",
    ".NaN",
    ".NAN",
    "-",
    "?",
    "@a",
    "`a",
    "%a",
    "*a",
    "|a",
    ">a",
    "{1: a, true: b, null: c, 1.5: d, 0x10: e, ~: f}",
    "[a, , b]",
    "!!int 1.5",
    "{null: a}",
    "{[a]: b}",
    "{{a: 1}: b}",
    "{18446744073709551615: a}",
    '"\\q"',
]

STRICTER = ["{a: 1, a: 2}", "{.inf: a}", '"\\ud83d\\ude00"', '"\\ud800"']
"""What kubectl reads, or cannot read, and what nobody can mean: a key that stands twice, and halves of letters."""


def document(form: str, name: str = "a") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  k: {form}\n"


def ours(folder: Path, form: str) -> Any:
    (folder / "a.yaml").write_text(document(form))
    (manifest,) = manifests_from(folder / "a.yaml")
    return manifest.manifest["data"]["k"]


def as_json(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 2**63:  # kubectl prints the digits of a float
        value = float(value)
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read_as_kubectl_reads_it(tmp_path: Path, form: str) -> None:
    assert as_json(ours(tmp_path, form)) == as_json(FORMS[form])


@pytest.mark.parametrize("form", [*REFUSED, *STRICTER])
def test_what_kubectl_refuses_is_refused_with_file_and_line(tmp_path: Path, form: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        ours(tmp_path, form)
    place = caught.value.diagnostics[0].location
    assert place is not None
    assert Path(place.file).name == "a.yaml"
    assert form not in caught.value.diagnostics[0].detail or len(form) < 3


def test_the_table_is_what_kubectl_makes_of_it(cluster: ClusterHandle) -> None:
    text = "---\n".join(document(form, f"c{number}") for number, form in enumerate(FORMS))
    printed = cluster.kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", input=text)
    theirs = {item["metadata"]["name"]: item.get("data", {}).get("k") for item in objects(printed)}
    compared = [(form, as_json(theirs[f"c{number}"]), as_json(FORMS[form])) for number, form in enumerate(FORMS)]
    print(f"{len(compared)} forms read as kubectl reads them")
    assert [found for found in compared if found[1] != found[2]] == []


def objects(printed: str) -> Iterator[dict[str, Any]]:
    """Yield what kubectl printed, one document after the other or a list of them."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(printed.rstrip()):
        found, at = decoder.raw_decode(printed, at)
        yield from found["items"] if found["kind"] == "List" else [found]
        at += len(printed[at:]) - len(printed[at:].lstrip())
