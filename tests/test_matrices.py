"""Matrices against a naive count, cell by cell, written from the design's words; cross-tabulation on every engine."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.testing import studies

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
FEW = settings(max_examples=max(1, settings().max_examples // 33))
VALUES = ("statements", "speakers", "share", "class", "links")
WORDS = ("group", "speaker", "question", "addressee")


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{key: None if pd.isna(cell) else cell for key, cell in row.items()} for row in frame.to_dict("records")]


def plain(frame: pd.DataFrame) -> dict[tuple[Any, Any], Any]:
    return {
        (row, column): None if pd.isna(frame.loc[row, column]) else frame.loc[row, column]
        for row, column in product(frame.index, frame.columns)
    }


class Naive:
    """What every statement stands on and was assessed for, by loops over rows."""

    def __init__(self, study: pg.Study) -> None:
        self.study = study
        self.kind_of = {code.id: code.kind for code in study.codes}
        group_of = {actor.id: actor.group for actor in study.actors}
        self.statements: list[dict[str, Any]] = []
        for row in rows_of(study.statements):
            if row["counted"] is False or row["voice"] == "synthesis" or row["restates"] is not None:
                continue
            mine = [coding for coding in rows_of(study.codings) if coding["statement"] == row["id"]]
            mine = [one for one in mine if one["basis"] in (None, "coder") and one["reading"] in (None, "both", "main")]
            self.statements.append(
                {
                    "id": row["id"],
                    "who": row["speaker"],
                    "codings": [coding for coding in mine if coding["code"]],
                    "assessed": {self.kind_of[one["code"]] if one["code"] else one["kind"] for one in mine},
                    "speaker": {row["speaker"]},
                    "group": {group_of.get(row["speaker"], row["speaker"])},
                    "question": {row["question"]} - {None},
                    "addressee": set((row["addressees"] or "").split(";")) - {""},
                }
            )

    def ids(self, axis: str) -> list[tuple[str, str]]:
        """The ids of an axis, each with its own kind of axis."""
        study = self.study
        if axis in WORDS:
            used = [name for one in self.statements for name in one[axis]]
            every = {
                "group": [group.id for group in study.groups],
                "question": [question.id for question in study.questions],
                "speaker": [who.id for who in (*study.actors, *study.groups) if who.id in used],
                "addressee": sorted(set(used)),
            }
            return [(name, axis) for name in every[axis]]
        return [(code.id, code.kind) for code in study.codes if axis in (code.kind, "" if code.is_theme else "target")]

    def on(self, statement: dict[str, Any], place: str, kind: str) -> bool:
        return place in (statement[kind] if kind in WORDS else {one["code"] for one in statement["codings"]})

    def assessed(self, statement: dict[str, Any], kind: str) -> bool:
        return bool(statement[kind]) if kind in WORDS else kind in statement["assessed"]

    def met(self, place: str, kind: str, other: str) -> bool:
        """Whether anyone held this place against the other axis."""
        mine = [one for one in self.statements if self.on(one, place, kind)]
        if mine or kind in WORDS:
            return any(self.assessed(one, other) for one in mine)
        return any(self.assessed(one, kind) and self.assessed(one, other) for one in self.statements)

    def links(self, one: tuple[str, str], two: tuple[str, str]) -> set[str]:
        """What links say of a pair: ``linked``, ``none``, both or nothing."""
        if one[1] in WORDS or two[1] in WORDS or (one[1] == "theme") == (two[1] == "theme"):
            return set()
        theme, target = (one[0], two[0]) if one[1] == "theme" else (two[0], one[0])
        mine = [row for row in rows_of(self.study.links) if row["theme"] == theme and row["target"] in (None, target)]
        return {"none" if row["relation"] == "none" else "linked" for row in mine}

    def cell(self, one: tuple[str, str], two: tuple[str, str]) -> dict[str, Any]:
        inside = [each for each in self.statements if self.on(each, *one) and self.on(each, *two)]
        both = [each for each in self.statements if self.assessed(each, one[1]) and self.assessed(each, two[1])]
        looked, linked = self.met(*one, two[1]) and self.met(*two, one[1]), self.links(one, two)
        state = "zero" if looked else "not_assessed"
        state = "none" if "none" in linked else state
        state = "linked" if "linked" in linked else state
        state = "evidence" if inside else state
        sides = [{c["polarity"] for s in inside for c in s["codings"] if c["code"] == code} for code, _ in (one, two)]
        speakers = {each["who"] for each in inside}
        known = looked or bool(linked)
        return {
            "state": state,
            "statements": len(inside) if known else None,
            "speakers": len(speakers) if known else None,
            "share": len(speakers) / len({each["who"] for each in both}) if looked and both else None,
            "class": "contested" if any({"for", "against"} <= side for side in sides) else state,
            "links": int("linked" in linked) if linked else None,
        }


@settings(max_examples=max(1, settings().max_examples // 10))
@given(studies(), st.data())
def test_every_cell_of_every_pair_of_axes_equals_a_naive_count(study: pg.Study, data: st.DataObject) -> None:
    naive = Naive(study)
    axes = st.sampled_from(("theme", "target", *study.target_kinds, *WORDS))
    rows, columns = data.draw(axes), data.draw(axes)
    value = data.draw(st.sampled_from(VALUES if len(study.statements) else VALUES[-2:]))
    down, across = naive.ids(rows), naive.ids(columns)
    expected = {(one[0], two[0]): naive.cell(one, two) for one, two in product(down, across)}
    matrix = pg.build_matrix(study, rows, columns, value)
    assert list(matrix.values.index) == [name for name, _ in down]
    assert list(matrix.values.columns) == [name for name, _ in across]
    assert plain(matrix.states) == {key: cell["state"] for key, cell in expected.items()}
    assert plain(matrix.values) == {key: cell[value] for key, cell in expected.items()}


@FEW
@given(studies(), st.sampled_from(["theme", "target", "speaker", "addressee"]), st.sampled_from(["class", "links"]))
def test_turning_the_axes_turns_the_matrix(study: pg.Study, columns: str, value: str) -> None:
    one, two = pg.build_matrix(study, "theme", columns, value), pg.build_matrix(study, columns, "theme", value)
    pd.testing.assert_frame_equal(one.values, two.values.T, check_dtype=False)
    pd.testing.assert_frame_equal(one.states, two.states.T)
    if len(study.statements):
        turned = pg.gap_matrix(study, columns, "theme", "speakers").T
        pd.testing.assert_frame_equal(pg.gap_matrix(study, "theme", columns, "speakers"), turned)


@FEW
@given(studies(shape="statements"), st.randoms())
def test_the_order_of_statements_and_codings_never_matters(study: pg.Study, random: Any) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)

    other = study.with_tables(statements=shuffled(study.statements), codings=shuffled(study.codings))
    for rows in ("theme", *WORDS):
        one, two = (pg.build_matrix(each, rows, "target", "class") for each in (study, other))
        pd.testing.assert_frame_equal(one.values, two.values)


@FEW
@given(studies())
def test_all_targets_together_are_the_matrices_of_each_kind_side_by_side(study: pg.Study) -> None:
    whole = pg.build_matrix(study, "theme", "target", "class").values
    parts = [pg.build_matrix(study, "theme", kind, "class").values for kind in study.target_kinds]
    pd.testing.assert_frame_equal(
        whole, pd.concat(parts, axis=1)[list(whole.columns)], check_names=False, check_column_type=False
    )


@FEW
@given(studies())
def test_the_long_form_has_a_row_a_cell(study: pg.Study) -> None:
    matrix = pg.build_matrix(study, "theme", "target", "class")
    long = matrix.to_long()
    assert list(long.columns) == ["row", "column", "value", "state"]
    cells = zip(long["row"], long["column"], strict=True)
    assert dict(zip(cells, long["state"], strict=True)) == plain(matrix.states)
    assert long["value"].tolist() == matrix.values.to_numpy().ravel().tolist()


# -- the states, by hand


def made(codings: list[dict[str, Any]], links: list[dict[str, Any]] | None = None, **more: Any) -> pg.Study:
    return pg.build_study(
        themes=[{"id": name, "label": name} for name in ("buses", "trains")],
        targets=[
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "B", "kind": "focus_area", "label": "B"},
            {"id": "R1", "kind": "recommendation", "label": "R1"},
        ],
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": "one", "label": "One", "group": "g"}, {"id": "two", "label": "Two", "group": "g"}],
        statements=[
            {"id": "s1", "speaker": "one", "text": "More buses.", **more},
            {"id": "s2", "speaker": "two", "text": "More trains.", **more},
        ],
        codings=codings,
        links=links,
    )


def test_a_cell_nobody_looked_at_is_missing_and_one_looked_at_in_vain_is_0() -> None:
    study = made(
        [
            {"statement": "s1", "code": "buses"},
            {"statement": "s1", "code": "A"},
            {"statement": "s2", "code": "trains"},
        ]
    )
    matrix = pg.build_matrix(study, values="statements")
    assert plain(matrix.values) == {
        ("buses", "A"): 1, ("buses", "B"): 0, ("trains", "A"): None, ("trains", "B"): None,
    }  # fmt: skip
    assert set(matrix.states.loc["trains"]) == {"not_assessed"}


def test_targets_of_a_kind_nobody_looked_for_are_missing_beside_those_of_another() -> None:
    study = made([{"statement": "s1", "code": "buses"}, {"statement": "s1", "code": "A"}])
    states = pg.build_matrix(study, "theme", "target").states
    assert states.loc["buses"].to_dict() == {"A": "evidence", "B": "zero", "R1": "not_assessed"}


def test_an_empty_code_makes_a_zero_of_what_was_missing() -> None:
    before = [{"statement": "s1", "code": "buses"}]
    after = [*before, {"statement": "s1", "code": None, "kind": "focus_area"}]
    assert pg.build_matrix(made(before)).states.loc["buses", "A"] == "not_assessed"
    assert pg.build_matrix(made(after)).states.loc["buses", "A"] == "zero"


def test_links_make_linked_and_none_and_leave_the_rest_of_the_row_unassessed() -> None:
    links = [
        {"theme": "buses", "target": "A", "relation": "subset"},
        {"theme": "buses", "target": "B", "relation": "none"},
        {"theme": "trains", "target": None, "relation": "none"},
    ]
    matrix = pg.build_matrix(made([{"statement": "s1", "code": "buses"}], links), "theme", "target", "links")
    assert matrix.states.loc["buses"].to_dict() == {"A": "linked", "B": "none", "R1": "not_assessed"}
    assert set(matrix.states.loc["trains"]) == {"none"}
    assert [None if pd.isna(cell) else cell for cell in matrix.values.loc["buses"]] == [1, 0, None]


def test_a_statement_that_is_for_a_theme_and_against_a_target_contests_neither() -> None:
    codings = [
        {"statement": "s1", "code": "buses", "polarity": "for"},
        {"statement": "s1", "code": "A", "polarity": "against"},
    ]
    assert pg.gap_matrix(made(codings), values="class").loc["buses", "A"] == "evidence"
    codings += [
        {"statement": "s2", "code": "buses", "polarity": "against"},
        {"statement": "s2", "code": "A", "polarity": "against"},
    ]
    assert pg.gap_matrix(made(codings), values="class").loc["buses", "A"] == "contested"


def test_an_addressee_counts_once_a_statement() -> None:
    study = made([{"statement": "s1", "code": "buses"}], addressees="state;county;state")
    matrix = pg.gap_matrix(study, "theme", "addressee", "statements")
    assert matrix.loc["buses"].to_dict() == {"county": 1, "state": 1}


@pytest.mark.parametrize(
    ("rows", "columns", "values", "named"),
    [
        ("themes", "focus_area", None, "did you mean 'theme'"),
        ("theme", "focus_aera", None, "did you mean 'focus_area'"),
        ("theme", "focus_area", "speaker", "did you mean 'speakers'"),
    ],
)
def test_an_unknown_axis_or_value_is_named_with_the_nearest(
    rows: str, columns: str, values: str | None, named: str
) -> None:
    with pytest.raises(pg.UsageError, match=named):
        pg.gap_matrix(made([{"statement": "s1", "code": "A"}]), rows, columns, values)


def test_a_crosswalk_has_no_statements_to_count() -> None:
    study = pg.build_study(
        themes=[{"id": "buses", "label": "Buses"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "buses", "target": "A", "relation": "equal"}],
    )
    assert pg.gap_matrix(study).loc["buses", "A"] == 1
    with pytest.raises(pg.UsageError, match="no statements"):
        pg.gap_matrix(study, values="statements")


def test_hostile_ids_and_labels_stand_in_a_matrix_as_they_are() -> None:
    nasty = ["a|b", "`c`", "=1+1", "@SUM(A1)", "x\u202ey", "<b>", "1e5", "tab le", "'x"]
    study = pg.build_study(
        themes=[{"id": name, "label": f"\x1b[31m{name}\x1b[0m"} for name in nasty],
        targets=[{"id": f"{name}!", "kind": "=kind|", "label": f"\u202e{name}"} for name in nasty],
        groups=[{"id": f"g{name}", "label": name} for name in nasty],
        statements=[{"id": f"s{name}", "speaker": f"g{name}", "text": "\x1b[2J|`"} for name in nasty],
        codings=[{"statement": f"s{name}", "code": name + end} for name in nasty for end in ("", "!")],
    )
    matrix = pg.gap_matrix(study, "theme", "=kind|", "statements")
    assert list(matrix.index) == nasty
    assert [matrix.loc[name, f"{name}!"] for name in nasty] == [1] * len(nasty)
    assert list(pg.gap_matrix(study, "speaker", "=kind|").index) == [f"g{name}" for name in nasty]
    assert pg.cross_tabulate(pg.collect_evidence(study)).loc["=1+1", "=1+1!"] == 1
