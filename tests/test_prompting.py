"""Prompted and unprompted attention: against counting statement by statement."""

from __future__ import annotations

import pytest

import policygap as pg


def build() -> pg.Study:
    return pg.build_study(
        themes=[{"id": name, "label": name} for name in ("t", "u", "v")],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        groups=[{"id": name, "label": name} for name in ("a", "b", "c", "d")],
        questions=[
            {"id": "m", "label": "main", "prompts": "t"},
            {"id": "q", "label": "below it", "parent": "m", "prompts": "u;X"},
            {"id": "r", "label": "names nothing"},
        ],
        statements=[
            {"id": "1", "speaker": "a", "text": "x", "question": "q"},
            {"id": "2", "speaker": "a", "text": "x"},
            {"id": "3", "speaker": "b", "text": "x", "question": "q"},
            {"id": "4", "speaker": "c", "text": "x", "question": "r"},
            {"id": "5", "speaker": "d", "text": "x", "question": "m"},
        ],
        codings=[{"statement": number, "code": code} for number in "12345" for code in ("t", "u")]
        + [{"statement": "3", "code": "v"}, {"statement": "1", "code": "X"}],
    )


def test_a_question_names_its_own_codes_and_those_of_the_main_theme_above_it() -> None:
    frame = pg.compare_prompted(build())
    assert frame["questions"].to_dict() == {"t": "m;q", "u": "q", "X": "q"}
    # t: a has statement 2 beside the question, b only the question below, c another question, d the main theme itself.
    assert frame.loc["t", ["units", "unprompted", "prompted_only"]].tolist() == [4, 2, 2]
    assert frame.loc["u", ["units", "unprompted", "prompted_only"]].tolist() == [4, 3, 1]
    assert frame.loc["X", ["units", "unprompted", "prompted_only"]].tolist() == [1, 0, 1]


def test_units_may_be_statements() -> None:
    frame = pg.compare_prompted(build(), unit="statement")
    assert frame.loc["t", ["units", "unprompted", "prompted_only"]].tolist() == [5, 2, 3]


@pytest.mark.parametrize("unit", ["speaker", "statement"])
def test_the_bundled_study_is_counted_as_by_hand(unit: str, smabystrategi: pg.Study) -> None:
    frame = pg.compare_prompted(smabystrategi, unit=unit)
    questions = {one.id: one for one in smabystrategi.questions}
    for code in frame.index:
        named = {
            name
            for name, one in questions.items()
            if code in one.prompts or (one.parent and code in questions[one.parent].prompts)
        }
        side = "theme" if frame.loc[code, "kind"] == "theme" else "target"
        traced = pg.trace(smabystrategi, **{side: code})
        question = smabystrategi.statements.set_index("id")["question"].reindex(traced["statement"]).astype(object)
        who = traced["statement" if unit == "statement" else "speaker"].astype(object)
        unprompted = set(who[~question.isin(named).to_numpy()])
        assert frame.loc[code, ["units", "unprompted"]].tolist() == [who.nunique(), len(unprompted)]


def test_a_study_without_questions_has_nothing_to_compare() -> None:
    study = build()
    bare = study.with_tables(questions=[], statements=study.statements.drop(columns=["question"]))
    assert pg.compare_prompted(bare).empty
