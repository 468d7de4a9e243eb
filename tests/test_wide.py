"""Wide tables, one row a submission and one column a code, come in; studies, or every odd cell, must go out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.testing import studies

Cells = list[list[Any]]

SHEET: Cells = [
    ["Consultation on towns, coded in May", None, None, None, None, None, None, None],
    [None, None, None, "Themes", None, "Focus areas", None, None],
    ["Organisation", "Sector", "Text", "Homes", "Roads", "A", "B", "Pages"],
    ["Vik", "Towns", "Build more", "x", None, "x", None, 3],
    ["Ås", "Towns", "Fewer cars", None, "x", None, "x", 1],
    ["Bus plc", "Business", "More buses", None, "X", None, None, 12],
    ["Silent", "Business", None, None, None, None, None, 2],
]


def save(path: Path, merged: dict[str, list[str]] | None = None, **sheets: Cells) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for area in (merged or {}).get(name, []):
            sheet.merge_cells(area)
    book.save(path)
    return path


def codings(study: pg.Study) -> list[tuple[Any, ...]]:
    frame = study.codings[["statement", "code", "kind"]].astype(object)
    return [tuple(row) for row in frame.where(frame.notna(), None).to_numpy().tolist()]


def said(study: pg.Study) -> str:
    return "\n".join(map(str, study.notices))


# -- what is read


def test_a_sheet_with_titles_and_crosses_is_a_study(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", {"Ark1": ["A1:H1", "D2:E2", "F2:G2"]}, Ark1=SHEET, Notes=[["mine"]])
    study = pg.read_study(path)
    assert [(code.id, code.kind) for code in study.codes] == [
        ("Homes", "theme"), ("Roads", "theme"), ("A", "focus_area"), ("B", "focus_area"),
    ]  # fmt: skip
    assert codings(study) == [
        ("row-4", "Homes", None), ("row-4", "A", None), ("row-5", "Roads", None), ("row-5", "B", None),
        ("row-6", "Roads", None), ("row-6", None, "focus_area"),
    ]  # fmt: skip
    assert study.statements["text"].tolist() == ["Build more", "Fewer cars", "More buses", "(no text)"]
    assert study.statements["Pages"].tolist() == ["3", "1", "12", "2"]
    assert [(actor.label, actor.group) for actor in study.actors] == [
        ("Vik", "group-towns"), ("Ås", "group-towns"), ("Bus plc", "group-business"), ("Silent", "group-business"),
    ]  # fmt: skip
    coverage = pg.measure_coverage(study)
    assert coverage.targets.loc["A", ["speakers", "assessed"]].tolist() == [1, 3]  # who is silent is not assessed
    assert "No cell says 0" in said(study)
    assert "The sheet 'Notes' is not read." in said(study)
    assert "Columns that are no codes are kept with the statements (1): Pages." in said(study)


def test_a_zero_is_looked_for_and_an_empty_cell_beside_zeros_is_not(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("id,name,Focus areas/A,Focus areas/B,homes\ns1,Vik,0,0,1\ns2,Ås,,,0\ns3,Os,1,,\n", encoding="utf-8")
    study = pg.read_study(path)
    assert codings(study) == [
        ("s1", None, "focus_area"),
        ("s1", "homes", None),
        ("s2", None, "theme"),
        ("s3", "A", None),
    ]
    targets = pg.measure_coverage(study).targets
    assert targets["assessed"].tolist() == [2, 2]
    assert "Empty cells beside filled ones of the same kind (focus_area: 1) are read as 0" in said(study)


def test_two_coders_rows_of_one_submission_are_one_statement(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("id;coder;name;homes;roads\n1;ann;Vik;1;0\n1;bo;Vik;1;1\n2;ann;Ås;0;1\n", encoding="utf-8-sig")
    study = pg.read_study(path)
    assert study.statements["id"].tolist() == ["1", "2"]
    assert study.codings.groupby("coder", observed=True).size().to_dict() == {"ann": 2, "bo": 2}


def test_an_id_that_stands_twice_is_told_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("id,name,homes,roads\n1,Vik,1,0\n1,Ås,0,1\n", encoding="utf-8")
    with pytest.raises(pg.StudyError, match="row 3, column id: the id '1' stands in row 2 already"):
        pg.read_study(path)


def test_odd_cells_are_told_one_by_one(tmp_path: Path) -> None:
    sheet = [["name", "homes", "roads"], ["Vik", 1, 0], ["Ås", "?", 1], ["Os", 0, 2], ["By", 1, "#N/A"]]
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(save(tmp_path / "towns.xlsx", data=sheet))
    assert [str(problem) for problem in error.value.problems] == [
        "data, row 5, column roads: the cell shows the error #N/A; correct the formula, or type the value",
        *(
            f"data, row {row}, column {column}: the cell holds {cell!r}, where most of the column's cells say yes or "
            "no; write 1, 0 or x; if the column is no code, name the columns that are in a mapping"
            for row, column, cell in ((3, "homes", "?"), (4, "roads", "2"))
        ),
    ]


def test_a_mapping_says_which_columns_are_what(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text("name,kind of town,homes,roads,late\nVik,big,1,0,1\nÅs,small,0,1,0\n", encoding="utf-8")
    (tmp_path / "towns.toml").write_text(
        'themes = ["homes"]\ngroup = "kind of town"\n[targets]\nfocus_area = ["roads"]\n', encoding="utf-8"
    )
    study = pg.read_study(path)
    assert [(code.id, code.kind) for code in study.codes] == [("homes", "theme"), ("roads", "focus_area")]
    assert study.statements["late"].tolist() == ["1", "0"]
    assert [group.label for group in study.groups] == ["big", "small"]
    with pytest.raises(pg.StudyError, match="the mapping's group 'Region' is no column"):
        pg.read_study(path, mapping=pg.CodeMapping(group="Region"))
    with pytest.raises(pg.StudyError, match="names 'hms', and no code or set is called that; did you mean 'homes'"):
        pg.read_study(path, mapping=pg.CodeMapping(themes=["hms"]))


def test_tables_beside_a_wide_sheet_say_what_the_columns_are(tmp_path: Path) -> None:
    path = save(
        tmp_path / "towns.xlsx",
        themes=[["id", "label", "definition"], ["t1", "Homes", "Places to live"], ["t2", "Roads", None]],
        targets=[["id", "kind", "label"], ["A", "priority", "Building"]],
        actors=[["id", "label", "group"], ["vik", "Vik", "g"], ["aas", "Ås", "g"]],
        groups=[["id", "label"], ["g", "Towns"]],
        coded=[["Respondent", "t1", "roads", "Building", "late"], ["Vik", 1, 0, 1, 1], ["aas", 0, 1, 0, 0]],
    )
    study = pg.read_study(path)
    assert [(code.id, code.kind) for code in study.codes] == [("t1", "theme"), ("t2", "theme"), ("A", "priority")]
    assert codings(study) == [
        ("row-2", "t1", None), ("row-2", "A", None), ("row-3", "t2", None), ("row-3", None, "priority"),
    ]  # fmt: skip
    assert study.statements["speaker"].tolist() == ["vik", "aas"]
    assert study.statements["late"].tolist() == ["1", "0"]
    assert "Columns that are no codes are kept with the statements (1): late." in said(study)
    stranger = save(
        tmp_path / "more.xlsx",
        actors=[["id", "label", "group"], ["vik", "Vik", "g"]],
        groups=[["id", "label"], ["g", "Towns"]],
        coded=[["Respondent", "t1", "t2"], ["Who", 1, 0]],
    )
    with pytest.raises(pg.StudyError, match=r"coded, row 2, column speaker: .*'Who'"):
        pg.read_study(stranger)


def test_the_same_column_twice_is_told(tmp_path: Path) -> None:
    sheet = [["name", "homes", "homes", None], ["Vik", 1, 0, 1], ["Ås", 0, 1, None]]
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(save(tmp_path / "towns.xlsx", data=sheet))
    assert [problem.what for problem in error.value.problems] == [
        "column 4 has no name, but 1 of its cells are filled",
        "2 columns are the same code",
    ]


def test_one_command_makes_a_report_of_a_wide_sheet(tmp_path: Path) -> None:
    path = save(tmp_path / "towns.xlsx", Ark1=SHEET)
    out = tmp_path / "report"
    assert main(["report", str(path), "--out", str(out), "--quick", "--formats", "md"]) == 0
    assert "Homes" in (out / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("header", ["theme,theme_label,relation,target,target_label", "source,x,relation,target,y"])
def test_a_crosswalk_stays_one_whatever_its_ids_are(tmp_path: Path, header: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\nx,1,equal,1,0\ny,0,subset,0,x\n", encoding="utf-8")
    assert [tuple(row) for row in pg.read_study(path).links[["theme", "target"]].to_numpy()] == [("x", "1"), ("y", "0")]


def test_a_crosswalk_of_two_columns_is_still_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("theme,target,x\nt1,A,1\nt2,B,0\n", encoding="utf-8")
    assert len(pg.read_study(path).links) == 2


# -- there and back


def counted(study: pg.Study) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What is coded, and for which kinds each statement was looked at, whoever did it."""
    kinds = {code.id: code.kind for code in study.codes}
    rows = study.codings.astype(object)
    rows = rows[rows["basis"].isna() | rows["basis"].isin(["coder", "rule"])]
    rows = rows[rows["reading"] != "alternative"]
    coded = {(s, c) for s, c in zip(rows["statement"], rows["code"], strict=True) if isinstance(c, str)}
    looked = {
        (s, kinds[c] if isinstance(c, str) else k)
        for s, c, k in zip(rows["statement"], rows["code"], rows["kind"], strict=True)
    }
    return coded, looked


def test_what_is_coded_and_looked_for_comes_back(tmp_path: Path) -> None:
    study = pg.read_study("smabystrategi")
    losses = study.write(tmp_path / "towns.wide.csv")
    assert "To be read again, these kinds of target need a mapping: priority." in losses
    mapping = pg.CodeMapping(
        targets={"focus_area": ["focus_area"], "recommendation": ["recommendation"], "priority": ["priority"]}
    )
    again = pg.read_study(tmp_path / "towns.wide.csv", mapping=mapping)
    assert counted(again) == counted(study)
    assert again.statements["text"].tolist() == study.statements["text"].tolist()
    study.write(tmp_path / "again.wide.csv")
    assert (tmp_path / "again.wide.csv").read_bytes() == (tmp_path / "towns.wide.csv").read_bytes()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies(shape="statements"))
def test_any_study_is_written_as_marks_that_say_what_it_says(tmp_path: Path, study: pg.Study) -> None:
    study.write(tmp_path / "x.wide.csv")
    frame = pd.read_csv(tmp_path / "x.wide.csv", dtype=str, keep_default_na=False, na_values=[""])
    coded, looked = counted(study)
    for code in study.codes:
        column = frame[f"{code.kind}/{code.id}"]
        assert set(frame.loc[column == "1", "id"]) == {s for s, c in coded if c == code.id}
        assert set(frame.loc[column.notna(), "id"]) == {s for s, k in looked if k == code.kind}


def test_a_study_of_links_has_no_rows_to_write(tmp_path: Path) -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )
    with pytest.raises(pg.StudyError, match="the study has no statements to stand in rows"):
        study.write(tmp_path / "x.wide.csv")
    assert list(tmp_path.iterdir()) == []


# -- files from strangers


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.sampled_from(["0", "1", "x", "", " ", "=1+1", "?", "a/b", "\u202e", "Text", "id"]), max_size=6),
        max_size=8,
    )
)
def test_cells_of_any_shape_are_a_study_or_an_error(tmp_path: Path, rows: Cells) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(path)
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(save(tmp_path / "x.xlsx", data=rows))
    assert {one.name for one in tmp_path.iterdir()} <= {"x.csv", "x.xlsx"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 120), junk=st.binary(max_size=6))
def test_a_damaged_wide_table_is_a_study_or_an_error(tmp_path: Path, place: int, junk: bytes) -> None:
    data = "name,homes,roads,A\nVik,1,0,x\nÅs,0,1,\nOs,1,1,x\n".encode()
    path = tmp_path / "x.csv"
    path.write_bytes(data[:place] + junk + data[place + len(junk) :])
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(path)


# -- what people really have


def read(tmp_path: Path, text: str) -> pg.Study:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    return pg.read_study(path)


def kinds(study: pg.Study) -> list[tuple[str, str]]:
    return [(code.id, code.kind) for code in study.codes]


def test_a_csv_file_may_have_titles_and_two_rows_of_names(tmp_path: Path) -> None:
    head = "Coding of May;;;;;\n;;;;;\n;;Themes;;Focus areas;\n"
    study = read(tmp_path, head + "No;Respondent;Homes;Roads;A;B\n1;Vik;1;0;x;\n2;Elv;0;1;;x\n")
    assert kinds(study) == [("Homes", "theme"), ("Roads", "theme"), ("A", "focus_area"), ("B", "focus_area")]
    assert study.statements["id"].tolist() == ["1", "2"]
    with pytest.raises(pg.StudyError, match="row 6, column Roads: the cell holds '7'"):
        read(tmp_path, head + "No;Respondent;Homes;Roads;A;B\n1;Vik;1;0;x;\n2;Elv;0;7;;x\n3;Å;0;1;;\n")


def test_codes_of_one_name_under_two_titles_are_two(tmp_path: Path) -> None:
    study = read(tmp_path, ",Needs,,Focus areas,\nName,Homes,Roads,Homes,Roads\nVik,1,0,0,1\nElv,0,1,1,1\n")
    assert [(code.label, code.kind) for code in study.codes] == [
        ("Homes", "theme"), ("Roads", "theme"), ("Homes", "focus_area"), ("Roads", "focus_area"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["Organisation,Text,A,B,C\nVik,t,1,0,1\nElv,u,0,1,1\n", "From,Text,To,Roads\nVik,t,1,0\nElv,u,0,1"]
)
def test_codes_that_are_called_like_a_crosswalks_sides_are_codes(tmp_path: Path, text: str) -> None:
    study = read(tmp_path, text)
    assert (len(study.links), len(study.statements)) == (0, 2)


def test_numbers_of_a_crosswalk_are_no_marks(tmp_path: Path) -> None:
    assert len(read(tmp_path, "source,target\n1,1\n0,1\n").links) == 2


def test_sums_at_the_bottom_and_at_the_side_are_no_answers(tmp_path: Path) -> None:
    study = read(tmp_path, "Name,Homes,Roads,Total\nVik,1,0,1\nElv,0,1,1\nTotal,1,1,2\n")
    assert [actor.label for actor in study.actors] == ["Vik", "Elv"]
    assert [code.id for code in study.themes] == ["Homes", "Roads"]
    assert study.statements["Total"].tolist() == ["1", "1"]
    assert "Rows that add up those above are left out (row 4)." in said(study)
    unnamed = read(tmp_path, "Name,Homes,Roads,Sum\nVik,x,,1\nElv,,x,1\n,1,1,2\n")
    assert len(unnamed.statements) == 2


@pytest.mark.parametrize(
    "text", ["homes,roads\n1,0\n1,0\n", "homes,roads\n0,0\n0,0\n", "id,homes,roads\n1,1,0\n2,1,0\n"]
)
def test_equal_answers_are_no_sums(tmp_path: Path, text: str) -> None:
    assert len(read(tmp_path, text).statements) == 2


def test_a_firm_called_total_is_no_sum(tmp_path: Path) -> None:
    study = read(tmp_path, "Name,Homes,Roads\nVik,1,0\nElv,1,1\nTotal,1,0\n")
    assert [actor.label for actor in study.actors] == ["Vik", "Elv", "Total"]


@pytest.mark.parametrize(
    "text",
    [
        "ID;Absender;Stellungnahme;Wohnen;Verkehr\nA;Ulm;Eins;WAHR;FALSCH\nB;Kiel;Zwei;FALSCH;WAHR\n",
        "N°;Organisme;Réponse;Logement;Bus\nA;Lyon;Un;VRAI;FAUX\nB;Brest;Deux;FAUX;VRAI\n",
        "Nr;Høringsinstans;Innspill;Bolig;Buss\nA;Åmot;En;SANN;USANN\nB;Bø;To;USANN;SANN\n",
    ],
)
def test_headings_and_marks_may_be_in_the_users_language(tmp_path: Path, text: str) -> None:
    study = read(tmp_path, text)
    assert study.statements["id"].tolist() == ["A", "B"]
    assert len(study.actors) == len(study.codings) == len(study.themes) == 2
    assert "(no text)" not in study.statements["text"].tolist()
    assert "no codes are kept" not in said(study)


def test_the_better_of_two_names_is_taken_and_none_overwrites_another(tmp_path: Path) -> None:
    study = read(tmp_path, "Nr,id,Comment,Text,Homes,Roads\n7,a,c,t,1,0\n8,b,d,u,0,1\n")
    assert study.statements["id"].tolist() == ["a", "b"]
    assert study.statements[["text", "Nr", "Comment"]].to_numpy().tolist() == [["t", "7", "c"], ["u", "8", "d"]]
    with pytest.raises(pg.StudyError, match="columns 2 and 3 would both be 'Pages'"):
        read(tmp_path, "Name,Pages,Pages,Homes,Roads\nVik,12,13,1,0\n")


def test_it_is_told_where_nobody_speaks_or_codes_stand_in_rows(tmp_path: Path) -> None:
    notices = said(read(tmp_path, "Theme,Vik,Elv,Bus\nHomes,1,0,1\nRoads,0,1,1\n"))
    assert "No column says who speaks" in notices
    assert "The rows go by a column 'Theme'" in notices


def test_a_wide_sheet_may_be_called_coding(tmp_path: Path) -> None:
    study = pg.read_study(save(tmp_path / "towns.xlsx", Notes=[["mine"]], Coding=SHEET))
    assert len(study.statements) == 4


def test_a_text_of_any_length_leaves_a_table_wide(tmp_path: Path) -> None:
    study = read(tmp_path, "id,text,homes,roads\n1," + "h" * 200_000 + ",1,0\n2,u,0,1\n")
    assert len(study.statements) == 2


def test_an_absurd_number_of_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pg.StudyError, match="it has 16,385 columns, and 16,384 are read"):
        read(tmp_path, ",".join(f"c{n}" for n in range(16_385)) + "\n" + ",".join(["1"] * 16_385))


def test_more_cells_than_are_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("name,homes,roads\n" + "Vik,1,0\n" * 9, encoding="utf-8")
    with pytest.raises(pg.StudyError, match="it has 30 cells, and 28 are read; if you trust it, raise the limit"):
        pg.read_study(path, limits=pg.Limits(elements=7))


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_names_may_reach_across_both_rows_of_a_heading(tmp_path: Path, ending: str) -> None:
    sheet: Cells = [
        ["Consultation on towns"],
        ["No", "Respondent", "Sector", "Text", "Themes", None, "Focus areas", None, "Remarks"],
        [None, None, None, None, "Homes", "Roads", "A", "B", None],
        ["1", "Vik", "Towns", "Build", 1, 0, 1, 0, "late"],
        ["2", "Elv", "Towns", "Drive", 0, 1, 0, 1, None],
    ]
    path = tmp_path / f"x{ending}"
    if ending == ".xlsx":
        save(path, {"Ark1": ["A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:H2", "I2:I3"]}, Ark1=sheet)
    else:
        lines = [";".join("" if cell is None else str(cell) for cell in row) for row in sheet]
        path.write_text("\n".join(lines), encoding="utf-8")
    study = pg.read_study(path)
    assert kinds(study) == [("Homes", "theme"), ("Roads", "theme"), ("A", "focus_area"), ("B", "focus_area")]
    assert study.statements["id"].tolist() == ["1", "2"]
    assert study.statements["Remarks"].tolist()[0] == "late"
    assert [group.label for group in study.groups] == ["Towns"]
