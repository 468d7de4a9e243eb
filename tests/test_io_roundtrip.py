"""What is written reads back equal, as a folder and as a workbook, for any text that XML 1.0 can hold."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policygap.io import read_package, write_package
from policygap.io.cells import cell_text, illegal_in_xml, number_text
from policygap.io.spreadsheet import unescape
from policygap.package import Package, RawTable
from policygap.parse import parse_tables

SNIPPETS = [
    " leading", "trailing ", '"', '""', ";", ",", "=1+1", "+1", "-1", "@sum", "'=1", "\n", "a\n\nb", "\t", "_x000D_",
    "_x0041_x0042_", "_x005F_", "_x", "x005F_", "<r>", "</r>", "<r><t>x</t></r>", "&amp;", "<b>", "]]>", "😀",
    "\u202emurtnec\u202c", "مركز", "é", "e\u0301", "\u2028", "\u0085", "\u00a0", "\ufeff", "NA", "nan", "null", "1.0",
    "007", "2020-01-01", "1e5", "TRUE", "#REF!", "{=1}", "http://x.no", "mailto:a@b.c", "\\", "\x7f",
]  # fmt: skip
CONTROLS = "".join(chr(code) for code in range(32) if chr(code) not in "\t\n\r")
characters = st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS + "\ufffe\uffff")
texts = (
    st.lists(st.sampled_from(SNIPPETS) | st.text(characters, max_size=5), min_size=1, max_size=4)
    .map("".join)
    .filter(bool)
)
words = texts.map(str.strip).filter(bool)
ids = words.filter(
    lambda text: not set(text) & set(";\n\r\t\x7f\u2028\u2029") and not any("\x80" <= c <= "\x9f" for c in text)
)
numbers = st.floats(0, allow_infinity=False) | st.integers(0, 10**6).map(float)


@st.composite
def packages(draw: st.DrawFn) -> Package:
    names = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    some = st.none() | texts
    themes = [
        {"id": name, "label": draw(texts), "definition": draw(some), "label_nb": draw(some), "Eget felt": draw(some)}
        for name in names
    ]
    groups = [{"id": name, "label": draw(texts), "population": draw(st.none() | numbers)} for name in names]
    sources = [{"id": name, "title": draw(texts), "year": draw(st.none() | st.integers(0, 2**62))} for name in names]
    statements = [
        {"id": name, "speaker": draw(ids), "text": draw(texts), "kind": draw(st.sampled_from([None, "call"])),
         "addressees": draw(st.none() | st.lists(ids, max_size=3)), "typical": draw(st.none() | st.booleans())}
        for name in names
    ]  # fmt: skip
    codings = [
        {"statement": draw(st.sampled_from(names)), "code": draw(st.none() | ids), "note": draw(some)} for _ in names
    ]
    tables = {"themes": themes, "groups": groups, "sources": sources, "statements": statements, "codings": codings}
    frames = {name: pd.DataFrame(rows).astype(object) for name, rows in tables.items()}
    values = texts | st.integers(-5, 5) | st.booleans() | st.lists(texts, max_size=2) | st.floats(0, 1)
    meta = {
        "id": "small",
        "title": draw(texts),
        "languages": ["en", "nb"],
        "own": draw(values),
        draw(words): draw(values),
    }
    return Package(
        name="small", meta=meta, tables={name: RawTable(file=name, frame=frame) for name, frame in frames.items()}
    )


def typed(package: Package) -> Package:
    frames, problems = parse_tables(package)
    assert problems == ()
    return Package(
        name=package.name,
        meta=package.meta,
        tables={name: RawTable(file=name, frame=frame) for name, frame in frames.items()},
    )


def written_and_read(package: Package, name: str) -> Package:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write_package(package, path)
        found = read_package(path)
    assert found.problems == ()
    assert found.remarks == ()
    return found


def assert_equal(first: Package, second: Package) -> None:
    assert {plain(key): plain(value) for key, value in first.meta.items()} == dict(second.meta)
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table.frame, second.tables[name].frame, check_exact=True)


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


@pytest.mark.parametrize("name", ["study", "small.xlsx"])
def test_every_awkward_text_reads_back_equal(name: str) -> None:
    rows = {"id": [f"i{number}" for number in range(len(SNIPPETS))], "label": SNIPPETS, "definition": SNIPPETS}
    package = typed(
        Package(
            name="small", meta={"id": "small"}, tables={"themes": RawTable(file="themes", frame=pd.DataFrame(rows))}
        )
    )
    assert package.tables["themes"].frame["label"].tolist() == SNIPPETS
    assert_equal(package, typed(written_and_read(package, name)))


@settings(max_examples=25)
@given(packages())
def test_what_is_written_as_a_folder_reads_back_equal(made: Package) -> None:
    package = typed(made)
    assert_equal(package, typed(written_and_read(package, "study")))


@settings(max_examples=25)
@given(packages())
def test_what_is_written_as_a_workbook_reads_back_equal(made: Package) -> None:
    package = typed(made)
    assert_equal(package, typed(written_and_read(package, "small.xlsx")))


@settings(max_examples=8)
@given(packages())
def test_a_folder_made_from_a_workbook_is_the_folder_itself(made: Package) -> None:
    package = typed(made)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        write_package(package, one)
        write_package(typed(written_and_read(package, "small.xlsx")), two)
        first, second = (
            {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())} for folder in (one, two)
        )
    assert first == second


@settings(max_examples=8)
@given(packages(), st.sampled_from(["study", "small.xlsx"]))
def test_two_writes_give_the_same_bytes(made: Package, name: str) -> None:
    contents: list[dict[str, bytes]] = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            write_package(made, Path(folder, name))
            files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
            contents.append({path.name: path.read_bytes() for path in files})
    assert contents[0] == contents[1]


@given(characters)
def test_the_strategies_draw_what_xml_can_hold(char: str) -> None:
    assert illegal_in_xml(char) is None


def test_only_what_stands_for_a_character_is_unescaped() -> None:
    assert unescape("_x005F_x0041_ _x0041_ _xD800_ _x41_") == "_x0041_ A _xD800_ _x41_"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_with_every_digit_it_needs(number: float) -> None:
    assert float(number_text(number)) == number
    assert not number_text(number).endswith(".0") or abs(number) >= 1e15


@given(st.text())
def test_text_of_a_cell_is_the_text_with_plain_line_ends(text: str) -> None:
    assert (cell_text(text) or "") == "\n".join(text.replace("\r\n", "\n").split("\r"))
