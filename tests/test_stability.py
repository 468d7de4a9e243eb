"""Leaving one unit out: against measuring anew without it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings

import policygap as pg
from policygap.testing import studies


def without(study: pg.Study, speaker: str) -> pg.Study:
    """The study as if somebody had never spoken."""
    kept = study.statements[study.statements["speaker"].astype(object) != speaker]
    gone = set(study.statements["id"].astype(object)) - set(kept["id"].astype(object))
    codings = study.codings[~study.codings["statement"].astype(object).isin(gone)]
    kept = kept.assign(restates=kept["restates"].where(~kept["restates"].astype(object).isin(gone)))
    return study.with_tables(statements=kept, codings=codings, claims=[])


def naive(study: pg.Study, **options: object) -> pd.DataFrame:
    """The shares with each speaker left out in turn, a column a speaker."""
    speakers = list(dict.fromkeys(study.statements["speaker"].astype(object)))
    shares = {one: pg.measure_coverage(without(study, one), **options).targets["share"] for one in speakers}
    return pd.DataFrame(shares)


@pytest.mark.parametrize(("weighted", "counting"), [(False, "fractional"), (True, "fractional"), (True, "full")])
def test_the_range_is_that_of_measuring_anew_without_each_speaker(
    weighted: bool, counting: str, tmp_path: Path
) -> None:
    pg.start_study(tmp_path / "start")
    study = pg.read_study(tmp_path / "start")
    weights = {speaker: 1 + place for place, speaker in enumerate(study.statements["speaker"].unique())}
    options = {"counting": counting} | ({"weights": weights} if weighted else {})
    ranges, shares = pg.leave_one_out(pg.measure_coverage(study, **options)), naive(study, **options)
    assert ranges["lowest"].tolist() == pytest.approx(shares.min(axis="columns").tolist())
    assert ranges["highest"].tolist() == pytest.approx(shares.max(axis="columns").tolist())
    for target, row in ranges.dropna(subset=["lowest"]).iterrows():
        assert shares.loc[target, row["without_lowest"]] == pytest.approx(row["lowest"])
        assert shares.loc[target, row["without_highest"]] == pytest.approx(row["highest"])


def test_the_bundled_study_hangs_on_nobody_by_more_than_this(smabystrategi: pg.Study) -> None:
    coverage = pg.measure_coverage(smabystrategi)
    ranges = pg.leave_one_out(coverage)
    focus_areas = ranges[ranges["kind"] == "focus_area"]
    silent = without(smabystrategi, str(focus_areas.loc["A", "without_lowest"]))
    assert pg.measure_coverage(silent).figure("share", "A") == pytest.approx(focus_areas.loc["A", "lowest"])


@settings(max_examples=30)
@given(studies())
def test_the_share_lies_in_its_range_and_the_parts_sum_to_the_weights(made: pg.Study) -> None:
    coverage = pg.measure_coverage(made)
    ranges = pg.leave_one_out(coverage).dropna(subset=["lowest", "share"])
    assert (ranges["lowest"] <= ranges["share"] + 1e-9).all()
    assert (ranges["highest"] >= ranges["share"] - 1e-9).all()
    for tally in coverage.tallies.values():
        unit, _, part = tally.spread
        assert part.sum() == pytest.approx(tally.weight[sorted(set(unit))].sum())


def test_a_parent_has_the_range_of_all_under_it() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[
            {"id": "P", "kind": "focus_area", "label": "P"},
            {"id": "P1", "kind": "focus_area", "label": "P1", "parent": "P"},
            {"id": "P2", "kind": "focus_area", "label": "P2", "parent": "P"},
            {"id": "Q", "kind": "focus_area", "label": "Q"},
        ],
        groups=[{"id": name, "label": name} for name in ("a", "b", "c")],
        statements=[{"id": name, "speaker": name, "text": "x"} for name in ("a", "b", "c")],
        codings=[{"statement": "a", "code": "P1"}, {"statement": "b", "code": "P2"}, {"statement": "c", "code": "Q"}],
    )
    ranges = pg.leave_one_out(pg.measure_coverage(study))
    assert ranges.loc["P", ["lowest", "highest"]].tolist() == [0.5, 1.0]
    assert ranges.loc["P1", ["lowest", "highest"]].tolist() == [0.0, 0.5]
    assert ranges.loc["Q", "without_lowest"] == "c"


def test_one_unit_alone_has_no_range() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "Q", "kind": "focus_area", "label": "Q"}],
        groups=[{"id": "a", "label": "a"}],
        statements=[{"id": "a", "speaker": "a", "text": "x"}],
        codings=[{"statement": "a", "code": "Q"}],
    )
    assert pg.leave_one_out(pg.measure_coverage(study))["lowest"].isna().all()


def test_themes_are_the_units_of_a_crosswalk() -> None:
    study = pg.build_study(
        themes=[{"id": name, "label": name} for name in ("t", "u", "v")],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in ("X", "Y")],
        links=[
            {"theme": "t", "target": "X", "relation": "equal"},
            {"theme": "u", "target": "X", "relation": "equal"},
            {"theme": "v", "target": "Y", "relation": "equal"},
        ],
    )
    ranges = pg.leave_one_out(pg.measure_coverage(study))
    assert ranges.loc["X", ["lowest", "highest"]].tolist() == [0.5, 1.0]
    assert ranges.loc["X", "without_highest"] == "v"
