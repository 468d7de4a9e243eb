"""Cells against null models: against enumeration, scipy, the gap matrix, and what must hold."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import policygap as pg
from policygap.unusual import _configured, _permuted, _poisson_binomial, _swapped  # their parts have no other door

TABLE = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 1], [0, 1, 0]], dtype=float)
THEMES = np.array([[1, 0], [1, 1], [0, 1], [0, 1], [1, 0]], dtype=float)


def every_table(table: np.ndarray) -> list[np.ndarray]:
    """All tables of 0 and 1 with the same sums of rows and columns."""
    ways = [
        [row for row in itertools.product((0, 1), repeat=table.shape[1]) if sum(row) == total] for total in table.sum(1)
    ]
    found = (np.array(rows) for rows in itertools.product(*ways))
    return [one for one in found if (one.sum(0) == table.sum(0)).all()]


def test_swaps_keep_every_sum_and_reach_every_table_equally_often() -> None:
    tables = every_table(TABLE)
    drawn = _swapped(TABLE, 20_000, np.random.default_rng(1))
    assert (drawn.sum(axis=1) == TABLE.sum(axis=0)).all()
    assert (drawn.sum(axis=2) == TABLE.sum(axis=1)).all()
    seen = {one.astype(int).tobytes(): 0 for one in tables}
    for one in drawn.astype(int):
        seen[one.tobytes()] += 1
    assert scipy.stats.chisquare(list(seen.values())).pvalue > 0.001


def test_the_permutation_null_is_that_of_enumeration() -> None:
    met = np.array([THEMES.T @ one for one in every_table(TABLE)])
    expected, spread, p = _permuted(THEMES, TABLE, 20_000, seed=2)
    assert expected == pytest.approx(met.mean(axis=0), abs=0.02)
    assert spread == pytest.approx(met.std(axis=0), abs=0.02)
    observed = THEMES.T @ TABLE
    exact = 2 * np.minimum((met >= observed).mean(axis=0), (met <= observed).mean(axis=0))
    assert p == pytest.approx(np.minimum(1, exact), abs=0.02)


def test_the_sum_of_unequal_chances_is_scipys() -> None:
    chances = np.array([0.1, 0.1, 0.35, 0.8, 0.8, 0.8, 0.0, 1.0])
    expected = scipy.stats.poisson_binom(chances).pmf(np.arange(9))
    assert _poisson_binomial(chances) == pytest.approx(expected, abs=1e-12)


def test_the_configuration_model_keeps_sums_on_average() -> None:
    """Its chances solve the model's own equations, and where codes are all alike they are plain shares."""
    stream = np.random.default_rng(3)
    targets = (stream.random((60, 5)) < [0.1, 0.2, 0.3, 0.4, 0.5]).astype(float)
    alone = np.ones((60, 1))  # a theme that every unit has: it meets a target as often as the target comes
    expected, spread, p = _configured(alone, targets)
    assert expected[0] == pytest.approx(targets.sum(axis=0), abs=1e-6)
    assert p[0].min() > 0.5
    assert (spread > 0).all()


@pytest.mark.parametrize("null", ["permutation", "configuration"])
def test_what_was_observed_is_the_gap_matrix(smabystrategi: pg.Study, null: str) -> None:
    cells = pg.find_unusual_cells(smabystrategi, null=null, n=60)
    matrix = pg.build_matrix(smabystrategi, "theme", "focus_area", "statements").values
    found = cells.pivot(index="theme", columns="target", values="observed")
    assert (found.loc[matrix.index, matrix.columns].to_numpy() == matrix.fillna(0).to_numpy(dtype=int)).all()
    assert cells["p"].between(0, 1).all()
    assert (cells["p_adjusted"] >= cells["p"] - 1e-12).all()
    there = cells[cells["z"].notna()]
    assert there["p_adjusted"].tolist() == pytest.approx(scipy.stats.false_discovery_control(there["p"]).tolist())
    rest = cells[cells["z"].isna()]
    assert set(rest["finding"]) <= {"not_testable"}
    assert rest["reason"].notna().all()
    assert (cells["reason"].notna() == (cells["finding"] == "not_testable")).all()


def test_too_few_draws_for_so_many_cells_are_said_not_passed_over(smabystrategi: pg.Study) -> None:
    few, enough = (pg.find_unusual_cells(smabystrategi, n=n) for n in (39, 4000))
    short = few[few["reason"].str.contains("no draw is as extreme", na=False)]
    assert len(short)
    assert short["reason"].str.contains("need n=").all()
    assert not enough["reason"].str.contains("no draw", na=False).any()
    assert enough["finding"].eq("stronger").any()


def test_the_order_of_rows_never_matters(smabystrategi: pg.Study) -> None:
    tables = {name: smabystrategi.tables[name].iloc[::-1].reset_index(drop=True) for name in smabystrategi.tables}
    one, two = (
        pg.find_unusual_cells(study, n=60).set_index(["theme", "target"]).sort_index()
        for study in (smabystrategi, smabystrategi.with_tables(**tables))
    )
    pd.testing.assert_frame_equal(one, two)


def test_unless_told_otherwise_there_are_draws_enough_for_the_cells() -> None:
    study = made_up(60, 6, 4, seed=1)
    pd.testing.assert_frame_equal(pg.find_unusual_cells(study), pg.find_unusual_cells(study, n=1000))
    at_one = pg.find_unusual_cells(study, level=0.01), pg.find_unusual_cells(study, level=0.01, n=4800)
    pd.testing.assert_frame_equal(*at_one)


def test_weights_are_refused(smabystrategi: pg.Study) -> None:
    with pytest.raises(pg.UsageError, match="weights: cells count units as they are"):
        pg.find_unusual_cells(smabystrategi, weights="group")


def made_up(statements: int, themes: int, targets: int, seed: int, tie: float = 0.0) -> pg.Study:
    """Statements with a theme and a target drawn apart, but in the first cell together with the chance ``tie``."""
    stream = np.random.default_rng(seed)
    theme, target = stream.integers(0, themes, statements), (targets * stream.random(statements) ** 2).astype(int)
    tied = stream.random(statements) < tie
    theme[tied], target[tied] = 0, targets - 1
    ids = [f"s{n}" for n in range(statements)]
    return pg.build_study(
        themes=[{"id": f"t{n}", "label": "T"} for n in range(themes)],
        targets=[{"id": f"A{n}", "kind": "focus_area", "label": "A"} for n in range(targets)],
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": "a", "label": "A", "group": "g"}],
        statements=pd.DataFrame({"id": ids, "speaker": "a", "text": "..."}),
        codings=pd.concat(
            [
                pd.DataFrame({"statement": ids, "code": [f"t{n}" for n in theme]}),
                pd.DataFrame({"statement": ids, "code": [f"A{n}" for n in target]}),
            ]
        ),
    )


@pytest.mark.parametrize("null", ["permutation", "configuration"])
def test_where_nothing_is_tied_little_is_found_and_what_is_tied_is_found(null: str) -> None:
    false = [
        (pg.find_unusual_cells(made_up(150, 6, 4, seed), null=null, n=400)["finding"] != "as_expected").any()
        for seed in range(25)
    ]
    assert np.mean(false) <= 0.2  # at most 5% of studies on average; four of 25 or more come by chance in 3%
    cells = pg.find_unusual_cells(made_up(150, 6, 4, 1, tie=0.2), null=null, n=400).set_index(["theme", "target"])
    assert cells.loc[("t0", "A3"), "finding"] == "stronger"


def test_the_same_seed_gives_the_same(smabystrategi: pg.Study) -> None:
    one, two, three = (pg.find_unusual_cells(smabystrategi, n=40, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three)


def test_speakers_may_be_the_units(smabystrategi: pg.Study) -> None:
    cells = pg.find_unusual_cells(smabystrategi, unit="speaker", columns="recommendation", n=40)
    touching = pg.measure_coverage(smabystrategi).themes["units"]
    assert (cells.groupby("theme")["observed"].max() <= touching.reindex(cells["theme"].unique()).max()).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"null": "curveball"}, "null: 'curveball' is not known; use one of permutation, configuration"),
        ({"columns": "focus-area"}, "columns: 'focus-area' is not known; did you mean 'focus_area'?"),
        ({"n": 0}, "n: 0 is no whole number of 1 or more; use 1000"),
        ({"seed": 1.5}, "seed: 1.5 is no whole number of 0 or more; give one, as in seed=1"),
        ({"unit": "theme"}, "unit: 'theme' can't be swapped between; use one of statement, speaker, actor"),
        ({"columns": "priority"}, "columns: no statement was assessed for themes and for priority"),
    ],
)
def test_bad_arguments_are_named(smabystrategi: pg.Study, options: dict[str, Any], said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.find_unusual_cells(smabystrategi, **options)
    assert str(error.value).startswith(said)


def test_links_alone_have_no_units() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )
    with pytest.raises(pg.UsageError, match="no statement was assessed"):
        pg.find_unusual_cells(study)
