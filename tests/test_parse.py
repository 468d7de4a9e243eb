"""Raw tables become typed frames, and every problem of a table is named with its place and its remedy."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policygap.errors import Problem
from policygap.package import Package, RawTable
from policygap.parse import parse_tables, split_list
from policygap.schema import RESERVED_KINDS, TABLES, Form


def package_of(**tables: Any) -> Package:
    frames = {name: frame if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame) for name, frame in tables.items()}
    return Package(name="x", tables={name: RawTable(file=f"{name}.csv", frame=frame) for name, frame in frames.items()})


def parse(table: str, columns: Any) -> tuple[pd.DataFrame, list[str]]:
    frames, problems = parse_tables(package_of(**{table: columns}))
    return frames[table], [str(problem).removeprefix(f"{table}.csv, ") for problem in problems]


def column(table: str, name: str, cells: Any) -> tuple[list[Any], list[str]]:
    """One column of an otherwise complete table, missing as None, and the problems of that column."""
    size = len(cells)
    required = {key: [f"{key}{place}" for place in range(size)] for key in TABLES[table].required}
    frame, problems = parse(table, pd.DataFrame({**required, name: cells}))
    values = frame[name].astype(object)
    return values.where(values.notna(), None).tolist(), problems


# --------------------------------------------------------------------------------------------------------------- types


def test_every_table_is_there_with_every_column_and_its_type() -> None:
    for frames, _ in (parse_tables(package_of()), parse_tables(package_of(**{name: {} for name in TABLES}))):
        assert list(frames) == list(TABLES)
        for name, table in TABLES.items():
            assert list(frames[name].columns) == [known.name for known in table.columns]
    dtypes = {form: set[str]() for form in Form}
    for name, table in TABLES.items():
        for known in table.columns:
            if not known.many:
                dtypes[known.form].add(str(frames[name][known.name].dtype))
    assert dtypes[Form.TEXT] == {"str"}
    assert dtypes[Form.ID] == dtypes[Form.REF] == dtypes[Form.WORD] == {"str", "category"}
    assert (dtypes[Form.INTEGER], dtypes[Form.NUMBER], dtypes[Form.FLAG]) == ({"Int64"}, {"Float64"}, {"boolean"})


def test_ids_and_words_are_categories_in_big_tables_and_text_elsewhere() -> None:
    frames, _ = parse_tables(
        package_of(codings={"statement": ["s"], "code": ["t"]}, themes={"id": ["t"], "label": ["T"]})
    )
    assert [str(frames["codings"][name].dtype) for name in ("statement", "code", "note")] == [
        "category",
        "category",
        "str",
    ]
    assert str(frames["themes"]["id"].dtype) == "str"
    assert str(frames["statements"]["addressees"].dtype) == "str"


def test_own_columns_follow_in_their_order_as_text() -> None:
    frame, problems = parse("themes", {"zeta": [1], "label": ["A"], "label_nb": [" Å "], "id": ["a"], "alpha": [None]})
    assert list(frame.columns) == ["id", "label", "definition", "parent", "zeta", "label_nb", "alpha"]
    assert frame[["zeta", "label_nb", "alpha"]].astype(object).iloc[0].tolist()[:2] == ["1", " Å "]
    assert frame["alpha"].isna().all()
    assert problems == []


class Word(StrEnum):
    CALL = "call"


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2],
        [1.0, 2.0],
        np.array([1, 2], dtype=np.int8),
        pd.array([1, 2], dtype="Int64"),
        pd.Categorical([1, 2]),
        pd.Categorical(["1 ", "2"]),
        ["1", " 2"],
        pd.Series(["1", 2.0], dtype=object),
        pd.Series([Decimal(1), np.int64(2)], dtype=object),
        pd.array(["1", "2"], dtype="string"),
    ],
)
@pytest.mark.parametrize("table", ["themes", "statements"])
def test_ids_of_any_type_become_the_same_text(table: str, cells: Any) -> None:
    assert column(table, "id", cells) == (["1", "2"], [])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "", []])
def test_missing_is_missing_however_it_is_said(missing: Any) -> None:
    for table, name in (
        ("themes", "parent"),
        ("codings", "code"),
        ("links", "weight"),
        ("statements", "counted"),
        ("themes", "mine"),
    ):
        assert column(table, name, pd.Series([missing], dtype=object)) == ([None], [])


def test_cells_of_other_types_become_text() -> None:
    cells = pd.Series(
        [True, datetime.date(2020, 1, 2), pd.Timestamp(2020, 1, 2), Word.CALL, ("a", "b"), {"b", "a"}], dtype=object
    )
    assert column("themes", "mine", cells)[0] == ["true", "2020-01-02", "2020-01-02", "call", "a;b", "a;b"]
    assert column("themes", "mine", pd.to_datetime(["2020-01-02"]))[0] == ["2020-01-02"]


def test_text_keeps_its_blanks_and_ids_words_and_items_lose_theirs() -> None:
    assert column("themes", "definition", [" a ", " "]) == ([" a ", " "], [])
    assert column("themes", "parent", [" a ", " "]) == (["a", None], [])
    assert column("statements", "kind", ["call ", " call"]) == (["call", "call"], [])
    assert column("statements", "addressees", [" a; b;;", ";"]) == (["a;b", None], [])


def test_line_ends_become_lf() -> None:
    assert column("themes", "definition", ["a\r\nb\rc"]) == (["a\nb\nc"], [])


def test_categories_are_sorted_and_in_use() -> None:
    code = pd.Categorical(["b", "a", " a"], categories=["z", "b", "a", " a"])
    frame, _ = parse("codings", pd.DataFrame({"statement": ["s"] * 3, "code": code}))
    assert frame["code"].cat.categories.tolist() == ["a", "b"]


def test_the_index_of_a_frame_does_not_matter() -> None:
    frame, problems = parse("themes", pd.DataFrame({"id": ["a", "a"], "label": ["A", "B"]}, index=[7, 7]))
    assert isinstance(frame.index, pd.RangeIndex)
    assert len(problems) == 1


@pytest.mark.parametrize(("cell", "flag"), [("true", True), ("TRUE", True), ("1", True), ("Yes", True), ("ja", True),
    ("false", False), ("0", False), ("no", False), ("Nei", False), (True, True), (0, False), (1.0, True)])  # fmt: skip
def test_flags_are_read_in_both_languages(cell: Any, flag: bool) -> None:
    assert column("statements", "counted", pd.Series([cell], dtype=object)) == ([flag], [])


@pytest.mark.parametrize(
    ("cell", "number"),
    [("0", 0), ("5", 5), (" 5 ", 5), ("0.5", 0.5), (".5", 0.5), ("1e3", 1000), ("+2", 2), ("-0", 0), (2.5, 2.5)],
)
def test_numbers_are_read(cell: Any, number: float) -> None:
    assert column("links", "weight", [cell]) == ([number], [])


@given(st.lists(st.none() | st.floats(0, allow_infinity=False), min_size=1))
def test_numbers_keep_every_digit(numbers: list[float | None]) -> None:
    cells = [np.nan if number is None else number for number in numbers]
    assert column("links", "weight", cells)[0] == numbers


@given(st.lists(st.text(st.sampled_from("ab; \t"), max_size=6)))
def test_a_list_of_items_is_the_same_however_it_is_spaced(items: list[str]) -> None:
    text = ";".join(items)
    tidy = split_list(text)
    assert split_list(";".join(tidy)) == tidy
    assert all(item == item.strip() != "" for item in tidy)


@given(st.permutations(range(8)))
def test_the_order_of_rows_changes_no_cell(order: list[int]) -> None:
    frame = pd.DataFrame(
        {"statement": list("abcdabcd"), "code": [*"xyzx", None, *"yzy"], "polarity": ["for", None] * 4}
    )
    whole = parse("codings", frame)[0]
    shuffled = parse("codings", frame.iloc[order])[0]
    pd.testing.assert_frame_equal(shuffled, whole.iloc[order].reset_index(drop=True))


# ------------------------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["id"], "row 1, column label: the column label is missing; add it (id, label are required)"),
        (["id", "labl"], "row 1, column labl: no column is called 'labl'; it may be 'label'; rename it to label"),
        (["id", "Label"], "row 1, column Label: no column is called 'Label'; it may be 'label'; rename it to label"),
        (
            ["id", "labelling"],
            "row 1, column label: the column label is missing; the column 'labelling' may be 'label': "
            "rename it, or add it (id, label are required)",
        ),
        (
            ["id", "label", "parrent"],
            "row 1, column parrent: no column is called 'parrent'; it may be 'parent'; rename it to parent; "
            "if it is a column of your own, add an empty column parent beside it",
        ),
        (
            ["id", "label", "LABEL"],
            "row 1, column LABEL: the columns 'label' and 'LABEL' differ by case only; rename or delete one of them",
        ),
        (
            ["id", "label", "mine", "Mine"],
            "row 1, column Mine: the columns 'mine' and 'Mine' differ by case only; rename or delete one of them",
        ),
        (
            ["id", "label", "label"],
            "row 1, column label: the name 'label' stands over two columns; rename or delete one of them",
        ),
    ],
)
def test_missing_misspelt_and_doubled_columns_are_problems(names: list[str], problem: str) -> None:
    frame = pd.DataFrame([[f"x{place}" for place in range(len(names))]], columns=names)
    assert parse("themes", frame)[1] == [problem]


@pytest.mark.parametrize("name", ["label_nb", "definition_en", "colour", "notes"])
def test_own_columns_and_language_variants_are_no_misspellings(name: str) -> None:
    assert parse("themes", {"id": ["a"], "label": ["A"], name: ["x"]})[1] == []


def test_an_own_column_beside_the_one_it_resembles_is_no_misspelling() -> None:
    frame, problems = parse("themes", {"id": ["a"], "label": ["A"], "parent": [None], "parents": ["x"]})
    assert problems == []
    assert frame["parents"].tolist() == ["x"]


def test_unknown_tables_are_problems() -> None:
    _, problems = parse_tables(package_of(theme={"id": ["a"]}, budget={"x": [1]}))
    assert [problem.fix for problem in problems] == [
        "did you mean 'themes'?",
        f"use one of {', '.join(TABLES)}",
    ]


# --------------------------------------------------------------------------------------------------------------- cells


def test_empty_required_cells_are_problems() -> None:
    frame = {"id": ["s1", None], "speaker": [" ", "a"], "text": ["x", ""]}
    assert parse("statements", frame)[1] == [
        "row 2, column speaker: the cell is empty; fill in the speaker, or delete the row",
        "row 3, column id: the cell is empty; fill in the id, or delete the row",
        "row 3, column text: the cell is empty; fill in the text, or delete the row",
    ]


@pytest.mark.parametrize("table", ["themes", "statements"])
def test_every_later_row_of_a_doubled_id_names_the_first(table: str) -> None:
    _, problems = column(table, "id", ["a", "b", "a ", None, "a"])
    assert problems[:1] + problems[2:] == [
        "row 4, column id: the id 'a' stands in row 2 already; give one of the two rows another id",
        "row 6, column id: the id 'a' stands in row 2 already; give one of the two rows another id",
    ]


@pytest.mark.parametrize(
    ("name", "what"),
    [("a;b", "holds a semicolon"), ("a\nb", "holds a line break or"), ("a\x1b", "holds a line break or")],
)
def test_ids_that_cannot_stand_in_lists_or_lines_are_problems(name: str, what: str) -> None:
    _, problems = column("themes", "id", ["fine", name])
    assert len(problems) == 1
    assert problems[0].startswith("row 3, column id: the id '")
    assert what in problems[0]


def test_words_outside_a_vocabulary_are_problems_with_the_nearest_word() -> None:
    _, problems = column("codings", "polarity", ["for", "aganst", "xyz", "For"])
    assert problems == [
        "row 3, column polarity: 'aganst' is none of for, against; did you mean 'against'?",
        "row 4, column polarity: 'xyz' is none of for, against; write one of for, against",
        "row 5, column polarity: 'For' is none of for, against; did you mean 'for'?",
    ]


@pytest.mark.parametrize("kind", RESERVED_KINDS)
def test_a_kind_of_target_that_names_something_else_is_a_problem(kind: str) -> None:
    _, problems = column("targets", "kind", ["focus_area", kind])
    assert problems == [
        f"row 3, column kind: '{kind}' names something else in a study and can't be a kind of target; use another word"
    ]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("0,5", "'0,5' has a decimal comma; write 0.5"),
        ("12,75", "'12,75' has a decimal comma; write 12.75"),
        ("1,000", "'1,000' has something between its digits; write 1000, or 1.000 if the comma stands before decimals"),
        ("1 000", "'1 000' has something between its digits; write 1000"),
        ("1.000.000", "'1.000.000' has something between its digits; write 1000000"),
        ("NaN", "'NaN' is no number; leave the cell empty where the number is unknown"),
        ("inf", "'inf' is no number; leave the cell empty where the number is unknown"),
        (float("inf"), "'inf' is no number; leave the cell empty where the number is unknown"),
        (-1.5, "'-1.5' is negative; write a number of 0 or more"),
        ("1e999", "'1e999' is too large; write a number below 1e308"),
        ("many", "'many' is no number; write digits, with a point before decimals, such as 12 or 0.5"),
        ("٣", "'٣' is no number; write digits, with a point before decimals, such as 12 or 0.5"),
    ],
)
def test_what_is_no_number_is_a_problem(cell: Any, problem: str) -> None:
    assert column("links", "weight", [cell]) == ([None], [f"row 2, column weight: {problem}"])


@pytest.mark.parametrize(
    ("cell", "year", "problems"),
    [
        ("2022", 2022, []),
        (2022.0, 2022, []),
        ("2022.5", None, ["row 2, column year: '2022.5' is not a whole number; write a whole number, such as 2022"]),
        ("-5", None, ["row 2, column year: '-5' is negative; write a number of 0 or more"]),
        ("9" * 30, None, [f"row 2, column year: '{'9' * 30}' is too large; write a smaller number"]),
    ],
)
def test_whole_numbers_are_whole(cell: Any, year: int | None, problems: list[str]) -> None:
    assert column("sources", "year", [cell]) == ([year], problems)


def test_what_is_no_number_in_a_required_column_is_said_once() -> None:
    assert column("stated_counts", "count", ["many", None])[1] == [
        "row 2, column count: 'many' is no number; write digits, with a point before decimals, such as 12 or 0.5",
        "row 3, column count: the cell is empty; fill in the count, or delete the row",
    ]


def test_what_is_no_flag_is_a_problem() -> None:
    assert column("statements", "counted", ["maybe"]) == (
        [None],
        ["row 2, column counted: 'maybe' is neither true nor false; write true or false"],
    )


@pytest.mark.parametrize("name", ["label", "id", "mine"])
def test_half_a_character_is_a_problem(name: str) -> None:
    cells = pd.Series(["fine", "not\ud800fine"], dtype=object)
    values, problems = column("themes", name, cells)
    assert values == ["fine", "not?fine"]
    assert problems == [f"row 3, column {name}: the text holds half a character (a lone surrogate); delete it"]


def test_problems_stand_in_the_order_of_tables_rows_and_columns() -> None:
    _, problems = parse_tables(
        package_of(
            codings={"polarity": ["x", None], "statement": ["s", None]},
            themes={"labl": ["A"], "parent": ["p"], "id": [None]},
        )
    )
    assert [(problem.file, problem.row, problem.column) for problem in problems] == [
        ("themes.csv", 1, "labl"),
        ("themes.csv", 2, "id"),
        ("codings.csv", 2, "polarity"),
        ("codings.csv", 3, "statement"),
    ]


def test_rows_are_numbered_as_in_the_file() -> None:
    raw = RawTable(
        file="themes.csv", frame=pd.DataFrame({"id": ["a", "a"], "label": ["A", "B"]}), rows=np.array([4, 9])
    )
    _, problems = parse_tables(Package(name="x", tables={"themes": raw}))
    assert [problem.row for problem in problems] == [9]
    assert "stands in row 4 already" in problems[0].what


def test_what_follows_from_a_broken_row_or_cell_is_not_said_again() -> None:
    frame = pd.DataFrame({"id": ["a", None, None], "label": [None, None, None]})
    before = (
        Problem(file="themes.csv", row=2, what="ragged"),
        Problem(file="themes.csv", row=3, column="id", what="a date"),
    )
    package = Package(name="x", tables={"themes": RawTable(file="themes.csv", frame=frame)}, problems=before)
    _, problems = parse_tables(package)
    assert [(problem.row, problem.column) for problem in problems] == [(3, "label"), (4, "id"), (4, "label")]


def test_many_rows_are_typed_by_their_categories() -> None:
    count = 200_000
    codes = pd.Categorical.from_codes(np.arange(count) % 97, categories=[f"t{place:02}" for place in range(97)])
    frame = pd.DataFrame(
        {
            "statement": np.arange(count) // 3,
            "code": codes,
            "polarity": pd.Categorical(["for", "agains"] * (count // 2)),
        }
    )
    frame.loc[2:, "polarity"] = "for"
    typed, problems = parse("codings", frame)
    assert problems == ["row 3, column polarity: 'agains' is none of for, against; did you mean 'against'?"]
    assert typed["code"].cat.categories.tolist() == [f"t{place:02}" for place in range(97)]
    assert typed["statement"].iloc[-1] == str((count - 1) // 3)
