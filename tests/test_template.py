"""Studies come in; workbooks that people can fill in without looking anything up must go out."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import policygap as pg
from policygap.cli import main
from policygap.schema import TABLES, Form


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("template") / "towns.xlsx"
    pg.read_study("smabystrategi").write(path)
    return openpyxl.load_workbook(path)


def letter_of(sheet: Any, name: str) -> str:
    return next(cell.column_letter for cell in sheet[1] if cell.value == name)


def validation_of(book: Any, table: str, column: str) -> Any:
    place = f"{letter_of(book[table], column)}2"
    found = [one for one in book[table].data_validations.dataValidation if place in one.sqref]
    return found[0] if found else None


def test_each_table_has_a_sheet_with_every_column_in_order(workbook: Any) -> None:
    assert workbook.sheetnames == ["study", *TABLES, "policygap lists"]
    for name, table in TABLES.items():
        names = [column.name for column in table.columns]
        assert [cell.value for cell in workbook[name][1]][: len(names)] == names
        assert workbook[name].freeze_panes == "B2"


def test_each_heading_has_a_note_that_says_what_to_write(workbook: Any) -> None:
    for name, table in TABLES.items():
        for column, cell in zip(table.columns, workbook[name][1], strict=False):
            assert ("Must be filled in." if column.required else "May stay empty.") in cell.comment.text
            assert all(word in cell.comment.text for word in (*column.words, *column.refers))
        assert workbook[name]["A1"].comment.text.startswith(f"A row is {table.row}.")


def test_each_vocabulary_and_each_id_column_has_a_drop_down_list(workbook: Any) -> None:
    for name, table in TABLES.items():
        for column in table.columns:
            told = validation_of(workbook, name, column.name)
            if column.words:
                assert told.formula1 == f'"{",".join(column.words)}"'
                assert told.errorStyle in (None, "stop")
            elif column.form is Form.REF and not column.many:
                assert told.formula1.startswith("OFFSET(")
                assert told.errorStyle == "warning"
                assert all(refers in told.formula1 for refers in column.refers)
            assert told is None or "1048576" in str(told.sqref)


def test_ids_and_texts_are_formatted_as_text_and_numbers_are_not(workbook: Any) -> None:
    for name, table in TABLES.items():
        formats = list(workbook[name].column_dimensions.values())
        for place, column in enumerate(table.columns):
            [held] = [one for one in formats if one.min <= place + 1 <= one.max]
            plain = column.form in (Form.INTEGER, Form.NUMBER, Form.FLAG)
            assert held.number_format == ("General" if plain else "@"), (name, column.name)


def test_ids_of_two_sheets_stand_together_on_a_hidden_one(workbook: Any) -> None:
    study = pg.read_study("smabystrategi")
    lists = workbook["policygap lists"]
    assert lists.sheet_state == "hidden"
    heads = {cell.value: cell.column_letter for cell in lists[1]}
    assert set(heads) == {"actors or groups", "themes or targets"}
    assert validation_of(workbook, "codings", "code").formula1.startswith(
        f"OFFSET('policygap lists'!${heads['themes or targets']}$2,0,0,"
    )
    assert len(lists[heads["themes or targets"]]) == 1 + len(study.codes) + 500


def test_the_hidden_sheet_shows_the_ids_to_programs_that_do_not_calculate(tmp_path: Path) -> None:
    path = tmp_path / "towns.xlsx"
    study = pg.read_study("smabystrategi")
    study.write(path)
    shown = openpyxl.load_workbook(path, data_only=True)["policygap lists"]
    codes = [*study.tables["themes"]["id"], *study.tables["targets"]["id"]]
    column = next(cell.column_letter for cell in shown[1] if cell.value == "themes or targets")
    assert [cell.value for cell in shown[column]][1 : len(codes) + 1] == codes


def test_what_a_stranger_wrote_is_no_formula_and_no_xml(tmp_path: Path) -> None:
    hostile = '=HYPERLINK("http://x")<b>&'
    study = pg.build_study(
        themes=[{"id": hostile, "label": "=1+1", "=own": "@SUM(A1)"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "+A"}],
        links=[{"theme": hostile, "target": "A", "relation": "equal"}],
    )
    path = tmp_path / "x.xlsx"
    study.write(path)
    book = openpyxl.load_workbook(path)
    assert {cell.data_type for row in book["themes"] for cell in row} <= {"s", "n", "inlineStr"}
    with zipfile.ZipFile(path) as archive:
        assert b"<b>&" not in b"".join(archive.read(name) for name in archive.namelist())
    assert pg.read_study(path) == study


def test_new_writes_a_workbook_to_fill_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "mine.xlsx")]) == 0
    assert main(["new", str(tmp_path / "mine")]) == 0
    assert pg.read_study(tmp_path / "mine.xlsx") == pg.read_study(tmp_path / "mine")
    blind = tmp_path / "blind.xlsx"
    assert main(["new", str(blind), "--from", "smabystrategi", "--codebook-only"]) == 0
    book = openpyxl.load_workbook(blind)
    assert book["codings"].max_row == 1
    assert book["statements"].max_row == 473
    assert main(["new", str(blind)]) == 2
    assert "it is there already" in capsys.readouterr().err
