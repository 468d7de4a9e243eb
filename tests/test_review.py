"""Reviews: what people decide in the workbook comes back as it was meant, and nothing takes it away again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.review import read_review
from policygap.testing import rule_sets, studies

FEW = settings(max_examples=max(5, settings().max_examples // 10))
RULES = pg.RuleSet(
    name="first try",
    rules=[
        pg.Rule("bus", any=["bus*"]),
        pg.Rule("rail", any=["train*", "rail"]),
        pg.Rule("A", any=["bus*", "train*"]),
    ],
)
TEXTS = {"s1": "More buses and trains.", "s2": "Nothing at all.", "s3": "Rail, please.", "s4": "=cmd|' /C calc'!A0 bus"}


def make_study(texts: Mapping[str, str] = TEXTS, **tables: Any) -> pg.Study:
    made = {
        "themes": [
            {"id": "bus", "label": "Buses"},
            {"id": "rail", "label": "Rail"},
            {"id": "ferry", "label": "Ferries"},
        ],
        "targets": [{"id": "A", "kind": "focus_area", "label": "Transport"}],
        "statements": [{"id": name, "speaker": "x", "text": text} for name, text in texts.items()],
        "codings": [{"statement": "s2", "code": "ferry", "coder": "ann"}],
        "actors": [{"id": "x", "label": "X", "group": "g"}],
        "groups": [{"id": "g", "label": "G"}],
    }
    return pg.build_study(**{**made, **tables})


Filled = dict[tuple[str, str | None], dict[str, str | None]]


def fill(path: Path, filled: Filled, change: Callable[[Any], None] | None = None) -> Path:
    """Write into the rows of statements and codes (or kinds, where the row has no code) as a person would."""
    book = openpyxl.load_workbook(path)
    sheet = book["review"]
    place = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        subject = sheet.cell(row, place["code"]).value or sheet.cell(row, place["kind"]).value
        for name, value in filled.get((sheet.cell(row, place["statement"]).value, subject), {}).items():
            sheet.cell(row, place[name]).value = value
    if change is not None:
        change(sheet)
    book.save(path)
    return path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    pg.export_review(make_study(), RULES, tmp_path / "review.xlsx", everything=True)
    return tmp_path / "review.xlsx"


def codings_of(study: pg.Study, coder: str) -> list[tuple[Any, ...]]:
    rows = study.codings[study.codings["coder"].eq(coder)]
    rows = rows.reindex(columns=["statement", "code", "kind", "rejected", "suggested_by", "note", "basis"]).astype(
        object
    )
    return [tuple(row) for row in rows.where(rows.notna(), None).itertuples(index=False)]


def test_the_workbook_has_a_row_for_each_suggestion_with_the_words_for_it(tmp_path: Path) -> None:
    rows = pg.export_review(make_study(), RULES, tmp_path / "review.xlsx")
    shown = rows[["statement", "kind", "code", "label", "words"]].to_numpy().tolist()
    assert shown == [
        ["s1", "theme", "bus", "Buses", "buses"],
        ["s1", "theme", "rail", "Rail", "trains"],
        ["s1", "focus_area", "A", "Transport", "buses, trains"],
        ["s3", "theme", "rail", "Rail", "Rail"],
        ["s4", "theme", "bus", "Buses", "bus"],
        ["s4", "focus_area", "A", "Transport", "bus"],
    ]


def test_what_the_rules_found_nothing_in_is_there_when_asked_for(tmp_path: Path) -> None:
    rows = pg.export_review(make_study(), RULES, tmp_path / "review.xlsx", everything=True)
    silent = rows[rows["code"].isna()]
    assert silent[["statement", "kind"]].to_numpy().tolist() == [
        ["s2", "theme"],
        ["s2", "focus_area"],
        ["s3", "focus_area"],
    ]


def test_the_workbook_is_made_to_be_filled_in(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["review", "codes", "help"]
    sheet = book["review"]
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation if one.type == "list"}
    assert lists == {"H2:H10": '"accept,reject"', "I2:I10": "'codes'!$A$2:$A$5"}
    assert sheet.freeze_panes == "A2"
    assert [cell.value for cell in book["codes"]["A"]] == ["code", "bus", "rail", "ferry", "A"]


def test_what_strangers_wrote_is_text_and_no_formula(workbook: Path) -> None:
    sheet = openpyxl.load_workbook(workbook)["review"]
    cells = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert cells
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)


def test_the_same_review_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        pg.export_review(make_study(), RULES, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_decision_becomes_a_coding_by_the_person(workbook: Path) -> None:
    fill(
        workbook,
        {
            ("s1", "bus"): {"decision": "accept", "decided_by": "kari", "note": "clear"},
            ("s1", "rail"): {"decision": "Reject ", "decided_by": "kari", "other_code": "ferry"},
            ("s2", "theme"): {"decision": "accept", "decided_by": "ola"},
            ("s2", "focus_area"): {"decision": "reject", "decided_by": "ola", "other_code": "A"},
            ("s3", "rail"): {"other_code": "bus", "decided_by": "ola", "note": "both"},
        },
    )
    study = pg.import_review(make_study(), workbook)
    assert codings_of(study, "kari") == [
        ("s1", "bus", None, None, "first try 1", "clear", "coder"),
        ("s1", None, "theme", "rail", "first try 1", None, "coder"),
        ("s1", "ferry", None, None, "first try 1", None, "coder"),
    ]
    assert codings_of(study, "ola") == [
        ("s2", None, "theme", None, "first try 1", None, "coder"),
        ("s2", "A", None, None, "first try 1", None, "coder"),
        ("s3", "bus", None, None, "first try 1", "both", "coder"),
    ]
    assert codings_of(study, "ann") == codings_of(make_study(), "ann")


def test_a_code_that_was_refused_was_looked_for_and_is_not_given(workbook: Path) -> None:
    fill(workbook, {("s3", "rail"): {"decision": "reject", "decided_by": "kari"}})
    coverage = pg.measure_coverage(pg.import_review(make_study(), workbook), unit="statement", coder="kari")
    assert coverage.themes.loc["rail", ["statements", "assessed"]].to_list() == [0, 1]


def test_a_workbook_that_nobody_filled_in_changes_nothing(workbook: Path) -> None:
    assert pg.import_review(make_study(), workbook) == make_study()
    review = read_review(make_study(), workbook)
    assert (review.decided, review.undecided) == (0, 9)


def test_decisions_stand_in_the_next_workbook_also_on_codes_no_longer_suggested(workbook: Path, tmp_path: Path) -> None:
    fill(
        workbook,
        {
            ("s1", "bus"): {"decision": "accept", "decided_by": "kari"},
            ("s3", "rail"): {"decision": "reject", "decided_by": "kari", "note": "no"},
        },
    )
    study = pg.import_review(make_study(), workbook)
    later = pg.RuleSet(name="first try", version="2", rules=[pg.Rule("bus", any=["bus*"])])
    rows = pg.export_review(study.with_codings(later.suggest(study)), later, tmp_path / "next.xlsx")
    names = ["statement", "code", "words", "decision", "decided_by", "note", "suggested_by"]
    shown = rows[names].astype(object).where(rows[names].notna(), None).to_numpy().tolist()
    assert shown == [
        ["s1", "bus", "buses", "accept", "kari", None, "first try 1"],
        ["s3", "rail", None, "reject", "kari", "no", "first try 1"],
        ["s4", "bus", "bus", None, None, None, "first try 2"],
    ]
    assert pg.import_review(study, tmp_path / "next.xlsx") == study


def test_no_file_is_written_over(workbook: Path) -> None:
    before = workbook.read_bytes()
    with pytest.raises(pg.UsageError, match="the file is there, and may hold decisions; import it first"):
        pg.export_review(make_study(), RULES, workbook)
    assert workbook.read_bytes() == before


def test_a_person_takes_back_a_decision_only_when_that_is_asked_for(workbook: Path) -> None:
    fill(workbook, {("s1", "bus"): {"decision": "accept", "decided_by": "kari"}})
    study = pg.import_review(make_study(), workbook)
    fill(workbook, {("s1", "bus"): {"decision": "reject"}})
    with pytest.raises(pg.StudyError, match="kari refuses statement 's1' the code 'bus', but earlier gave it 'bus'"):
        pg.import_review(study, workbook)
    revised = pg.import_review(study, workbook, revise=True)
    assert codings_of(revised, "kari") == [("s1", None, "theme", "bus", "first try 1", None, "coder")]
    assert pg.import_review(revised, workbook, revise=True) == revised


def test_nothing_of_a_kind_and_a_code_of_it_cannot_both_be_meant(workbook: Path) -> None:
    study = make_study(codings=[{"statement": "s2", "code": None, "kind": "theme", "coder": "kari"}])
    fill(workbook, {("s2", "theme"): {"other_code": "bus", "decided_by": "kari"}})
    with pytest.raises(pg.StudyError, match="gives statement 's2' the code 'bus', but earlier found that none does"):
        pg.import_review(study, workbook)
    revised = pg.import_review(study, workbook, revise=True)
    assert [row[:3] for row in codings_of(revised, "kari")] == [("s2", "bus", None)]


def test_two_people_may_differ(workbook: Path) -> None:
    fill(workbook, {("s1", "bus"): {"decision": "accept", "decided_by": "kari"}})
    study = pg.import_review(make_study(), workbook)
    fill(workbook, {("s1", "bus"): {"decision": "reject", "decided_by": "ola"}})
    both = pg.import_review(study, workbook)
    assert len(codings_of(both, "kari")) == len(codings_of(both, "ola")) == 1


def test_by_names_those_who_did_not_sign(workbook: Path) -> None:
    fill(workbook, {("s1", "bus"): {"decision": "accept"}, ("s3", "rail"): {"decision": "accept", "decided_by": "ola"}})
    study = pg.import_review(make_study(), workbook, by="kari")
    assert (len(codings_of(study, "kari")), len(codings_of(study, "ola"))) == (1, 1)


def test_every_problem_is_named_with_its_row_and_column_and_nothing_is_taken(workbook: Path) -> None:
    def spoil(sheet: Any) -> None:
        sheet["C5"] = "Another text."
        sheet["H6"] = "acept"
        sheet["A7"] = "s9"
        for row in (5, 6, 7):
            sheet[f"H{row}"], sheet[f"J{row}"] = sheet[f"H{row}"].value or "accept", "kari"

    fill(
        workbook,
        {
            ("s1", "bus"): {"decision": "accept"},
            ("s1", "rail"): {"decision": "reject", "other_code": "rail", "decided_by": "kari"},
            ("s1", "A"): {"other_code": "fery", "decided_by": "first try 1"},
            ("s4", "bus"): {"decision": "accept", "decided_by": "kari"},
            ("s4", "A"): {"decision": "accept", "decided_by": "kari"},
        },
        spoil,
    )
    with pytest.raises(pg.StudyError) as error:
        pg.import_review(make_study(), workbook)
    assert [str(problem) for problem in error.value.problems] == [
        "review, row 2, column decided_by: it does not say who decided; write your name there",
        "review, row 3, column other_code: 'rail' is the code that the row suggests; choose accept and leave "
        "other_code empty",
        "review, row 4, column other_code: no theme or target has the id 'fery'; did you mean 'ferry'?",
        "review, row 4, column decided_by: 'first try 1' are the rules themselves; write a person's name there",
        "review, row 5, column text: the text of statement 's2' is another one now; export the review anew and "
        "decide on the text as it is",
        "review, row 6, column decision: 'acept' is no decision; did you mean 'accept'?",
        "review, row 7, column statement: no statement has the id 's9'; write it as it was exported",
    ]


@pytest.mark.parametrize(
    ("decided", "told"),
    [
        ({"decision": "reject"}, "something of the kind theme fits, but not what"),
        ({"decision": "accept", "other_code": "bus"}, "'bus' fits, and yet nothing of the kind theme does"),
    ],
)
def test_a_row_without_a_code_takes_a_decision_that_makes_sense(
    workbook: Path, decided: dict[str, str], told: str
) -> None:
    fill(workbook, {("s2", "theme"): {**decided, "decided_by": "kari"}})
    with pytest.raises(pg.StudyError, match=told):
        pg.import_review(make_study(), workbook)


def test_two_rows_that_contradict_each_other_are_named(workbook: Path) -> None:
    def double(sheet: Any) -> None:
        sheet.append([cell.value for cell in sheet[2]])
        sheet[f"H{sheet.max_row}"] = "reject"

    fill(workbook, {("s1", "bus"): {"decision": "accept", "decided_by": "kari"}}, double)
    with pytest.raises(
        pg.StudyError, match=r"row 11, .*refuses statement 's1' the code 'bus', but in row 2 gave it 'bus'"
    ):
        pg.import_review(make_study(), workbook)


def test_rows_and_columns_may_stand_in_any_order_and_further_ones_are_left_alone(
    workbook: Path, tmp_path: Path
) -> None:
    fill(workbook, {("s1", "bus"): {"decision": "accept", "decided_by": "kari"}})
    frame = pd.read_excel(workbook, sheet_name="review", dtype=object)
    shuffled = frame.iloc[::-1, ::-1].assign(mine=pd.Timestamp("2026-01-01"))
    with pd.ExcelWriter(tmp_path / "shuffled.xlsx") as writer:
        shuffled.to_excel(writer, sheet_name="Review", index=False)
    expected = pg.import_review(make_study(), workbook)
    assert pg.import_review(make_study(), tmp_path / "shuffled.xlsx") == expected


def test_a_column_that_is_missing_or_doubled_is_named(workbook: Path) -> None:
    def rename(sheet: Any) -> None:
        sheet["H1"] = "decided_by"

    fill(workbook, {}, rename)
    with pytest.raises(pg.StudyError) as error:
        pg.import_review(make_study(), workbook)
    assert [problem.what for problem in error.value.problems] == [
        "no columns are called 'decision'", "2 columns are called 'decided_by'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "the file is empty"), (b"hello", "this is not an Excel workbook"), (b"PK\x03\x04rest", "damaged")],
)
def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "review.xlsx"
    path.write_bytes(content)
    with pytest.raises(pg.StudyError, match=told):
        pg.import_review(make_study(), path)


def test_a_workbook_without_a_review_is_refused(tmp_path: Path) -> None:
    make_study().write(tmp_path / "study.xlsx")
    with pytest.raises(pg.StudyError, match="no sheet is called 'review', only 'study'"):
        pg.import_review(make_study(), tmp_path / "study.xlsx")
    with pytest.raises(pg.StudyError, match="it can't be read"):
        pg.import_review(make_study(), tmp_path / "none.xlsx")


def test_ids_that_a_sheet_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    study = make_study({"s1": "bus", "s1\u200b": "bus", "s2": "rail"})
    with pytest.raises(pg.UsageError, match="ids differ in nothing that is seen: 's1'"):
        pg.export_review(study, RULES, tmp_path / "review.xlsx")
    assert not (tmp_path / "review.xlsx").exists()


def test_a_text_longer_than_a_cell_is_cut_and_still_known(tmp_path: Path) -> None:
    study = make_study({"s1": "bus " * 20_000, "s2": "rail \x07\u202e"[:5]})
    path = tmp_path / "review.xlsx"
    pg.export_review(study, RULES, path)
    fill(path, {("s1", "bus"): {"decision": "accept", "decided_by": "kari"}})
    assert len(codings_of(pg.import_review(study, path), "kari")) == 1


def test_the_command_line_exports_imports_and_evaluates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_study().write(tmp_path / "study")
    pg.write_rules(RULES, tmp_path / "first try.toml")
    study, rules, review = (str(tmp_path / name) for name in ("study", "first try.toml", "review.xlsx"))
    assert main(["review", "export", study, rules, "-o", review]) == 0
    assert "6 rows, 0 of them decided already" in capsys.readouterr().out
    fill(Path(review), {("s1", "bus"): {"decision": "accept"}})
    assert main(["review", "import", study, review, "-o", str(tmp_path / "out")]) == 1
    assert "row 2, column decided_by: it does not say who decided" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["review", "import", study, review, "-o", str(tmp_path / "out"), "--by", "kari"]) == 0
    assert "+1 rows of codings, 2 in all" in capsys.readouterr().out
    assert main(["review", "export", study, rules, "-o", review]) == 2
    assert "the file is there" in capsys.readouterr().err


DECISIONS = st.lists(st.sampled_from(["accept", "reject", None]), min_size=40, max_size=40)


@FEW
@given(st.data(), studies(shape="statements"), DECISIONS)
def test_whatever_is_decided_comes_back_and_stays(
    data: st.DataObject, study: pg.Study, verdicts: list[str | None]
) -> None:
    letters = "".join(sorted({char for text in study.statements["text"] for char in text if char.isalnum()})) or "a"
    rules = data.draw(rule_sets([code.id for code in study.codes], letters=letters))
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first.xlsx"), Path(folder, "second.xlsx")
        rows = pg.export_review(study, rules, first)
        book = openpyxl.load_workbook(first)
        for row, verdict in zip(range(2, len(rows) + 2), verdicts, strict=False):
            book["review"].cell(row, 8).value = verdict
        book.save(first)
        decided = [
            (row.statement, row.code, verdict)
            for row, verdict in zip(rows.itertuples(index=False), verdicts, strict=False)
            if verdict and row.decision is None
        ]
        reviewed = pg.import_review(study, first, by="a person who is nobody else")
        again = (
            reviewed.with_codings(rules.suggest(reviewed)) if not study.codings["basis"].eq("rule").any() else reviewed
        )
        rows = pg.export_review(again, rules, second)
        mine = rows[rows["decided_by"].eq("a person who is nobody else")]
        assert sorted(zip(mine["statement"], mine["code"], mine["decision"], strict=True)) == sorted(decided)
        assert pg.import_review(again, second) == again
