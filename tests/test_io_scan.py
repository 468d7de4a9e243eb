"""The scan never calls a ragged file regular; pandas then reads what Python's own csv module reads."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policygap.io import csvfile, read_package, scan
from policygap.io.naming import misspelt, slug
from policygap.parse import parse_tables

WIDTH = 3
messy = st.lists(st.sampled_from(["a", "b", ",", '"', "\n", "\r", " ", "é", '""', "\r\n", '","']), max_size=40).map(
    "".join
)
cells = st.text(st.sampled_from('ab,"\n\r é;'), max_size=6)


def by_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def scanned(text: str, block: int) -> scan.Scan:
    with patch.object(scan, "_BLOCK", block):
        return scan.scan_csv(io.BytesIO(text.encode()), separator=",", columns=WIDTH)


@given(messy, st.integers(1, 7))
@example('a,b"c,d"e,f\n', 16)
@example("\r\r\na,a,a", 1)
def test_what_is_called_regular_has_rows_of_one_width(text: str, block: int) -> None:
    if scanned(text, block).regular:
        assert {len(row) for row in by_csv(text)} <= {0, WIDTH}


@given(
    st.lists(st.lists(cells, min_size=WIDTH, max_size=WIDTH), max_size=8),
    st.integers(1, 7),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_well_written_rows_are_called_regular(rows: list[list[str]], block: int, end: str) -> None:
    text = io.StringIO(newline="")
    # Before Python 3.13 the writer quotes only those line ends that it writes itself.
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)
    found = scanned(text.getvalue(), block)
    assert found.regular
    assert found.returns_in_cells == any("\r" in cell for row in rows for cell in row)


def has_text(row: list[str]) -> bool:
    """Whether a row holds more than blanks: one that does not is passed over."""
    return any(cell.strip() for cell in row)


@given(messy)
@example('a,"b\r\nc",d')
@example('a,b,c\n"')
@example("a,b,c\n\n,,\n1,2,3")
def test_the_reading_is_that_of_pythons_csv_module(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "themes.csv")
        path.write_bytes(b"id,label,mine\n" + text.encode())
        reading = csvfile.read_csv(path, file="themes.csv", table="themes")
    rows = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in by_csv(text)]
    kept = [(number, (row + [""] * WIDTH)[:WIDTH]) for number, row in enumerate(rows, start=2) if has_text(row)]
    assert reading.table is not None
    frame = reading.table.frame.fillna("")
    if all("never closed" not in problem.what for problem in reading.problems):
        assert frame.to_numpy().tolist() == [row for _, row in kept if has_text(row)]
    said = {problem.row for problem in reading.problems}
    assert said >= {number for number, row in enumerate(rows, start=2) if any(row) and len(row) != WIDTH}


@given(st.binary(max_size=60) | messy.map(str.encode), st.sampled_from(["themes", "codings"]))
@example(b"\xff\xfe", "themes")
@example(b'"', "themes")
@example(b"\x00,\n", "codings")
@example(b"sep=;", "themes")
def test_no_bytes_end_in_a_traceback(data: bytes, table: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{table}.csv").write_bytes(data)
        package = read_package(folder)
    _, problems = parse_tables(package)
    assert all(str(problem) for problem in (*package.problems, *problems))
    assert package.problems or problems


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("speeker", ["speaker"], "speaker"),
        ("polarty", ["polarity"], "polarity"),
        ("Label", ["label"], "label"),
        ("notes", ["note"], "note"),
        ("stated counts", ["stated_counts"], "stated_counts"),
        ("uri", ["url"], None),
        ("weight", ["reading"], None),
    ],
)
def test_a_slip_or_two_is_a_misspelling_and_more_is_another_word(
    name: str, known: list[str], meant: str | None
) -> None:
    assert misspelt(name, known) == meant


@given(st.text())
def test_a_slug_is_fit_for_a_data_package(text: str) -> None:
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    assert slug(slug(text)) == slug(text) != ""
