"""The measures: against a naive loop over rows, written from the formulas, and by their laws."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.coverage import measure_touches
from policygap.testing import studies
from policygap.touches import collect_touches

SOME = settings(max_examples=12)
UNITS = ("speaker", "actor", "statement")


# -- the naive reference: rows, loops, and the words of the formulas


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def counted_codings(
    study: pg.Study, basis: Mapping[str, str] | str = "coder", reading: str = "main"
) -> list[dict[str, Any]]:
    """Codings that count, with the kind that they assess."""
    kinds = {code.id: code.kind for code in study.codes}
    found = []
    for row in rows_of(study.codings):
        kind = kinds[row["code"]] if row["code"] is not None else row["kind"]
        wanted = basis if isinstance(basis, str) else basis.get(kind, "coder")
        if (row["basis"] or "coder") == wanted and (row["reading"] or "both") in ("both", reading):
            found.append(row | {"kind": kind})
    return found


def counted_statements(
    study: pg.Study, *, restated: bool = False, synthesis: bool = False
) -> dict[str, dict[str, Any]]:
    return {
        row["id"]: row
        for row in rows_of(study.statements)
        if row["counted"] is not False
        and (restated or row["restates"] is None)
        and (synthesis or row["voice"] != "synthesis")
    }


def unit_of(study: pg.Study, statement: dict[str, Any], unit: str) -> str | None:
    if unit == "statement":
        return statement["id"]
    is_actor = statement["speaker"] in {actor.id for actor in study.actors}
    return statement["speaker"] if is_actor or unit == "speaker" else None


def stratum_of(study: pg.Study, speaker: str) -> tuple[str, str]:
    """An actor's group, or the group that speaks as one: a stratum of its own."""
    groups = {actor.id: actor.group for actor in study.actors}
    return ("actors of", groups[speaker]) if speaker in groups else ("as one", speaker)


def naive(
    study: pg.Study, unit: str = "speaker", weights: str = "equal", **options: Any
) -> dict[str, dict[str, float | None]]:
    """Attention, demand and share of every code."""
    statements = counted_statements(
        study, restated=options.get("restated", False), synthesis=options.get("synthesis", False)
    )
    codings = counted_codings(study, options.get("basis", "coder"), options.get("reading", "main"))
    out: dict[str, dict[str, float | None]] = {}
    for kind in {code.kind for code in study.codes}:
        of_kind = [row for row in codings if row["kind"] == kind and row["statement"] in statements]
        members: dict[str, tuple[str, str]] = {}
        for row in of_kind:
            statement = statements[row["statement"]]
            name = unit_of(study, statement, unit)
            umbrella = statement["speaker"] in study.umbrellas and weights != "equal"
            if name is not None and not umbrella:
                members[name] = stratum_of(study, statement["speaker"])
        sizes = {group: list(members.values()).count(group) for group in members.values()}
        weight = {name: 1.0 if weights == "equal" else 1 / sizes[group] for name, group in members.items()}
        touching: dict[str, set[str]] = {code.id: set() for code in study.codes if code.kind == kind}
        calling: dict[str, set[str]] = {code.id: set() for code in study.codes if code.kind == kind}
        for row in of_kind:
            name = unit_of(study, statements[row["statement"]], unit)
            if row["code"] is None or name not in weight:
                continue
            touching[row["code"]].add(name)
            if statements[row["statement"]]["kind"] == "call" and row["polarity"] != "against":
                calling[row["code"]].add(name)
        total = sum(weight.values())
        any_of_kind = set().union(*touching.values()) if touching else set()
        for code, units in touching.items():
            share: float | None = None
            if sum(weight[name] for name in any_of_kind) > 0:
                share = sum(
                    weight[name] / len(specific(study, touching, name))
                    for name in any_of_kind
                    for touched in specific(study, touching, name)
                    if code in lineage(study, touched)
                ) / sum(weight[name] for name in any_of_kind)
            out[code] = {
                "attention": sum(weight[name] for name in units) / total if total else None,
                "demand": sum(weight[name] for name in calling[code]) / total if total else None,
                "share": share,
                "units": float(len(units)) if of_kind else None,
            }
    return out


def lineage(study: pg.Study, code: str) -> list[str]:
    """A code and those of its kind above it."""
    by_id = {record.id: record for record in study.codes}
    found = [code]
    while (over := by_id[found[-1]].parent) is not None and by_id[over].kind == by_id[code].kind:
        found.append(over)
    return found


def specific(study: pg.Study, touching: dict[str, set[str]], unit: str) -> list[str]:
    """The most specific codes a unit touches: none under them is touched too."""
    touched = [code for code, units in touching.items() if unit in units]
    return [code for code in touched if not any(code in lineage(study, other)[1:] for other in touched)]


def same(one: float | None, two: float | None) -> bool:
    return (one is None and two is None) or (
        one is not None and two is not None and math.isclose(one, two, abs_tol=1e-12)
    )


def check_against_naive(study: pg.Study, expected: dict[str, dict[str, float | None]], coverage: pg.Coverage) -> None:
    targets = {code.id for code in study.targets}
    for code, figures in expected.items():
        for name in ("attention", "demand", "share") if code in targets else ("attention", "demand"):
            assert same(coverage.figure(name, code), figures[name]), (code, name)
        if figures["attention"] is not None:
            assert coverage.figure("units", code) == figures["units"], code


# -- equal to it


@SOME
@given(studies(shape="statements"), st.sampled_from(UNITS), st.sampled_from(["equal", "group"]))
def test_a_naive_loop_gives_the_same_attention_demand_and_share(study: pg.Study, unit: str, weights: str) -> None:
    check_against_naive(study, naive(study, unit, weights), pg.measure_coverage(study, unit=unit, weights=weights))


@SOME
@given(studies(shape="statements"), st.sampled_from(["main", "alternative"]), st.booleans(), st.booleans())
def test_it_does_so_for_every_reading_with_restatements_and_syntheses(
    study: pg.Study, reading: str, restated: bool, synthesis: bool
) -> None:
    voices = ("quote", "summary", "inference", "synthesis") if synthesis else None
    expected = naive(study, reading=reading, restated=restated, synthesis=synthesis)
    check_against_naive(study, expected, pg.measure_coverage(study, reading=reading, restated=restated, voices=voices))


@SOME
@given(studies(shape="statements"))
def test_it_does_so_with_printed_codings_on_one_axis_alone(study: pg.Study) -> None:
    basis = {"focus_area": "printed"}
    check_against_naive(study, naive(study, basis=basis), pg.measure_coverage(study, basis=basis))


# -- laws


@SOME
@given(studies(shape="statements"), st.sampled_from(UNITS), st.sampled_from(["equal", "group"]), st.data())
def test_what_is_measured_within_some_statements_is_what_a_study_that_counts_them_alone_has(
    study: pg.Study, unit: str, weights: str, data: st.DataObject
) -> None:
    size = len(study.statements)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    within = measure_touches(collect_touches(study, unit=unit, weights=weights).within(mask))
    alone = pg.measure_coverage(study.counting_only(mask).with_meta(), unit=unit, weights=weights)
    for name, values in alone.figures.items():
        np.testing.assert_array_equal(within.figures[name], values)


@SOME
@given(studies(), st.sampled_from(["equal", "group"]))
def test_attention_and_demand_lie_in_0_to_1(study: pg.Study, weights: str) -> None:
    assume(not study.statements.empty)
    coverage = pg.measure_coverage(study, weights=weights)
    for frame in (coverage.themes, coverage.targets):
        figures = frame[["attention", "demand"]].stack().dropna()
        assert figures.between(0, 1 + 1e-12).all()
    assert (coverage.targets["demand"].dropna() <= coverage.targets["attention"].dropna() + 1e-12).all()


@SOME
@given(studies(flat=True))
def test_shares_of_a_kind_sum_to_1_over_the_touched_targets(study: pg.Study) -> None:
    targets = pg.measure_coverage(study).targets
    for kind in study.target_kinds:
        shares = targets.loc[targets["kind"] == kind, "share"]
        assert shares.isna().all() or math.isclose(shares.sum(), 1)


@SOME
@given(studies(shape="statements"))
def test_a_parents_share_is_the_sum_of_its_childrens_when_codings_roll_up(study: pg.Study) -> None:
    rolled = study.with_parent_codings()
    targets = pg.measure_coverage(rolled).targets
    for kind in study.target_kinds:
        members = [code for code in study.targets if code.kind == kind]
        for code in members:
            children = [child.id for child in members if child.parent == code.id]
            direct = set(study.codings["statement"][study.codings["code"].eq(code.id).fillna(False)])
            if children and not direct and pd.notna(targets.at[code.id, "share"]):
                assert math.isclose(targets.at[code.id, "share"], targets.loc[children, "share"].sum(), abs_tol=1e-12)


@SOME
@given(studies(shape="statements"))
def test_input_order_and_doubled_codings_change_nothing(study: pg.Study) -> None:
    turned = study.with_tables(
        codings=pd.concat([study.codings, study.codings]).iloc[::-1],
        actors=study.tables["actors"].iloc[::-1] if len(study.actors) else [],
    )
    one, two = pg.measure_coverage(study), pg.measure_coverage(turned)
    pd.testing.assert_frame_equal(one.themes, two.themes)
    pd.testing.assert_frame_equal(one.targets, two.targets)


@SOME
@given(studies(shape="statements"), st.data())
def test_adding_a_coding_to_an_assessed_statement_never_lowers_attention(study: pg.Study, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(study.codes))
    before = pg.measure_coverage(study)
    assessed = np.flatnonzero(before.touches.assessed(code.kind))
    assume(len(assessed))
    statement = study.statements["id"].iloc[data.draw(st.sampled_from(list(assessed)))]
    more = study.with_codings([{"statement": statement, "code": code.id, "coder": "first"}])
    after = pg.measure_coverage(more)
    assert (after.figure("attention", code.id) or 0) >= (before.figure("attention", code.id) or 0)


def one_speaker_a_group(**options: Any) -> pg.Study:
    return pg.build_study(
        groups=[{"id": name, "label": name, "population": size} for name, size in (("g", 10), ("h", 30))],
        actors=[{"id": "a", "label": "A", "group": "g"}, {"id": "b", "label": "B", "group": "h"}],
        themes=[{"id": "t", "label": "T"}, {"id": "u", "label": "U"}],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in ("X", "Y", "Z")],
        statements=[
            {"id": "s1", "speaker": "a", "text": "one", "kind": "call"},
            {"id": "s2", "speaker": "b", "text": "two", "kind": "call"},
            {"id": "s3", "speaker": "b", "text": "three", "kind": "challenge"},
        ],
        codings=[
            {"statement": "s1", "code": "t"}, {"statement": "s1", "code": "X"}, {"statement": "s2", "code": "u"},
            {"statement": "s2", "code": "X"}, {"statement": "s3", "code": "t"}, {"statement": "s3", "code": "Y"},
        ],
        **options,
    )  # fmt: skip


def test_equal_and_group_weights_agree_with_one_speaker_a_group() -> None:
    study = one_speaker_a_group()
    equal, group = pg.measure_coverage(study), pg.measure_coverage(study, weights="group")
    pd.testing.assert_frame_equal(equal.targets, group.targets)
    pd.testing.assert_frame_equal(equal.themes, group.themes)


def test_by_hand() -> None:
    coverage = pg.measure_coverage(one_speaker_a_group())
    assert coverage.figure("attention", "X") == 1
    assert coverage.figure("attention", "Y") == 1 / 2
    assert coverage.figure("attention", "Z") == 0
    assert coverage.figure("demand", "t") == 1 / 2  # s3 is a challenge
    assert coverage.figure("share", "X") == (1 + 1 / 2) / 2
    assert coverage.figure("ratio", "X") == pytest.approx(3 / 4 * 3)
    entropy = -(3 / 4 * math.log(3 / 4) + 1 / 4 * math.log(1 / 4))
    assert coverage.effective_targets["focus_area"] == pytest.approx(math.exp(entropy))


def test_population_weights_count_a_group_as_its_population() -> None:
    coverage = pg.measure_coverage(one_speaker_a_group(), weights="population")
    assert coverage.figure("attention", "Y") == 30 / 40


def test_population_weights_name_every_group_without_one() -> None:
    study = one_speaker_a_group()
    groups = study.tables["groups"].assign(population=None)
    with pytest.raises(pg.UsageError, match="population of g, h"):
        pg.measure_coverage(study.with_tables(groups=groups), weights="population")


def test_weights_may_be_a_mapping_by_speaker_or_group_or_a_column() -> None:
    study = one_speaker_a_group()
    assert pg.measure_coverage(study, weights={"a": 1, "h": 3}).figure("attention", "Y") == 3 / 4
    actors = study.tables["actors"].assign(staff=["1", "4"])
    assert pg.measure_coverage(study.with_tables(actors=actors), weights="staff").figure("attention", "Y") == 4 / 5
    for weights in (
        {"a": 1},
        {"a": 1, "b": -1},
        {"a": 1, "b": math.nan},
        {"a": 1, "b": math.inf},
        {"a": 1, "b": "x"},
        {},
    ):
        with pytest.raises(pg.UsageError, match="no usable weight for"):
            pg.measure_coverage(study, weights=weights)
    with pytest.raises(pg.UsageError, match="no kind of weight and no column"):
        pg.measure_coverage(study, weights="staf")


def test_weights_of_zero_make_figures_missing_and_never_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coverage = pg.measure_coverage(one_speaker_a_group(), weights={"a": 0, "b": 0})
    assert coverage.figure("attention", "X") is None
    assert coverage.figure("share", "X") is None


def test_a_kind_nobody_assessed_is_missing_and_not_zero() -> None:
    study = one_speaker_a_group()
    targets = [*study.tables["targets"].to_dict("records"), {"id": "P", "kind": "priority", "label": "P"}]
    coverage = pg.measure_coverage(study.with_tables(targets=targets))
    assert coverage.figure("attention", "P") is None
    assert coverage.figure("attention", "Z") == 0


def test_looking_and_finding_nothing_makes_a_unit_assessed() -> None:
    study = one_speaker_a_group()
    more = study.with_tables(
        statements=[*study.statements.to_dict("records"), {"id": "s4", "speaker": "g", "text": "four"}]
    )
    unlooked = pg.measure_coverage(more)
    looked = pg.measure_coverage(more.with_codings([{"statement": "s4", "kind": "focus_area"}]))
    assert unlooked.figure("attention", "X") == 1
    assert looked.figure("attention", "X") == 2 / 3


def test_umbrella_codings_never_count_unless_asked_for() -> None:
    study = one_speaker_a_group().with_codings([{"statement": "s1", "code": "Z", "basis": "umbrella"}])
    assert pg.measure_coverage(study).figure("attention", "Z") == 0
    assert pg.measure_coverage(study, basis=("coder", "umbrella")).figure("attention", "Z") == 1 / 2


def test_a_coder_is_chosen_by_name_and_the_default_coder_otherwise() -> None:
    study = one_speaker_a_group().with_codings([{"statement": "s1", "code": "Z", "coder": "second"}])
    first = study.with_tables(codings=study.codings.assign(coder=study.codings["coder"].astype(object).fillna("first")))
    assert pg.measure_coverage(first).figure("attention", "Z") == 1 / 2
    assert pg.measure_coverage(first.with_meta(default_coder="first")).figure("attention", "Z") == 0
    assert pg.measure_coverage(first.with_meta(default_coder="first"), coder="second").figure("attention", "Z") == 1
    with pytest.raises(pg.UsageError, match="did you mean 'second'"):
        pg.measure_coverage(first, coder="secand")


def test_umbrellas_stand_outside_weights_by_group_and_it_is_told() -> None:
    study = one_speaker_a_group()
    groups = [*study.tables["groups"].to_dict("records"), {"id": "all-of-us", "label": "All"}]
    for row in groups[:2]:
        row["parent"] = "all-of-us"
    statements = [*study.statements.to_dict("records"), {"id": "s4", "speaker": "all-of-us", "text": "four"}]
    wider = study.with_tables(groups=groups, statements=statements).with_codings([{"statement": "s4", "code": "Z"}])
    assert pg.measure_coverage(wider).figure("attention", "Z") == 1 / 3
    coverage = pg.measure_coverage(wider, weights="group")
    assert coverage.figure("attention", "Z") == 0
    left_out = coverage.left_out.set_index("reason")
    assert left_out.at["umbrella", "statements"] == 1


@SOME
@given(studies(shape="statements"), st.sampled_from(UNITS), st.sampled_from(["equal", "group"]))
def test_every_statement_is_counted_or_left_out_for_one_reason(study: pg.Study, unit: str, weights: str) -> None:
    coverage = pg.measure_coverage(study, unit=unit, weights=weights)
    out = coverage.left_out.set_index("reason")["statements"]
    touches = coverage.touches
    assessed = np.logical_or.reduce([touches.assessed(kind) for kind in touches.looked])
    assert out[["not_counted", "voice", "restates", "not_assessed"]].sum() + assessed.sum() == len(study.statements)


@settings(max_examples=10)
@given(studies(shape="statements"))
def test_ties_are_under_two_units_apart_with_equal_weights(study: pg.Study) -> None:
    coverage = pg.measure_coverage(study)
    expected = naive(study)
    for code in study.targets:
        others = [
            other.id
            for other in study.targets
            if other.kind == code.kind and other.id != code.id and expected[code.id]["attention"] is not None
            and abs((expected[other.id]["units"] or 0) - (expected[code.id]["units"] or 0)) < 2
        ]  # fmt: skip
        assert coverage.targets.at[code.id, "tied_with"] == tuple(sorted(others))


def test_a_lead_that_leaving_out_one_heavy_unit_reverses_is_a_tie() -> None:
    study = pg.build_study(
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": f"a{number}", "label": "A", "group": "g"} for number in range(7)],
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in "XYZ"],
        statements=[{"id": f"s{number}", "speaker": f"a{number}", "text": "x"} for number in range(7)],
        codings=[
            {"statement": "s0", "code": "X"},
            *({"statement": f"s{number}", "code": "Y"} for number in range(1, 7)),
        ],
    )
    weights = {"a0": 12} | {f"a{number}": 1 for number in range(1, 7)}
    ties = pg.measure_coverage(study, weights=weights).targets["tied_with"]
    assert ties["X"] == ("Y",)  # 12 against 6: more than two units of mean weight, and one unit's doing
    assert ties["Z"] == ()


@settings(max_examples=8)
@given(studies(shape="statements"))
def test_the_breakdown_by_group_is_the_measure_of_the_groups_own_statements(study: pg.Study) -> None:
    breakdown = pg.measure_coverage(study, by="group").breakdown
    group_of = {actor.id: actor.group for actor in study.actors}
    for group, rows in breakdown.groupby("group"):
        mask = [group_of.get(name, name) == group for name in study.statements["speaker"]]
        alone = pg.measure_coverage(study.counting_only(mask))
        for row in rows.to_dict("records"):
            measured = None if pd.isna(row["attention"]) else row["attention"]
            assert same(measured, alone.figure("attention", row["id"]))


def test_a_group_that_speaks_as_one_is_a_stratum_of_its_own() -> None:
    study = one_speaker_a_group()
    statements = [*study.statements.to_dict("records"), {"id": "s4", "speaker": "h", "text": "four"}]
    more = study.with_tables(statements=statements).with_codings([{"statement": "s4", "code": "Z"}])
    assert pg.measure_coverage(more, weights="group").figure("attention", "Z") == 1 / 3
    assert pg.measure_coverage(more, weights="population").figure("attention", "Z") == 30 / 70


def test_a_crosswalk_counts_themes_by_hand() -> None:
    links = [
        ("t", "X", "equal"),
        ("t", "Y", "subset"),
        ("u", "X", "none"),
        ("v", None, "none"),
        ("w", "X", "intersects"),
    ]
    study = pg.build_study(
        themes=[{"id": name, "label": name} for name in "tuvwx"],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in "XYZ"],
        links=[{"theme": theme, "target": target, "relation": relation} for theme, target, relation in links],
    )
    coverage = pg.measure_coverage(study)
    assert coverage.unit == "theme"
    assert list(coverage.targets["assessed"]) == [4, 4, 4]  # x was compared with nothing
    assert list(coverage.targets["attention"]) == [2 / 4, 1 / 4, 0]
    assert list(coverage.targets["share"]) == [3 / 4, 1 / 4, 0]
    assert coverage.themes["demand"].isna().all()
    assert (
        pg.measure_coverage(study, weights={"t": 2, "u": 1, "v": 1, "w": 1, "x": 9}).figure("attention", "X") == 3 / 5
    )


def test_a_benchmark_of_ones_own_is_named_and_normalised() -> None:
    study = one_speaker_a_group()
    coverage = pg.measure_coverage(study, benchmark={"X": 50, "Y": 25, "Z": 25}, benchmark_name="its share of pages")
    assert list(coverage.targets["benchmark"]) == [0.5, 0.25, 0.25]
    assert coverage.figure("ratio", "X") == pytest.approx(1.5)
    gaps = pg.find_gaps(coverage)
    assert all("its share of pages" in gap.sentence() for gap in gaps if gap.table == "target")


@pytest.mark.parametrize(
    ("benchmark", "words"),
    [
        ({"X": 1}, "lacks Y, Z"),
        ({"X": 1, "Y": 1, "Z": -1}, "no number of 0 or more"),
        ({"X": 1, "Y": 1, "Z": math.nan}, "no number of 0 or more"),
        ({"X": 0, "Y": 0, "Z": 0}, "sums to 0"),
        ({"X": 1, "Y": 1, "z": 1}, "did you mean 'Z'"),
        ("pages", "is not known"),
    ],
)
def test_a_benchmark_that_is_none_is_refused_with_words(benchmark: Any, words: str) -> None:
    with pytest.raises(pg.UsageError, match=words):
        pg.measure_coverage(one_speaker_a_group(), benchmark=benchmark)


def test_unknown_options_are_all_named_at_once() -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.measure_coverage(one_speaker_a_group(), wieghts="equal", unti="speaker")
    assert "did you mean 'weights'?" in str(error.value)
    assert "did you mean 'unit'?" in str(error.value)
    with pytest.raises(pg.UsageError) as error:
        pg.measure_coverage(one_speaker_a_group(), unit="page", kinds="cal", reading="mian")
    assert len(error.value.problems) == 3


def test_a_code_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(pg.UsageError, match="did you mean 'X'"):
        pg.measure_coverage(one_speaker_a_group()).figure("attention", "x")


def test_a_study_in_which_nothing_counts_has_missing_figures() -> None:
    study = one_speaker_a_group()
    silent = study.with_tables(statements=study.statements.assign(counted=False))
    coverage = pg.measure_coverage(silent)
    assert coverage.targets["attention"].isna().all()
    assert {gap.kind for gap in pg.find_gaps(coverage)} == {"not_assessed"}


def test_rows_of_touches_hold_integers_and_categories_and_no_objects() -> None:
    size = 20_000
    generator = np.random.default_rng(1)
    statements = pd.DataFrame({"id": [f"s{n}" for n in range(size)], "speaker": "a", "text": "x"})
    codings = pd.DataFrame({"statement": statements["id"], "code": generator.choice(["t", "u", "X", "Y"], size)})
    study = one_speaker_a_group().with_tables(statements=statements, codings=codings)
    rows = pg.measure_coverage(study).touches.rows
    assert not any(pd.api.types.is_object_dtype(dtype) for dtype in rows.dtypes)
    assert len(rows) == size
