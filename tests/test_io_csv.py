"""Every way in which a folder of CSV files can be wrong is a problem with its place and its remedy."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from policygap.errors import Problem
from policygap.io import read_package
from policygap.package import Package


def folder_with(path: Path, **tables: str | bytes) -> Path:
    for name, content in tables.items():
        data = content.encode() if isinstance(content, str) else content
        path.joinpath(f"{name}.csv").write_bytes(data)
    return path


def read_themes(path: Path, content: str | bytes) -> Package:
    return read_package(folder_with(path, themes=content))


def only(package: Package) -> Problem:
    assert len(package.problems) == 1, package.problems
    return package.problems[0]


def records(package: Package, table: str = "themes") -> list[dict[str, object]]:
    return package.tables[table].frame.astype(object).where(lambda frame: frame.notna(), None).to_dict("records")


ROADS = [{"id": "a", "label": "Roads"}]


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (b"id,label\na,Roads\n", None),
        (b"\xef\xbb\xbfid,label\na,Roads\n", None),
        (b"id,label\r\na,Roads\r\n", None),
        (b"id,label\ra,Roads", None),
        (b'"id","label"\n"a","Roads"', None),
        (b" id , label \na,Roads\n\n\n", None),
        (b"id,label,,\na,Roads,,\n,,,\n", None),
        (b"id;label\r\na;Roads\r\n", "themes.csv is separated by semicolons, not commas."),
        (b"\xef\xbb\xbfsep=;\r\nid;label\r\na;Roads\r\n", "themes.csv is separated by semicolons, not commas."),
        (b"id\tlabel\na\tRoads\n", "themes.csv is separated by tabs, not commas."),
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes, remark: str | None) -> None:
    package = read_themes(tmp_path, content)
    assert package.problems == ()
    assert records(package) == ROADS
    assert package.remarks == ((remark,) if remark else ())


def test_cells_stay_the_text_they_are(tmp_path: Path) -> None:
    cells = ["NA", "null", "nan", "1.0", "2020-01-01", "007", "1e5", " blanks ", "True", "-inf"]
    package = read_themes(tmp_path, "id,label\n" + "".join(f"x{cell},{cell}\n" for cell in cells))
    assert [record["label"] for record in records(package)] == cells


@pytest.mark.parametrize("table", ["themes", "codings"])
def test_empty_cells_are_missing_quoted_or_not(tmp_path: Path, table: str) -> None:
    content = 'statement,code,coder\na,"",\n,b,""\n' if table == "codings" else 'id,label,mine\na,"",\n,b,""\n'
    frame = read_package(folder_with(tmp_path, **{table: content})).tables[table].frame
    assert frame.isna().to_numpy().tolist() == [[False, True, True], [True, False, True]]


def test_line_ends_in_cells_become_lf(tmp_path: Path) -> None:
    package = read_themes(tmp_path, b'id,label\r\na,"one\r\ntwo\rthree"\r\n')
    assert records(package)[0]["label"] == "one\ntwo\nthree"


def test_rows_keep_their_numbers_over_blank_ones(tmp_path: Path) -> None:
    package = read_themes(tmp_path, 'id,label\na,"x\ny"\n\n,\nb,B\n')
    table = package.tables["themes"]
    assert [table.row(position) for position in range(2)] == [2, 5]


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("cp1252", "Windows-1252"),
        ("latin-1", "Windows-1252"),
        ("mac_roman", "Mac Roman"),
        ("cp850", "code page 850"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_another_encoding_is_named_and_read_on(tmp_path: Path, codec: str, label: str) -> None:
    package = read_themes(tmp_path, "id,label\na,Roads\nb,Småbyer på Røros\n".encode(codec))
    problem = only(package)
    assert label in problem.what
    assert problem.file == "themes.csv"
    assert problem.row == (None if codec.startswith("utf") else 3)
    assert "save it as UTF-8" in problem.fix
    if codec != "utf-32":
        assert records(package)[1]["label"] == "Småbyer på Røros"


def test_nul_bytes_are_named_row_by_row(tmp_path: Path) -> None:
    package = read_themes(tmp_path, b"id,label\na,Ro\0ads\nb,Rails\nc\0,Air\n" + b"d,Sea\n" * 20)
    assert [(problem.row, problem.what) for problem in package.problems] == [
        (2, "there are NUL bytes in the row"),
        (4, "there are NUL bytes in the row"),
    ]


def test_every_ragged_row_is_named(tmp_path: Path) -> None:
    package = read_themes(tmp_path, 'id,label,definition\na,A,x\nb\n\nc,C,x, y\n"d","D, d",x\ne,E,\n')
    assert [str(problem) for problem in package.problems] == [
        "themes.csv, row 3: the row has 1 cells, the header 3; add the missing commas, even for empty cells",
        "themes.csv, row 5: the row has 4 cells, the header 3; "
        "put cells that hold commas in quotes, or delete what is too much",
    ]
    assert [record["id"] for record in records(package)] == ["a", "b", "c", "d", "e"]


def test_a_short_row_and_a_long_one_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    package = read_themes(tmp_path, "id,label,definition\na,A\nb,B,x,\n")
    assert [problem.row for problem in package.problems] == [2, 3]


def test_a_quote_that_is_never_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    package = read_themes(tmp_path, 'id,label\na,A\nb,"B\nc,C\nd,D\n')
    problem = only(package)
    assert (problem.row, problem.what) == (3, "a quote is opened here and never closed")
    assert 'double every "' in problem.fix


def test_quotes_inside_unquoted_cells_are_text(tmp_path: Path) -> None:
    package = read_themes(tmp_path, 'id,label\na,the "old, roads\nb,5" pipes\n')
    assert [problem.row for problem in package.problems] == [2]
    assert records(package)[1]["label"] == '5" pipes'


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \n"])
def test_an_empty_file_is_a_problem(tmp_path: Path, content: bytes) -> None:
    problem = only(read_themes(tmp_path, content))
    assert str(problem) == ("themes.csv: the file is empty; write a header with at least id,label, or delete the file")


def test_an_empty_first_row_is_a_problem(tmp_path: Path) -> None:
    problem = only(read_themes(tmp_path, b"\nid,label\na,A\n"))
    assert (problem.row, problem.what) == (1, "the first row is empty")


def test_doubled_and_empty_names_of_columns_are_problems(tmp_path: Path) -> None:
    package = read_themes(tmp_path, "id,label,label,,\na,A,B,x,\nb,B,C,,\n")
    assert [str(problem) for problem in package.problems] == [
        "themes.csv, row 1, column label: the name 'label' stands over two columns (2 and 3); "
        "rename or delete one of them",
        "themes.csv, row 1: column 4 has no name, but 1 of its cells are filled; "
        "write a name into row 1, or empty the column",
    ]


@pytest.mark.parametrize(("name", "table"), [("themse", "themes"), ("Themes", "themes"), ("statment", "statements")])
def test_a_misspelt_file_is_a_problem_with_the_right_name(tmp_path: Path, name: str, table: str) -> None:
    folder_with(tmp_path, **{name: "id,label\na,A\n", "targets": "id,kind,label\nA,focus_area,A\n"})
    problem = only(read_package(tmp_path))
    assert problem.file == f"{name}.csv"
    assert problem.fix == f"rename it to {table}.csv"


def test_files_that_are_no_tables_are_left_alone_with_a_remark(tmp_path: Path) -> None:
    folder_with(tmp_path, themes="id,label\na,Roads\n", budget="x\n1\n")
    tmp_path.joinpath("targets.xlsx").write_bytes(b"")
    tmp_path.joinpath("README.md").write_text("hello", encoding="utf-8")
    package = read_package(tmp_path)
    assert package.problems == ()
    assert package.remarks == (
        "budget.csv is no table of a study and is not read.",
        "targets.xlsx is not read: save it as targets.csv if it is the table.",
    )


def test_ids_and_words_of_big_tables_are_categories(tmp_path: Path) -> None:
    package = read_package(folder_with(tmp_path, codings="statement,code,note\ns1,001,001\n"))
    frame = package.tables["codings"].frame
    assert [str(dtype) for dtype in frame.dtypes] == ["category", "category", "str"]
    assert frame["code"].tolist() == ["001"]


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("nowhere", "there is no such file or folder", "check the path"),
        ("study.xls", "policygap can't read '.xls' files", "save it as .xlsx"),
        ("themes.csv", "policygap can't read '.csv' files", "give the folder that holds it"),
        ("study.pdf", "policygap can't read '.pdf' files", "give a folder with CSV files"),
        ("empty", "the folder holds no table of a study", "put some of these there: sources.csv"),
        ("nul\0", "th", "check the path"),
    ],
)
def test_a_path_that_is_no_study_is_a_problem(tmp_path: Path, name: str, what: str, fix: str) -> None:
    if "." in name:
        tmp_path.joinpath(name).write_bytes(b"")
    if name == "empty":
        tmp_path.joinpath(name).mkdir()
    problem = only(read_package(tmp_path / name))
    assert problem.what.startswith(what)
    assert problem.fix.startswith(fix)


def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    problem = only(read_package(tmp_path))
    assert problem.what == "this can't be read: permission denied"
    assert problem.file == str(tmp_path)


def test_a_file_that_may_not_be_read_is_a_problem_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_with(tmp_path, themes="id,label\na,Roads\n", targets="id,kind,label\nA,focus_area,A\n")
    real = Path.open

    def refuse(self: Path, *args: str) -> object:
        if self.name == "targets.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args)

    monkeypatch.setattr(Path, "open", refuse)
    package = read_package(tmp_path)
    assert str(only(package)) == (
        "targets.csv: the file can't be read: permission denied; check that it is a file and that you may read it"
    )
    assert records(package) == ROADS


# ---------------------------------------------------------------------------------------------------- datapackage.json


def package_with(path: Path, descriptor: object, **tables: str) -> Package:
    content = descriptor if isinstance(descriptor, str) else json.dumps(descriptor)
    path.joinpath("datapackage.json").write_text(content, encoding="utf-8")
    return read_package(folder_with(path, **tables))


def test_the_descriptor_says_where_tables_are_and_what_the_study_is(tmp_path: Path) -> None:
    tmp_path.joinpath("data").mkdir()
    tmp_path.joinpath("data", "codebook.csv").write_text("id,label\na,Roads\n", encoding="utf-8")
    resources = [{"name": "themes", "path": "data/codebook.csv"}, {"name": "photos", "path": "photos.zip"}]
    descriptor = {"name": "towns", "title": "Towns", "languages": "en;nb", "ours": {"x": [1]}, "resources": resources}
    package = package_with(tmp_path, descriptor, targets="id,kind,label\nA,focus_area,A\n")
    assert package.name == "towns"
    assert package.meta == {"id": "towns", "title": "Towns", "languages": ["en", "nb"], "ours": {"x": [1]}}
    assert records(package) == ROADS
    assert package.tables["themes"].file == "data/codebook.csv"
    assert package.remarks == (
        "datapackage.json: the resource 'photos' is no table of a study and is not read.",
        "targets.csv is not listed in datapackage.json, but is read as the table targets.",
    )
    assert records(read_package(tmp_path / "datapackage.json")) == ROADS


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../themes.csv", "a/../../b.csv", "https://x.no/t.csv", "a\\b.csv", "C:t.csv", ["a.csv"], ""],
)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: object) -> None:
    package = package_with(tmp_path, {"resources": [{"name": "themes", "path": path}]}, targets="id\n")
    assert "is not a plain path inside the folder" in package.problems[0].what
    assert package.problems[0].fix == "write a relative path of one file, such as themes.csv"


@pytest.mark.parametrize(
    ("descriptor", "what"),
    [
        ("{", "this is not JSON: Expecting property name"),
        ('{"weight": NaN}', "this can't be read as JSON: NaN is no number"),
        ("[" * 200_000, "this can't be read as JSON"),
        ("[]", "this is not a JSON object"),
        ({"resources": {}}, "resources is not a list"),
        ({"resources": [1]}, "resource 1 is not an object"),
        ({"resources": [{"name": "themse", "path": "x.csv"}]}, "no table is called 'themse'"),
        (
            {"resources": [{"name": "claims", "path": "x.csv"}]},
            "the file is listed in datapackage.json but is not there",
        ),
        ({"resources": [{"name": "themes", "path": p} for p in ("a", "b")]}, "two resources are the table themes"),
        ({"languages": 7}, "languages is not a list of words"),
        ({"title": 7}, "title is not text"),
    ],
)
def test_a_faulty_descriptor_is_a_problem_and_the_tables_are_read(
    tmp_path: Path, descriptor: object, what: str
) -> None:
    package = package_with(tmp_path, descriptor, targets="id,kind,label\nA,focus_area,A\n")
    assert package.problems[0].what.startswith(what)
    assert package.problems[0].fix
    assert "targets" in package.tables


def test_a_descriptor_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    tmp_path.joinpath("datapackage.json").write_bytes('{"title": "Småby"}'.encode("latin-1"))
    assert only(read_package(tmp_path)).what == "the text is not UTF-8"


# ------------------------------------------------------------------------------------------------------------ in bulk


def test_many_rows_are_read_into_categories(tmp_path: Path) -> None:
    count = 200_000
    rows = "".join(
        f"s{number // 3},theme-{number % 97},anna,{'for' if number % 2 else ''}\n" for number in range(count)
    )
    package = read_package(folder_with(tmp_path, codings="statement,code,coder,polarity\n" + rows))
    frame = package.tables["codings"].frame
    assert package.problems == ()
    assert len(frame) == count
    assert isinstance(frame["code"].dtype, pd.CategoricalDtype)
    assert frame["code"].nunique() == 97
    assert frame["polarity"].isna().sum() == count // 2
    assert frame.memory_usage(deep=True)["code"] < 2 * count


def test_cells_longer_than_the_csv_module_allows_are_read(tmp_path: Path) -> None:
    long = "x" * 200_000
    package = read_package(folder_with(tmp_path, themes=f'id,label\na,{long}\nb\n"c",5" {long}\n'))
    assert only(package).row == 3
    assert records(package)[2]["label"] == f'5" {long}'


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "themes.csv")
    assert only(read_package(tmp_path)).what == "the folder holds no table of a study"
