"""Writing is atomic, refuses what the formats can't hold, and yields a valid Data Package."""

from __future__ import annotations

import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import frictionless
import pandas as pd
import pytest

from policygap.errors import PolicyGapError, StudyError, UsageError
from policygap.io import atomic, read_package, write_package
from policygap.package import Package, RawTable
from policygap.parse import parse_tables

META = {"title": "Towns", "languages": ["en"], "sampling": "census", "contributors_note": "ours"}


def package_of(**tables: dict[str, list[Any]]) -> Package:
    raw = Package(name="Towns 2022", meta=META, tables={
        name: RawTable(file=f"{name}.csv", frame=pd.DataFrame(columns)) for name, columns in tables.items()
    })  # fmt: skip
    frames, _ = parse_tables(raw)
    return Package(name=raw.name, meta=raw.meta, tables={
        name: RawTable(file=f"{name}.csv", frame=frame) for name, frame in frames.items()
    })  # fmt: skip


def small() -> Package:
    return package_of(
        sources={"id": ["memo"], "title": ["The memo"], "year": [2022]},
        groups={
            "id": ["all-towns", "north"],
            "label": ["Towns", "North"],
            "parent": [None, "all-towns"],
            "population": [10.0, 2.5],
        },
        actors={"id": ["a1"], "label": ["Bodø"], "group": ["north"]},
        themes={"id": ["roads"], "label": ["Roads, and more"], "colour": [None]},
        targets={"id": ["A"], "kind": ["focus_area"], "label": ["=A"], "source": ["memo"]},
        statements={"id": ["1"], "speaker": ["a1"], "text": ['say "yes"\nand go'], "typical": [True], "kind": ["call"]},
        codings={"statement": ["1", "1"], "code": ["roads", None], "kind": [None, "focus_area"]},
        links={"theme": ["roads"], "target": ["A"], "relation": ["subset"], "weight": [0.5]},
        stated_counts={"subject": ["all"], "count": [40]},
    )


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def problem_of(error: pytest.ExceptionInfo[PolicyGapError]) -> str:
    assert len(error.value.problems) == 1, error.value.problems
    return str(error.value.problems[0])


# ----------------------------------------------------------------------------------------------------- what is written


def test_the_folder_holds_plain_csv(tmp_path: Path) -> None:
    write_package(small(), tmp_path / "towns")
    files = files_in(tmp_path / "towns")
    assert files["groups.csv"] == b"id,label,parent,population\nall-towns,Towns,,10\nnorth,North,all-towns,2.5\n"
    assert files["themes.csv"] == b'id,label,colour\nroads,"Roads, and more",\n'
    assert files["targets.csv"] == b"id,kind,label,source\nA,focus_area,=A,memo\n"
    assert files["statements.csv"] == b'id,speaker,text,kind,typical\n1,a1,"say ""yes""\nand go",call,true\n'
    assert files["codings.csv"] == b"statement,code,kind\n1,roads,\n1,,focus_area\n"
    assert "claims.csv" not in files


def test_the_folder_validates_as_a_data_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(small(), tmp_path)
    monkeypatch.chdir(tmp_path)
    report = frictionless.validate("datapackage.json")
    assert report.valid, report.flatten(["type", "note"])
    assert len(report.tasks) == 9


def test_the_validation_sees_a_dangling_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(small(), tmp_path)
    tmp_path.joinpath("sources.csv").write_text("id,title,year\nother,x,1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    errors = frictionless.validate("datapackage.json").flatten(["type"])
    assert ["foreign-key"] in errors


def test_the_descriptor_says_all_that_tables_allow(tmp_path: Path) -> None:
    write_package(small(), tmp_path)
    text = tmp_path.joinpath("datapackage.json").read_text(encoding="utf-8")
    descriptor = json.loads(text)
    assert text.endswith("}\n")
    assert list(descriptor) == ["$schema", "name", "title", "languages", "sampling", "contributors_note", "resources"]
    assert descriptor["name"] == "towns-2022"
    resources = {resource["name"]: resource for resource in descriptor["resources"]}
    groups = resources["groups"]
    assert {key: groups[key] for key in groups if key != "schema"} == {
        "name": "groups", "path": "groups.csv", "type": "table", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8",
    }  # fmt: skip
    assert groups["schema"]["primaryKey"] == ["id"]
    assert groups["schema"]["foreignKeys"] == [
        {"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}},
    ]
    assert [field["type"] for field in groups["schema"]["fields"]] == ["string", "string", "string", "number"]
    # A speaker may be an actor or a group, a subject of a count a group or all: no foreign key can say so.
    assert "foreignKeys" not in resources["statements"]["schema"]
    assert "foreignKeys" not in resources["stated_counts"]["schema"]
    assert resources["links"]["schema"]["fields"][2]["constraints"]["enum"][0] == "equal"


def test_an_empty_column_that_tells_an_own_one_from_a_slip_is_kept(tmp_path: Path) -> None:
    columns = {"id": ["a"], "label": ["A"], "definition": [None], "definitions": ["mine"]}
    write_package(package_of(themes=columns), tmp_path)
    frames, problems = parse_tables(read_package(tmp_path))
    assert problems == ()
    assert frames["themes"]["definitions"].tolist() == ["mine"]


def test_the_workbook_holds_typed_cells(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    write_package(small(), tmp_path / "towns.xlsx")
    book = openpyxl.load_workbook(tmp_path / "towns.xlsx")
    assert book.sheetnames[:3] == ["study", "sources", "groups"]
    assert [cell.value for cell in book["groups"][2]][:4] == ["all-towns", "Towns", None, 10]
    assert (book["targets"]["C2"].value, book["targets"]["C2"].data_type) in [("=A", "s"), ("=A", "inlineStr")]
    [typical] = [cell.column_letter for cell in book["statements"][1] if cell.value == "typical"]
    assert book["statements"][f"{typical}2"].value is True
    assert [[cell.value for cell in row] for row in book["study"]][:3] == [
        ["key", "value"], ["title", "Towns"], ["languages", '["en"]'],
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("name", ["towns", "towns.xlsx"])
@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"])
@pytest.mark.parametrize(("table", "column"), [("themes", "label"), ("codings", "code")])
def test_text_that_xml_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, bad: str, table: str, column: str
) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "label": ["A", "B"], column: ["fine", f"not{bad}fine"]}, dtype=object)
    if column == "code" and bad != "\ud800":
        frame[column] = frame[column].astype("category")
    package = Package(name="towns", tables={table: RawTable(file=f"{table}.csv", frame=frame)})
    with pytest.raises(StudyError) as error:
        write_package(package, tmp_path / name)
    assert problem_of(error) == (
        f"{table}, row 3, column {column}: the text holds the character U+{ord(bad):04X}, which XML and so Excel "
        "can't hold; delete it"
    )
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    meta = {"title": "a\x07", "ours": math.nan, "theirs": {1, 2}, "nested": {"deep": ["\x00"]}}
    with pytest.raises(StudyError) as error:
        write_package(Package(name="towns", meta=meta), tmp_path / "towns")
    assert [(problem.file, problem.column) for problem in error.value.problems] == [
        ("study", "title"), ("study", "ours"), ("study", "theirs"), ("study", "nested"),
    ]  # fmt: skip


def test_a_number_that_excel_would_round_goes_into_a_folder_but_no_workbook(tmp_path: Path) -> None:
    package = Package(name="towns", meta={"ours": 2**60})
    write_package(package, tmp_path / "towns")
    with pytest.raises(StudyError) as error:
        write_package(package, tmp_path / "towns.xlsx")
    assert problem_of(error).startswith("study, column ours: Excel's numbers can't hold so many digits")


@pytest.mark.parametrize("name", ["towns", "towns.xlsx"])
def test_metadata_that_says_nothing_is_left_out(tmp_path: Path, name: str) -> None:
    meta = {"title": "", "sampling": None, "key": "value", " ours ": "x", "deep": [{"a": ""}]}
    tables = package_of(themes={"id": ["a"], "label": ["A"]}).tables
    write_package(Package(name="towns", meta=meta, tables=tables), tmp_path / name)
    assert dict(read_package(tmp_path / name).meta) == {"id": "towns", "key": "value", "ours": "x", "deep": [{"a": ""}]}


def test_text_longer_than_a_cell_goes_into_a_folder_but_no_workbook(tmp_path: Path) -> None:
    fits, long = "😀" * 16_383 + "x", "😀" * 16_384
    package = package_of(themes={"id": ["a", "b"], "label": [fits, long]})
    write_package(package, tmp_path / "folder")
    with pytest.raises(StudyError) as error:
        write_package(package, tmp_path / "towns.xlsx")
    assert problem_of(error) == (
        "themes, row 3, column label: the text has 32,768 characters; an Excel cell holds 32,767; "
        "shorten it, or write a folder of CSV files instead"
    )
    write_package(package_of(themes={"id": ["a"], "label": [fits]}), tmp_path / "towns.xlsx")
    assert read_package(tmp_path / "towns.xlsx").tables["themes"].frame["label"].tolist() == [fits]


def test_a_table_longer_than_a_sheet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policygap.io.outgoing.MOST_ROWS", 2)
    with pytest.raises(StudyError, match="3 rows do not fit on a sheet"):
        write_package(package_of(themes={"id": list("abc"), "label": list("abc")}), tmp_path / "towns.xlsx")


def test_a_table_that_no_study_has_is_refused(tmp_path: Path) -> None:
    package = Package(name="x", tables={"budget": RawTable(file="budget", frame=pd.DataFrame({"a": [1]}))})
    with pytest.raises(StudyError, match="a study has no table 'budget'"):
        write_package(package, tmp_path / "towns")


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    tmp_path.joinpath("thesis.docx").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        write_package(small(), tmp_path)
    assert "the folder is not empty and holds no datapackage.json" in problem_of(error)
    assert files_in(tmp_path) == {"thesis.docx": b"precious"}


def test_a_table_that_nobody_listed_is_not_mixed_into_the_study(tmp_path: Path) -> None:
    write_package(package_of(themes={"id": ["a"], "label": ["A"]}), tmp_path)
    tmp_path.joinpath("claims.csv").write_text("id,text\nc,C\n", encoding="utf-8")
    before = files_in(tmp_path)
    with pytest.raises(UsageError) as error:
        write_package(small(), tmp_path)
    assert "claims.csv: the file is not listed in datapackage.json" in problem_of(error)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("study.docx", "policygap can't write '.docx' files"),
        ("file", "this is a file, not a folder"),
        ("file/below", "this can't be written: "),
        ("nowhere/study.xlsx", "the folder of the workbook does not exist"),
        ("nul\0", "a path can't hold a NUL character"),
    ],
)
def test_a_path_that_cannot_be_written_is_a_usage_error(tmp_path: Path, name: str, what: str) -> None:
    tmp_path.joinpath("file").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        write_package(small(), tmp_path / name)
    assert what in problem_of(error)
    assert files_in(tmp_path) == {"file": b"precious"}


def test_without_the_library_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    with pytest.raises(UsageError) as error:
        write_package(small(), tmp_path / "towns.xlsx")
    assert "pip install 'policygap[excel]'" in problem_of(error)
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------------------------------------------- atomicity


def other() -> Package:
    return package_of(
        themes={"id": ["new"], "label": ["New"]}, targets={"id": ["B"], "kind": ["priority"], "label": ["B"]}
    )


def full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("step", ["replace", "unlink", "fsync"])
def test_a_failure_at_any_step_leaves_the_old_files_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    write_package(small(), tmp_path)
    before = files_in(tmp_path)
    owner: Any = os if step == "fsync" else Path
    real, calls = getattr(owner, step), 0

    def fail_once(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return full_disk() if calls == at + 1 else real(*args, **options)

    monkeypatch.setattr(owner, step, fail_once)
    with pytest.raises(UsageError, match="no space left on device; nothing was changed"):
        write_package(other(), tmp_path)
    assert files_in(tmp_path) == before


def test_a_failure_while_writing_a_new_folder_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policygap.io.writing._write_csv", full_disk)
    with pytest.raises(UsageError):
        write_package(small(), tmp_path / "towns")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", [full_disk, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)])
def test_a_failure_while_writing_a_workbook_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Any
) -> None:
    path = tmp_path / "towns.xlsx"
    write_package(small(), path)
    before = files_in(tmp_path)
    monkeypatch.setattr("policygap.io.template._python_cells", fails)
    with pytest.raises((UsageError, KeyboardInterrupt)):
        write_package(other(), path)
    assert files_in(tmp_path) == before


def test_without_hard_links_the_old_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", full_disk)
    for name in ("one", "two"):
        tmp_path.joinpath(name).write_text("old", encoding="utf-8")
    before = files_in(tmp_path)

    def fail(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(atomic, "_sync_folder", fail)
    with pytest.raises(RuntimeError):
        atomic.replace_files({tmp_path / "one": lambda stream: stream.write(b"new")})
    assert set(files_in(tmp_path)) == set(before)


def test_the_old_tables_go_and_other_files_stay(tmp_path: Path) -> None:
    write_package(small(), tmp_path)
    tmp_path.joinpath("notes.md").write_text("mine", encoding="utf-8")
    write_package(other(), tmp_path)
    assert list(files_in(tmp_path)) == ["datapackage.json", "notes.md", "targets.csv", "themes.csv"]


def test_the_descriptor_is_replaced_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (order.append(Path(target).name), real(self, target))[1])
    write_package(other(), tmp_path)
    assert order == ["themes.csv", "targets.csv", "datapackage.json"]


def test_a_workbook_holds_no_time_of_writing(tmp_path: Path) -> None:
    write_package(small(), tmp_path / "towns.xlsx")
    with zipfile.ZipFile(tmp_path / "towns.xlsx") as archive:
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
