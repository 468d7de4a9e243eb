"""Workbooks as people really save them are read, and what is wrong in them is a problem with its cell."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

import policygap as pg
from policygap.io import read_package, spreadsheet
from policygap.io.metasheet import meta_cells
from policygap.package import Package

Cells = list[list[Any]]


def save(path: Path, **sheets: Cells) -> Path:
    """A workbook by openpyxl, a library that policygap does not use, so that one may judge the other."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def save_shared(path: Path, rows: Cells) -> Path:
    """A workbook with one sheet, themes, whose texts are shared strings, as Excel itself saves them."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("themes")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def read(tmp_path: Path, **sheets: Cells) -> Package:
    return read_package(save(tmp_path / "towns.xlsx", **sheets))


def change(path: Path, part: str, edit: Callable[[bytes], bytes]) -> None:
    """Rewrite one part inside a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = edit(parts[part])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def problems(package: Package) -> list[str]:
    return [str(problem) for problem in package.problems]


def rows(package: Package, table: str = "themes") -> list[list[Any]]:
    frame = package.tables[table].frame.astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


THEMES = [["id", "label"], ["a", "Roads"]]
MERGED = "unmerge them and fill in every cell (a merged range holds one value only)"


def test_sheets_are_tables_and_study_is_the_metadata(tmp_path: Path) -> None:
    study = [
        ["Key", "Value"],
        ["title", "2022"],
        ["languages", "en; nb"],
        ["year", 2022],
        ["open", True],
        ["ours", "[1]"],
        ["version", "1.0"],
    ]
    package = read(tmp_path, Study=study, THEMES=THEMES, Ark1=[["x"]])
    assert package.problems == ()
    assert package.remarks == ("The sheet 'Ark1' is no table of a study and is not read.",)
    assert package.name == "towns"
    assert package.meta == {
        "id": "towns", "title": "2022", "languages": ["en", "nb"], "year": 2022, "open": True, "ours": [1],
        "version": "1.0",
    }  # fmt: skip
    assert rows(package) == [["a", "Roads"]]
    assert package.tables["themes"].file == "THEMES"


def test_numbers_become_the_text_that_a_person_sees(tmp_path: Path) -> None:
    cells = [1, 2.0, 0.1, 1e21, -3, True, "007", "1.0", 123456789012345]
    package = read(tmp_path, themes=[["id", "label"], *([cell, "x"] for cell in cells)])
    assert [row[0] for row in rows(package)] == [
        "1",
        "2",
        "0.1",
        "1e+21",
        "-3",
        "true",
        "007",
        "1.0",
        "123456789012345",
    ]


def test_columns_in_any_order_and_blank_rows_and_columns_are_fine(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=[["label", None, "id"], ["Roads", None, "a"], [], ["Rails", None, "b"]])
    book = openpyxl.load_workbook(path)
    book["themes"]["H20"].font = openpyxl.styles.Font(bold=True)  # styled, but empty
    book.save(path)
    package = read_package(path)
    assert package.problems == ()
    assert rows(package) == [["Roads", "a"], ["Rails", "b"]]
    assert [package.tables["themes"].row(position) for position in range(2)] == [2, 4]


def test_dates_are_problems_cell_by_cell(tmp_path: Path) -> None:
    day, time = datetime.date(2020, 1, 1), datetime.time(12, 30)
    package = read(
        tmp_path, themes=[["id", "label"], [day, "Roads"], ["b", time], ["c", datetime.datetime(2020, 1, 1, 3)]]
    )
    fix = "Excel holds a date here; format the column as text and type the cell again"
    assert problems(package) == [
        f"themes, row 2, column id: {fix}",
        f"themes, row 3, column label: {fix}",
        f"themes, row 4, column label: {fix}",
    ]


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("General", False), ("0.00", False), ('#,##0\\ "kr"', False), ("[Red]0", False), ("0%", False), ("@", False),
        ('0 "days"', False), ("0.00E+00", False), ("_-* #,##0_-", False), ("[$kr-414] 0", False),
        ("yyyy-mm-dd", True), ("[h]:mm", True), ("[$-409]d. mmm yy", True), ("mm:ss", True),
    ],
)  # fmt: skip
def test_a_date_is_told_by_its_format(tmp_path: Path, code: str, date: bool) -> None:
    path = save(tmp_path / "towns.xlsx", themes=[["id", "label"], ["a", 40000]])
    book = openpyxl.load_workbook(path)
    book["themes"]["B2"].number_format = code
    book.save(path)
    assert bool(read_package(path).problems) is date


def test_merged_cells_are_problems_with_their_range(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=[*THEMES, ["b", "Rails"], ["c", "Air"]])
    book = openpyxl.load_workbook(path)
    book["themes"].merge_cells("B2:B3")
    book.save(path)
    assert problems(read_package(path)) == [
        "themes, row 2: the cells B2:B3 are merged; "
        "unmerge them and fill in every cell (a merged range holds one value only)"
    ]


def test_formulas_without_a_value_are_problems(tmp_path: Path) -> None:
    package = read(tmp_path, themes=[*THEMES, ["b", "=CONCAT(A2,A3)"]])
    assert problems(package) == [
        "themes, row 3, column label: the formula has no stored value; "
        "open the workbook in Excel and save it, or type the value"
    ]


def test_formulas_count_by_their_stored_value(tmp_path: Path) -> None:
    path = tmp_path / "towns.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("themes")
        sheet.write_row(0, 0, ["id", "label", "definition"])
        sheet.write_string(1, 0, "a")
        sheet.write_formula(1, 1, "=UPPER(A2)", value="A")
        sheet.write_formula(1, 2, '=""', value="")
    change(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b'<c r="C2"><f>', b'<c r="C2" t="str"><f>'))
    package = read_package(path)
    assert package.problems == ()
    assert rows(package) == [["a", "A", None]]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!"])
def test_error_cells_are_problems(tmp_path: Path, error: str) -> None:
    package = read(tmp_path, themes=[*THEMES, ["b", error]])
    assert problems(package) == [
        f"themes, row 3, column label: the cell shows the error {error}; correct the formula, or type the value"
    ]


def test_rich_text_phonetic_hints_and_cells_without_addresses_are_read(tmp_path: Path) -> None:
    path = save_shared(tmp_path / "towns.xlsx", [*THEMES, ["b", "x"]])
    strings = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<si><t>id</t></si><si><t>label</t></si><si><t>a</t></si>"
        b"<si><r><t>Ro</t></r><r><rPr><b/></rPr><t xml:space='preserve'>ads </t></r>"
        b"<rPh sb='0' eb='1'><t>no</t></rPh></si><si><t>b</t></si>"
        b"<si><t>_x000D__x0041__x005F_x0041_ _xD83D_</t></si></sst>"
    )
    change(path, "xl/sharedStrings.xml", lambda _: strings)
    change(path, "xl/worksheets/sheet1.xml", lambda data: re.sub(rb' r="[A-Z0-9]+"', b"", data))
    package = read_package(path)
    assert package.problems == ()
    assert rows(package) == [["a", "Roads "], ["b", "\nA_x0041_ _xD83D_"]]


def test_an_empty_sheet_is_a_problem(tmp_path: Path) -> None:
    assert problems(read(tmp_path, themes=[])) == [
        "themes, row 1: the sheet is empty; write the columns' names into row 1, such as id, label"
    ]


def test_titles_above_the_columns_names_are_passed_over_merged_or_not(tmp_path: Path) -> None:
    sheet = [["Our codebook", None, None], [datetime.date(2022, 5, 1)], [], ["id", "label", "label"], ["a", "Roads"]]
    path = save(tmp_path / "towns.xlsx", themes=sheet)
    book = openpyxl.load_workbook(path)
    book["themes"].merge_cells("A1:C1")
    book["themes"].merge_cells("B5:C5")
    book.save(path)
    package = read_package(path)
    assert rows(package)[0][0] == "a"
    assert package.tables["themes"].row(0) == 5
    assert package.remarks == ("The columns' names of the sheet 'themes' stand in row 4; above is no table.",)
    assert problems(package)[0].startswith("themes, row 4, column label: the name 'label' stands over two columns")
    assert problems(package)[1].startswith("themes, row 5: the cells B5:C5 are merged")
    assert len(package.problems) == 2


def test_a_wrong_column_below_a_title_is_told_with_its_row(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=[["Our codebook"], ["id", "labl"], ["a", "Roads"]])
    with pytest.raises(pg.StudyError, match="themes, row 2, column labl: no column is called 'labl'"):
        pg.read_study(path)


def test_blanks_below_and_beside_a_table_are_passed_over(tmp_path: Path) -> None:
    package = read(
        tmp_path, themes=[["id", "label ", " "], ["a", "Roads", "  "], [" ", "\u00a0", None], ["b", "Rails"]]
    )
    assert package.problems == ()
    assert rows(package) == [["a", "Roads"], ["b", "Rails"]]
    assert package.tables["themes"].row(1) == 4


def test_dates_in_columns_of_the_studys_own_are_dates(tmp_path: Path) -> None:
    received, noon = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 12)
    package = read(tmp_path, themes=[["id", "label", "received"], ["a", "Roads", received], ["b", "Rails", noon]])
    assert package.problems == ()
    assert [row[2] for row in rows(package)] == ["2020-01-01", "2020-01-01 12:00:00"]


def test_misspelt_and_doubled_sheets_are_problems(tmp_path: Path) -> None:
    package = read(tmp_path, themes=THEMES, Targts=THEMES, **{"Themes ": THEMES})
    assert problems(package) == [
        "Targts: no table is called 'Targts'; rename the sheet to targets",
        "Themes : two sheets are the table themes; rename or delete one of them",
    ]


def test_a_workbook_without_any_table_is_a_problem(tmp_path: Path) -> None:
    assert problems(read(tmp_path, Ark1=[["x"]]))[0].startswith("towns.xlsx: no sheet is a table of a study")


def test_metadata_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    package = read(tmp_path, study=[["languages", "[1]"], ["title", datetime.date(2020, 1, 1)]], themes=THEMES)
    assert problems(package) == [
        "study, column languages: languages is not a list of words; "
        'write a list of language codes, such as ["en", "nb"]',
        "study, row 2, column value: Excel holds a date here; format the column as text and type the cell again",
    ]


# ------------------------------------------------------------------------------------------------- files that are none


def zipped(**parts: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (b"", "the file is empty", "save the workbook again"),
        (b"id,label\n", "this is not an Excel workbook", "save it as .xlsx in Excel, or give a folder of CSV files"),
        (OLE, "this is an old Excel workbook (.xls) under another name", "save it as .xlsx in Excel"),
        (
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "the workbook is encrypted with a password",
            "save a copy without a password",
        ),
        (b"PK\x03\x04 cut off", "the workbook is damaged", "open it in Excel and save it again"),
        (zipped(**{"word.xml": ""}), "this is a zip file, but no Excel workbook", "save it as .xlsx in Excel"),
    ],
)
def test_what_is_no_workbook_is_a_problem(tmp_path: Path, content: bytes, what: str, fix: str) -> None:
    path = tmp_path / "towns.xlsx"
    path.write_bytes(content)
    (problem,) = read_package(path).problems
    assert problem.what.startswith(what)
    assert (problem.file, problem.fix) == ("towns.xlsx", fix)


@pytest.mark.parametrize(
    ("part", "edit"),
    [
        ("xl/worksheets/sheet1.xml", lambda data: data[:-30]),
        ("xl/worksheets/sheet1.xml", lambda data: data.replace(b"<v>1<", b"<v>99<")),
        ("xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="B2"', b'r="ZZZZ2"')),
        ("xl/worksheets/sheet1.xml", lambda data: data.replace(b'r="B2"', b'r="ZZZ2"')),
        ("xl/worksheets/sheet1.xml", lambda data: data.replace(b'<row r="2"', b'<row r="x"')),
        ("xl/sharedStrings.xml", lambda _: b"\xff\xfe\x00"),
    ],
)
def test_a_damaged_workbook_is_a_problem(tmp_path: Path, part: str, edit: Callable[[bytes], bytes]) -> None:
    path = save_shared(tmp_path / "towns.xlsx", THEMES)
    change(path, part, edit)
    (problem,) = read_package(path).problems
    assert problem.what.startswith("the workbook is damaged")


def test_a_sheet_that_is_listed_but_not_there_is_a_problem(tmp_path: Path) -> None:
    path = save_shared(tmp_path / "towns.xlsx", THEMES)
    change(path, "xl/_rels/workbook.xml.rels", lambda data: data.replace(b"worksheets/sheet1", b"worksheets/sheet7"))
    assert read_package(path).problems


def test_xml_that_attacks_its_reader_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=THEMES)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
    change(path, "xl/worksheets/sheet1.xml", lambda _: bomb)
    (problem,) = read_package(path).problems
    assert problem.what == "the workbook holds XML that Excel never writes"


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=THEMES)
    change(
        path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b"<sheetData>", b" " * 260_000_000 + b"<sheetData>")
    )
    (problem,) = read_package(path).problems
    assert problem.what == "the workbook unpacks to 260 MB, more than the 250 MB that are read"
    assert problem.fix == "save the tables as CSV files in a folder, or, if you trust it, raise the limit"
    (problem,) = read_package(save(tmp_path / "small.xlsx", themes=THEMES), limits=pg.Limits(text=1_000)).problems
    assert problem.what.startswith("the workbook unpacks to 0 MB")


@pytest.mark.parametrize(
    "element",
    [
        b'<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>',
        b'<hyperlinks><hyperlink ref="A1:XFD1048576" display="x"/></hyperlinks>',
    ],
)
def test_a_range_of_billions_of_cells_costs_nothing(tmp_path: Path, element: bytes) -> None:
    path = save(tmp_path / "towns.xlsx", themes=THEMES)
    change(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b"</sheetData>", b"</sheetData>" + element))
    found = problems(read_package(path))
    assert found == (["themes, row 2: the cells A2:XFD1048576 are merged; " + MERGED] if b"merge" in element else [])


def test_crowds_of_elements_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=THEMES)
    crowd = b"<mergeCells>" + b'<mergeCell ref="A1:A2"/>' * 1_100_000 + b"</mergeCells>"
    change(path, "xl/worksheets/sheet1.xml", lambda data: data.replace(b"</sheetData>", b"</sheetData>" + crowd))
    (problem,) = read_package(path).problems
    assert problem.what == "the workbook holds XML that Excel never writes"


def test_an_encrypted_member_is_a_problem(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", themes=THEMES)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    data[first + 8] |= 1
    path.write_bytes(data)
    (problem,) = read_package(path).problems
    assert problem.what == "the workbook is encrypted with a password"


@given(st.integers(0, 1_500), st.data())
def test_no_damage_to_the_bytes_ends_in_a_traceback(at: int, data: st.DataObject) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        content[(at * 7 + data.draw(st.integers(0, 5_000))) % len(content)] = data.draw(st.integers(0, 255))
    try:
        for _ in spreadsheet.read_sheets(io.BytesIO(bytes(content)), typed="study"):
            pass
    except spreadsheet.SpreadsheetError:
        pass


def _good() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("themes")
        sheet.write_row(0, 0, ["id", "label"])
        sheet.write_row(1, 0, ["a", 2])
    return stream.getvalue()


GOOD = _good()


@given(st.integers(0, 16_383))
def test_columns_have_excels_letters(place: int) -> None:
    assert spreadsheet.cell_name(place) == get_column_letter(place + 1)


@pytest.mark.parametrize("library", ["openpyxl", "xlsxwriter"])
def test_the_reader_agrees_with_openpyxl(tmp_path: Path, library: str) -> None:
    rng = np.random.default_rng(0)
    words = ["a", " b ", "å\nø", '"', "<x>", 7, 2.5, True, None, 1e300, -0.001]
    cells = [[words[int(place)] for place in rng.integers(0, len(words), 5)] for _ in range(40)]
    head = ["id", "label", "definition", "parent", "mine"]
    path = tmp_path / "towns.xlsx"
    if library == "openpyxl":
        save(path, themes=[head, *cells])
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("themes")
            for number, row in enumerate([head, *cells]):
                sheet.write_row(number, 0, row)
    said = {True: "true", 7: "7", 2.5: "2.5", None: None, 1e300: "1e+300", -0.001: "-0.001"}
    expected = [
        [said[cell] if not isinstance(cell, str) else cell for cell in row]
        for row in openpyxl.load_workbook(path)["themes"].iter_rows(min_row=2, values_only=True)
        if any(cell is not None for cell in row)
    ]
    assert rows(read_package(path)) == expected


def test_metadata_cells_say_what_is_text_and_what_is_json() -> None:
    meta = {
        "title": "[1]",
        "ours": "[1]",
        "theirs": "[not json",
        "list": ["å"],
        "none": None,
        "flag": True,
        "half": 0.5,
    }
    assert meta_cells(meta) == {
        "title": "[1]", "ours": '"[1]"', "theirs": "[not json", "list": '["å"]', "flag": True, "half": 0.5,
    }  # fmt: skip
