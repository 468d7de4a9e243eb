"""Evidence against a naive double loop over statements and codes, written from the design's words."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.evidence import join_words
from policygap.testing import studies

DESIGN = (
    "statement", "speaker", "group", "theme", "target", "kind", "question", "voice", "addressees", "polarity", "basis",
    "coder", "relation", "weight",
)  # fmt: skip
# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
FEW = settings(max_examples=max(1, settings().max_examples // 33))
SOME = settings(max_examples=max(1, settings().max_examples // 16))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{key: None if pd.isna(cell) else cell for key, cell in row.items()} for row in frame.to_dict("records")]


def counts(statement: dict[str, Any]) -> bool:
    return statement["counted"] is not False and statement["voice"] != "synthesis" and statement["restates"] is None


def usable(coding: dict[str, Any], basis: str = "coder", reading: str = "main", coder: str | None = None) -> bool:
    own = coding["basis"] or "coder"
    by_coder = coder is None or own not in ("coder", "rule") or coding["coder"] == coder
    return own == basis and coding["reading"] in (None, "both", reading) and by_coder


def together(codings: list[dict[str, Any]], name: str) -> str | None:
    return ";".join(sorted({coding[name] for coding in codings if coding[name]})) or None


def naive_evidence(study: pg.Study, **how: Any) -> list[tuple[Any, ...]]:
    """Statement, speaker, group, theme, target, kind of target, and the words of both codings."""
    kind_of = {code.id: code.kind for code in study.codes}
    group_of = {actor.id: actor.group for actor in study.actors}
    found = []
    for statement in filter(counts, rows_of(study.statements)):
        mine = [row for row in rows_of(study.codings) if row["statement"] == statement["id"] and usable(row, **how)]
        assessed = {kind_of[row["code"]] if row["code"] else row["kind"] for row in mine}
        touched = {code.id: [row for row in mine if row["code"] == code.id] for code in study.codes}
        touched = {code: codings for code, codings in touched.items() if codings}
        themes = [code for code in touched if kind_of[code] == "theme"]
        pairs: list[tuple[str | None, str | None, str | None]] = []
        for theme in themes:
            for kind in study.target_kinds:
                targets = [code for code in touched if kind_of[code] == kind]
                pairs += [(theme, target, kind) for target in targets]
                pairs += [(theme, None, kind)] if kind in assessed and not targets else []
            pairs += [] if assessed & set(study.target_kinds) else [(theme, None, None)]
        if not themes:
            pairs += [(None, code, kind_of[code]) for code in touched]
        for theme, target, kind in pairs:
            own = touched[theme if theme is not None else target]
            words = [together(own, name) for name in ("polarity", "basis", "coder")]
            theirs = [together(touched.get(target, []), name) for name in ("polarity", "basis", "coder")]
            who = (statement["speaker"], group_of.get(statement["speaker"], statement["speaker"]))
            found.append((statement["id"], *who, theme, target, kind, *words, *theirs))
    return found


def compared(evidence: pd.DataFrame) -> list[tuple[Any, ...]]:
    names = ["statement", "speaker", "group", "theme", "target", "target_kind", "polarity", "basis", "coder"]
    frame = evidence[[*names, "target_polarity", "target_basis", "target_coder"]]
    return [tuple(row.values()) for row in rows_of(frame)]


@SOME
@given(studies(shape="statements"))
def test_a_double_loop_over_statements_and_codes_finds_the_same_rows(study: pg.Study) -> None:
    assert Counter(compared(pg.collect_evidence(study))) == Counter(naive_evidence(study))


@FEW
@given(
    studies(shape="statements"),
    st.sampled_from(["coder", "printed", "umbrella", "rule"]),
    st.sampled_from(["main", "alternative"]),
    st.booleans(),
)
def test_the_chosen_basis_reading_and_coder_decide_which_codings_count(
    study: pg.Study, basis: str, reading: str, named: bool
) -> None:
    coders = sorted(set(study.codings["coder"].dropna()))
    coder = coders[-1] if named and coders else None
    found = pg.collect_evidence(study, basis=basis, reading=reading, coder=coder)
    assert Counter(compared(found)) == Counter(naive_evidence(study, basis=basis, reading=reading, coder=coder))


@FEW
@given(studies())
def test_no_row_lacks_both_theme_and_target(study: pg.Study) -> None:
    evidence = pg.collect_evidence(study)
    assert not (evidence["theme"].isna() & evidence["target"].isna()).any()


@FEW
@given(studies())
def test_columns_stand_in_the_order_of_the_design_and_hold_categories(study: pg.Study) -> None:
    evidence = pg.collect_evidence(study)
    assert tuple(evidence.columns[: len(DESIGN)]) == DESIGN
    assert {str(kind) for kind in evidence.drop(columns="weight").dtypes} == {"category"}
    assert evidence["weight"].dtype == float


@FEW
@given(studies())
def test_links_are_rows_without_a_statement_and_come_last(study: pg.Study) -> None:
    evidence = pg.collect_evidence(study)
    links = evidence.tail(len(study.links))
    assert evidence["statement"].isna().tolist() == [False] * (len(evidence) - len(links)) + [True] * len(links)
    names = ["theme", "target", "relation", "coder", "basis"]
    assert rows_of(links[names]) == rows_of(study.links[names])
    assert links["weight"].tolist() == study.links["weight"].fillna(1.0).tolist()
    kinds = {code.id: code.kind for code in study.targets}
    assert [row["target_kind"] for row in rows_of(links)] == [kinds.get(row["target"]) for row in rows_of(links)]


@FEW
@given(studies(shape="statements"))
def test_a_row_repeats_what_its_statement_says(study: pg.Study) -> None:
    said = {row["id"]: row for row in rows_of(study.statements)}
    for row in rows_of(pg.collect_evidence(study)):
        for name in ("speaker", "kind", "question", "voice", "addressees"):
            assert row[name] == said[row["statement"]][name]
        assert (row["relation"], row["weight"]) == (None, 1.0)


@FEW
@given(studies(shape="statements"))
def test_rows_stand_in_the_order_of_the_study_and_holes_after_what_was_found(study: pg.Study) -> None:
    place = {code.id: position for position, code in enumerate(study.codes)}
    kind = {name: position for position, name in enumerate(study.target_kinds)}
    at = {name: position for position, name in enumerate(study.statements["id"])}
    last = len(place)
    keys = [
        (
            at[row["statement"]],
            place.get(row["theme"], last),
            kind.get(row["target_kind"], last),
            place.get(row["target"], last),
        )
        for row in rows_of(pg.collect_evidence(study))
    ]
    assert keys == sorted(keys)


@FEW
@given(studies(shape="statements"), st.randoms())
def test_the_order_of_statements_and_codings_never_matters(study: pg.Study, random: Any) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)

    other = study.with_tables(statements=shuffled(study.statements), codings=shuffled(study.codings))
    assert Counter(compared(pg.collect_evidence(other))) == Counter(compared(pg.collect_evidence(study)))


def small_study(*codings: dict[str, Any]) -> pg.Study:
    return pg.build_study(
        themes=[{"id": "buses", "label": "Buses"}],
        targets=[
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "R1", "kind": "recommendation", "label": "R1"},
        ],
        groups=[{"id": "g", "label": "G"}],
        statements=[{"id": "s", "speaker": "g", "text": "More buses."}],
        codings=[{"statement": "s"} | coding for coding in codings],
    )


def test_a_theme_without_a_target_of_an_assessed_kind_is_a_hole_of_that_kind() -> None:
    study = small_study({"code": "buses"}, {"code": "R1"}, {"code": None, "kind": "focus_area"})
    rows = rows_of(pg.collect_evidence(study)[["theme", "target", "target_kind"]])
    assert [tuple(row.values()) for row in rows] == [("buses", None, "focus_area"), ("buses", "R1", "recommendation")]


def test_a_theme_that_nobody_held_against_targets_is_no_hole_of_any_kind() -> None:
    rows = rows_of(pg.collect_evidence(small_study({"code": "buses"}))[["theme", "target", "target_kind"]])
    assert rows == [{"theme": "buses", "target": None, "target_kind": None}]


def test_a_target_without_a_theme_is_kept_with_its_own_coding() -> None:
    (row,) = rows_of(pg.collect_evidence(small_study({"code": "A", "polarity": "for", "coder": "anna"})))
    assert (row["theme"], row["target"], row["polarity"], row["coder"]) == (None, "A", "for", "anna")


def test_polarity_belongs_to_the_coding_and_not_to_the_statement() -> None:
    study = small_study({"code": "buses", "polarity": "for"}, {"code": "A", "polarity": "against"})
    row = rows_of(pg.collect_evidence(study))[0]
    assert (row["polarity"], row["target_polarity"]) == ("for", "against")


def test_two_coders_of_one_code_make_one_row_that_names_both() -> None:
    codings = [{"code": "buses", "coder": name, "polarity": side} for name, side in (("b", "for"), ("a", "against"))]
    row = rows_of(pg.collect_evidence(small_study(*codings)))
    assert [(one["coder"], one["polarity"]) for one in row] == [("a;b", "against;for")]


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(pg.UsageError, match="reading"):
        pg.collect_evidence(small_study({"code": "A"}), readings="main")


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 3))),
    st.lists(st.text(max_size=3), min_size=4, max_size=4, unique=True),
)
def test_joined_words_are_the_sorted_distinct_words_of_each_place(
    pairs: list[tuple[int, int]], words: list[str]
) -> None:
    place, word = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    found = join_words(place, word, words, size=5)
    for at, cell in enumerate(found):
        mine = sorted({words[code] for where, code in pairs if where == at and code >= 0})
        assert (None if pd.isna(cell) else cell) == (";".join(mine) if mine else None)
