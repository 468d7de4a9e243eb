"""What lies behind a cell, a code, a gap or a speaker, against loops over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.testing import studies

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
FEW = settings(max_examples=max(1, settings().max_examples // 33))
STATED = studies(shape="statements")


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{key: None if pd.isna(cell) else cell for key, cell in row.items()} for row in frame.to_dict("records")]


def counted(study: pg.Study) -> list[dict[str, Any]]:
    """The statements that count, each with its codings by coders in the main reading."""
    out = []
    for row in rows_of(study.statements):
        if row["counted"] is not False and row["voice"] != "synthesis" and row["restates"] is None:
            mine = [one for one in rows_of(study.codings) if one["statement"] == row["id"] and one["code"]]
            main = [one for one in mine if one["reading"] in (None, "both", "main")]
            row["codings"] = [one for one in main if one["basis"] in (None, "coder")]
            row["printed"] = [one for one in main if one["basis"] == "printed"]
            out.append(row)
    return out


def about(statement: dict[str, Any], *codes: str | None) -> bool:
    return {code for code in codes if code} <= {one["code"] for one in statement["codings"]}


def together(codings: list[dict[str, Any]], name: str) -> str:
    return ";".join(sorted({one[name] for one in codings if one[name]}))


@FEW
@given(STATED)
def test_a_cell_has_as_many_statements_behind_it_as_the_matrix_says(study: pg.Study) -> None:
    matrix = pg.gap_matrix(study, "theme", "target", "statements").fillna(0)
    for theme in matrix.index[:2]:
        for target in matrix.columns:
            found = pg.trace(study, theme=theme, target=target)
            assert len(found) == matrix.loc[theme, target]
            assert list(found["statement"]) == [row["id"] for row in counted(study) if about(row, theme, target)]


@FEW
@given(STATED, st.data())
def test_a_traced_statement_comes_with_what_it_says_and_how_it_was_coded(study: pg.Study, data: st.DataObject) -> None:
    theme = data.draw(st.sampled_from([code.id for code in study.themes]))
    speaker = data.draw(st.sampled_from(sorted(study.statements["speaker"].unique())))
    group_of = {actor.id: actor.group for actor in study.actors}
    for where in ({"theme": theme}, {"speaker": speaker}, {"theme": theme, "speaker": speaker}):
        mine = [row for row in counted(study) if about(row, where.get("theme"))]
        mine = [row for row in mine if row["speaker"] == where.get("speaker", row["speaker"])]
        found = rows_of(pg.trace(study, **where))
        assert [row["statement"] for row in found] == [row["id"] for row in mine]
        for row, said in zip(found, mine, strict=True):
            for name in ("speaker", "text", "source", "locator", "question", "kind", "voice", "quantifier"):
                assert row[name] == said[name]
            codings = [one for one in said["codings"] if one["code"] == theme or "theme" not in where]
            assert row["group"] == group_of.get(said["speaker"], said["speaker"])
            for name in ("code", "polarity", "basis", "coder"):
                assert row[name] == together(codings, name)


@FEW
@given(studies())
def test_a_traced_gap_gives_the_statements_that_it_names(study: pg.Study) -> None:
    for gap in pg.find_gaps(pg.measure_coverage(study)):
        assert tuple(pg.trace(study, gap)["statement"]) == gap.statements


@FEW
@given(studies())
def test_speakers_are_listed_with_what_a_loop_counts(study: pg.Study) -> None:
    kind_of = {code.id: code.kind for code in study.codes}
    said, kept = rows_of(study.statements), counted(study)
    parents = {group.parent for group in study.groups}
    expected = []
    for record in (*study.actors, *study.groups):
        every = [row for row in said if row["speaker"] == record.id]
        mine = [row for row in kept if row["speaker"] == record.id]
        codes = {one["code"] for row in mine for one in row["codings"]}
        is_group = record in study.groups
        if is_group and not every:
            continue
        expected.append(
            {
                "speaker": record.id,
                "label": record.label,
                "type": "actor" if not is_group else "umbrella" if record.id in parents else "group",
                "group": record.id if is_group else record.group,  # type: ignore[union-attr]  # an actor has one
                "statements": len(mine),
                "calls": sum(row["kind"] == "call" for row in mine),
                "themes": sum(kind_of[code] == "theme" for code in codes),
                "targets": sum(kind_of[code] != "theme" for code in codes),
                "left_out": len(every) - len(mine),
            }
        )
    assert rows_of(pg.list_speakers(study)) == expected


@FEW
@given(STATED, st.data())
def test_quotes_are_few_spread_over_groups_and_led_by_what_is_typical(study: pg.Study, data: st.DataObject) -> None:
    theme = data.draw(st.sampled_from([code.id for code in study.themes]))
    every = pg.trace(study, theme=theme)
    whole = pg.select_quotes(study, theme=theme, n=99)
    assert sorted(whole["statement"]) == sorted(every["statement"])
    for n in (1, 2, 3):
        quotes = pg.select_quotes(study, theme=theme, n=n)
        assert len(quotes) == min(n, len(every))
        assert quotes["group"].nunique() == min(n, every["group"].nunique())
        assert list(quotes["statement"]) == list(whole["statement"])[:n]
    for _, mine in whole.groupby("group"):
        keys = [
            (not row["typical"], {"quote": 0, "summary": 1}.get(row["voice"] or "", 2), row["statement"])
            for row in rows_of(mine)
        ]
        assert keys == sorted(keys)


@FEW
@given(STATED, st.randoms())
def test_quotes_are_the_same_whatever_the_order_of_the_rows(study: pg.Study, random: Any) -> None:
    def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[random.sample(range(len(frame)), len(frame))].reset_index(drop=True)

    other = study.with_tables(statements=shuffled(study.statements), codings=shuffled(study.codings))
    for theme in study.themes:
        one, two = (pg.select_quotes(each, theme=theme.id, n=2) for each in (study, other))
        assert rows_of(one) == rows_of(two)


@FEW
@given(STATED)
def test_examples_are_the_statements_that_describe_one_with_the_targets_printed_beside_them(study: pg.Study) -> None:
    kind_of, regions = {code.id: code.kind for code in study.codes}, {who.id: who.region for who in study.actors}
    for target in (None, *[code.id for code in study.targets][:2]):
        mine = [row for row in counted(study) if row["kind"] == "example" and about(row, target)]
        found = rows_of(pg.list_examples(study, target=target))
        assert [row["statement"] for row in found] == [row["id"] for row in mine]
        for row, said in zip(found, mine, strict=True):
            targets = [one for one in said["printed"] if kind_of[one["code"]] != "theme"]
            assert row["printed"] == (together(targets, "code") or None)
            assert row["region"] == regions.get(said["speaker"])


@FEW
@given(STATED)
def test_conflicts_are_the_codes_that_explicit_codings_are_for_and_against(study: pg.Study) -> None:
    expected = []
    for code in study.codes:
        sides: dict[str, list[dict[str, Any]]] = {"for": [], "against": []}
        for row in counted(study):
            said = {one["polarity"] for one in row["codings"] if one["code"] == code.id}
            for side in sides:
                sides[side] += [row] if side in said else []
        if all(sides.values()):
            line = {"code": code.id, "kind": code.kind, "label": code.label}
            for side, mine in sides.items():
                line[f"{side}_statements"] = ";".join(row["id"] for row in mine)
                line[f"{side}_speakers"] = ";".join(sorted({row["speaker"] for row in mine}))
            expected.append(line)
    assert rows_of(pg.find_conflicts(study)) == expected


@FEW
@given(studies(shape="links"))
def test_a_crosswalk_without_statements_has_nothing_behind_it_and_no_one_speaks(study: pg.Study) -> None:
    theme = study.themes[0].id
    for found in (pg.trace(study, theme=theme), pg.select_quotes(study, theme=theme), pg.list_examples(study)):
        assert found.empty
        assert "locator" in found.columns
    assert set(pg.list_speakers(study)["statements"]) <= {0}
    assert pg.find_conflicts(study).empty


# -- by hand


def small_study(**first: Any) -> pg.Study:
    nasty = "\x1b[31mred\u202e|`=1+1"
    return pg.build_study(
        themes=[{"id": "=1+1", "label": nasty}, {"id": "a|`b`", "label": nasty}],
        targets=[{"id": "A", "kind": "focus_area", "label": nasty}],
        groups=[{"id": "all-of-them", "label": nasty}, {"id": "towns", "label": "Towns", "parent": "all-of-them"}],
        actors=[
            {"id": "loud\u202e", "label": nasty, "group": "towns", "region": "North"},
            {"id": "silent", "label": "Silent", "group": "towns"},
        ],
        statements=[
            {"id": "s|1", "speaker": "loud\u202e", "text": nasty, "text_nb": "rød", "kind": "example", **first},
            {"id": "s2", "speaker": "all-of-them", "text": "We all do.", "kind": "call"},
            {"id": "s3", "speaker": "towns", "text": "They all do.", "voice": "synthesis"},
        ],
        codings=[
            {"statement": "s|1", "code": "=1+1", "polarity": "for", "coder": "anna"},
            {"statement": "s|1", "code": "=1+1", "polarity": "against", "coder": "bo"},
            {"statement": "s|1", "code": "A", "basis": "printed"},
            {"statement": "s|1", "code": "a|`b`", "basis": "printed"},
            {"statement": "s2", "code": "a|`b`"},
        ],
    )


def test_speakers_are_actors_groups_that_speak_as_one_and_umbrellas() -> None:
    speakers = pg.list_speakers(small_study()).set_index("speaker")
    assert speakers["type"].to_dict() == {
        "loud\u202e": "actor", "silent": "actor", "all-of-them": "umbrella", "towns": "group",
    }  # fmt: skip
    assert speakers["statements"].tolist() == [1, 0, 1, 0]
    assert speakers.loc["towns", "left_out"] == 1


def test_hostile_ids_and_texts_come_back_as_they_were_written() -> None:
    study = small_study()
    (row,) = rows_of(pg.trace(study, theme="=1+1"))
    assert (row["statement"], row["text"], row["text_nb"]) == ("s|1", "\x1b[31mred\u202e|`=1+1", "rød")
    assert (row["code"], row["polarity"], row["coder"]) == ("=1+1", "against;for", "anna;bo")
    assert list(pg.select_quotes(study, theme="a|`b`")["statement"]) == ["s2"]
    assert rows_of(pg.list_examples(study))[0]["printed"] == "A"
    assert pg.find_conflicts(study)["for_statements"].tolist() == ["s|1"]


def test_choices_decide_what_is_traced() -> None:
    study = small_study()
    assert pg.trace(study, target="A").empty
    assert list(pg.trace(study, target="A", basis="printed")["statement"]) == ["s|1"]
    assert list(pg.trace(study, speaker="towns", voices="synthesis")["statement"]) == ["s3"]
    assert pg.trace(study, theme="=1+1", coder="bo")["polarity"].tolist() == ["against"]


@pytest.mark.parametrize(
    "call",
    [
        pg.trace,
        lambda study: pg.trace(study, theme="=1+2"),
        lambda study: pg.trace(study, theme="A"),
        lambda study: pg.trace(study, target="=1+1"),
        lambda study: pg.trace(study, speaker="nobody"),
        lambda study: pg.trace(study, theme="=1+1", reding="main"),
        lambda study: pg.trace(study, "=1+1"),
        lambda study: pg.trace(study, pg.find_gaps(pg.measure_coverage(study))[0], theme="=1+1"),
        pg.select_quotes,
        lambda study: pg.select_quotes(study, theme="=1+1", n=0),
        lambda study: pg.select_quotes(study, theme="=1+1", n=True),
        lambda study: pg.list_examples(study, target="=1+1"),
    ],
)
def test_what_cannot_be_traced_is_refused_with_a_reason(call: Callable[[pg.Study], Any]) -> None:
    with pytest.raises(pg.UsageError):
        call(small_study())
