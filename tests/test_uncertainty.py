"""Drawing units anew: against scipy, against a naive loop, and against what must hold whatever is drawn."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.intervals import Jackknife, bca, percentile, wilson
from policygap.resampling import draw_sums, make_sums
from policygap.testing import studies


def made(touching: Mapping[str, Sequence[str]], groups: Mapping[str, str] | None = None, **meta: Any) -> pg.Study:
    """A study in which each speaker makes one call, coded with these focus areas; ``B1`` is under ``B``."""
    group_of = groups or dict.fromkeys(touching, "g")
    own = {name: group_of[name] for name in touching if group_of[name] != name}
    rows = [
        {"statement": f"s-{name}", "code": code, "kind": None if code else "focus_area"}
        for name, codes in touching.items()
        for code in (codes or [None])
    ]
    return pg.build_study(
        meta={"sampling": "random", **meta},
        themes=[{"id": "t", "label": "T"}],
        targets=[
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "B", "kind": "focus_area", "label": "B"},
            {"id": "B1", "kind": "focus_area", "label": "B1", "parent": "B"},
            {"id": "C", "kind": "focus_area", "label": "C"},
        ],
        groups=[{"id": name, "label": name, "population": 10} for name in dict.fromkeys(group_of.values())],
        actors=[{"id": name, "label": name, "group": group} for name, group in own.items()],
        statements=[{"id": f"s-{name}", "speaker": name, "text": "...", "kind": "call"} for name in touching],
        codings=rows,
    )


def speakers(*counts: tuple[int, Sequence[str]]) -> dict[str, Sequence[str]]:
    """So many speakers that touch these codes, and so on."""
    every = [codes for count, codes in counts for _ in range(count)]
    return {f"a{number}": codes for number, codes in enumerate(every)}


FORTY = speakers((12, ["A"]), (6, ["A", "B1"]), (9, ["B1", "C"]), (5, ["C"]), (8, []))


# -- against something else


@pytest.mark.parametrize(("touching", "of"), [(0, 20), (1, 20), (7, 30), (40, 40), (130, 1000)])
def test_wilson_is_scipys(touching: int, of: int) -> None:
    expected = scipy.stats.binomtest(touching, of).proportion_ci(0.9, method="wilson")
    found = wilson(touching / of, of, 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_of_a_plain_share_are_scipys(method: str) -> None:
    study = made(FORTY)
    values = np.array([float("A" in codes) for codes in FORTY.values()])
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(1)
    ).confidence_interval
    drawn = pg.bootstrap(study, n=20_000, seed=2, method=method)
    found = drawn.interval("A")
    assert drawn.sampled_share is None  # forty answered of ten: no population that could be corrected for
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.026)  # one unit of forty


def test_the_acceleration_is_that_of_the_jackknife() -> None:
    values = np.array([0.1, 0.2, 0.4, 1.7, 3.0, 3.1])
    left_out = (values.sum() - values) / (len(values) - 1)
    apart = left_out - values.mean()
    found = Jackknife(
        count=len(values),
        lowest=left_out.min(),
        highest=left_out.max(),
        moments=(apart.sum(), (apart**2).sum(), (apart**3).sum()),
    )
    centred = left_out.mean() - left_out  # Efron and Tibshirani (1993), 14.15
    assert found.acceleration == pytest.approx((centred**3).sum() / (6 * (centred**2).sum() ** 1.5))
    replicates = np.random.default_rng(3).choice(values, (5000, 6)).mean(axis=1)
    expected = scipy.stats.bootstrap((values,), np.mean, n_resamples=50_000, rng=np.random.default_rng(4))
    interval = bca(replicates, values.mean(), found, 0.95)
    assert interval.low == pytest.approx(expected.confidence_interval.low, abs=0.05)
    assert interval.high == pytest.approx(expected.confidence_interval.high, abs=0.05)


@pytest.mark.parametrize("sampling", ["random", "self_selected"])
def test_each_replicate_is_a_count_with_rescaled_weights(sampling: str) -> None:
    """Every figure of every replicate, from the draws themselves (Rao and Wu 1988, with one draw fewer than units)."""
    names = sorted(list(FORTY)[::4])
    touching = {name: FORTY[name] for name in names}
    groups = {name: "g" if place < 6 else "h" for place, name in enumerate(names)}
    study = made(touching, groups, sampling=sampling)
    drawn = pg.bootstrap(study, n=40, seed=5, weights="group")
    strata = [[n for n in names if groups[n] == group] for group in ("g", "h")]
    for replicate in range(40):
        weights = {}
        for number, members in enumerate(strata):
            size = len(members)
            stream = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(1, number)))
            which = stream.integers(0, size, size=40 * (size - 1), dtype=np.uint16).reshape(40, -1)[replicate]
            spread = math.sqrt(1 - size / 10) if sampling == "random" else 1.0
            for place, name in enumerate(members):
                times = size / (size - 1) * (which == place).sum()
                weights[name] = (1 - spread + spread * times) / size
        again = pg.measure_coverage(study, weights=weights)
        for measure in ("attention", "share", "demand", "ratio"):
            for place, code in enumerate(study.codes):
                value = again.figure(measure, code.id)
                found = drawn.replicates[measure][replicate, place]
                assert (value is None and np.isnan(found)) or found == pytest.approx(value, abs=1e-9)


def test_leaving_one_out_is_leave_one_out(smabystrategi: pg.Study) -> None:
    drawn = pg.bootstrap(smabystrategi, n=40).intervals
    shares = drawn[drawn["measure"] == "share"].set_index("id")
    ranges = pg.leave_one_out(pg.measure_coverage(smabystrategi))
    there = ranges["lowest"].notna()
    for end in ("lowest", "highest"):
        assert shares.loc[ranges.index[there], end].tolist() == pytest.approx(ranges.loc[there, end].tolist())


# -- what must hold


@settings(max_examples=settings().max_examples // 4)
@given(studies(), st.sampled_from(["speaker", "actor", "statement"]), st.sampled_from(["equal", "group"]))
def test_ends_are_in_order_and_what_has_none_says_why(study: pg.Study, unit: str, weights: str) -> None:
    drawn = pg.bootstrap(study, n=60, unit=unit, weights=weights, seed=9)
    frame = drawn.intervals
    there = frame["low"].notna()
    assert (frame.loc[there, "low"] <= frame.loc[there, "high"]).all()
    assert frame.loc[there, "method"].notna().all()
    assert frame.loc[~there, "reason"].notna().all()
    assert (frame["low"].isna() == frame["high"].isna()).all()
    shares = drawn.replicates["share"]
    kind_of = {code.id: code.kind for code in study.codes}
    roots = [place for place, code in enumerate(study.codes) if kind_of.get(code.parent or "") != code.kind]
    for kind in study.target_kinds:
        columns = shares[:, [place for place in roots if study.codes[place].kind == kind]]
        whole = ~np.isnan(columns).all(axis=1)
        assert columns[whole].sum(axis=1) == pytest.approx(np.ones(whole.sum()))


def test_the_same_seed_gives_the_same_and_another_seed_another(smabystrategi: pg.Study) -> None:
    one, two, three = (pg.bootstrap(smabystrategi, n=100, seed=seed).intervals for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three)


def test_the_draws_are_the_same_on_every_machine() -> None:
    sums = make_sums(
        np.arange(6), np.zeros(6, dtype=int), 2.0 ** np.arange(6), columns=1, strata=np.array([0] * 4 + [1] * 2)
    )
    assert (draw_sums(sums, 4, seed=1).ravel() / sums.scale).tolist() == [47.0, 86.0, 69.0, 38.0]


def test_a_stratum_of_many_blocks_is_drawn_whole() -> None:
    count = 10_000  # three blocks of units
    sums = make_sums(
        np.arange(count), np.arange(count) // 4096, np.ones(count), columns=3, strata=np.zeros(count, dtype=int)
    )
    drawn = draw_sums(sums, 4000, seed=3) / sums.scale
    assert set(drawn.sum(axis=1).tolist()) == {float(count)}
    shares = np.array([4096, 4096, 1808]) / count
    assert drawn.mean(axis=0) == pytest.approx(count * shares, rel=0.005)
    assert drawn.std(axis=0) == pytest.approx(np.sqrt(count * shares * (1 - shares)), rel=0.05)


def test_more_units_of_the_same_kind_narrow_the_interval() -> None:
    widths = []
    for times in (1, 2, 4):
        many = speakers(*((times * count, codes) for count, codes in ((12, ["A"]), (9, ["B1", "C"]), (8, ["C"]))))
        drawn = pg.bootstrap(made(many, sampling="unknown"), n=2000)
        ends = [drawn.interval(code, measure) for code in "AC" for measure in ("attention", "share")]
        widths.append([end.high - end.low for end in ends if end.low is not None and end.high is not None])
    assert np.array(widths).shape == (3, 4)
    assert (np.diff(np.array(widths), axis=0) < 0).all()


def test_statements_of_a_speaker_are_drawn_together() -> None:
    study = made(FORTY, sampling="unknown")
    doubled = study.statements.assign(id="again-" + study.statements["id"].astype(object))
    codings = study.codings.assign(statement="again-" + study.codings["statement"].astype(object))
    twice = study.with_tables(
        statements=pd.concat([study.statements, doubled]), codings=pd.concat([study.codings, codings])
    )
    once, both = (pg.bootstrap(one, n=500, unit="statement").interval("A") for one in (study, twice))
    assert (once.low, once.high) == (both.low, both.high)  # twice the statements tell nothing more


# -- what they may be called, and when counts come first


@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        ("random", "90% confidence interval"),
        ("self_selected", "90% range of stability under resampling"),
        ("census", "90% range of stability under resampling"),
        ("unknown", "90% range of stability under resampling"),
    ],
)
@pytest.mark.parametrize("language", ["en", "nb"])
def test_only_a_random_sample_has_confidence_intervals(sampling: str, name: str, language: str) -> None:
    drawn = pg.bootstrap(made(FORTY, sampling=sampling), n=40, level=0.9)
    assert drawn.name() == name
    assert drawn.are_confidence_intervals == (sampling == "random")
    assert drawn.explain(language)[0].strip()
    assert len(drawn.explain("en")) == len(drawn.explain("nb"))


def test_few_units_small_groups_and_whole_groups_are_said_first() -> None:
    few = {**speakers((3, ["A"]), (2, ["B1"])), "solo": ["C"], "g": ["A"]}
    groups = dict.fromkeys(few, "g") | {"solo": "h"}
    drawn = pg.bootstrap(made(few, groups), n=50)
    assert drawn.cautions == ("few_units", "small_strata", "whole_groups", "alone")
    said = " ".join(drawn.explain())
    assert "7 speakers were assessed, under 30" in said
    assert "1 of the 7 is a whole group" in said
    assert "2 groups have a single unit" in said
    together = drawn.strata.set_index(["group", "whole_group"])["drawn_with"]
    assert together["h", False] == "g;h"
    assert together["g", True] == "g;h"
    place = [code.id for code in drawn.coverage.study.codes].index("C")
    assert np.nanstd(drawn.replicates["share"][:, place]) > 0  # drawn with the other that is alone, so it does vary
    assert "hangs on 1 unit," in str(drawn.interval("C", "share").reason)
    assert pg.bootstrap(made(FORTY), n=50).cautions == ()


def test_a_single_group_alone_in_its_stratum_is_drawn_with_the_smallest_other() -> None:
    groups = {"a0": "g", "a1": "g", "a2": "h", "a3": "h", "a4": "h", "a5": "k"}
    drawn = pg.bootstrap(made(speakers((3, ["A"]), (3, ["C"])), groups), n=50)
    assert drawn.strata.set_index("group")["drawn_with"].to_dict() == {"g": "g;k", "h": "h", "k": "g;k"}


def test_the_finite_population_correction_is_for_declared_random_samples_with_populations_alone() -> None:
    halves = speakers((10, ["A"]), (10, ["C"]))
    groups = {name: f"g{place % 4}" for place, name in enumerate(halves)}  # five of ten in each of four groups
    found = {kind: pg.bootstrap(made(halves, groups, sampling=kind), n=2000) for kind in ("random", "self_selected")}
    assert found["random"].sampled_share == pytest.approx(0.5)
    assert found["self_selected"].sampled_share is None
    narrow, wide = (one.interval("A", "share") for one in found.values())
    assert narrow.high - narrow.low == pytest.approx(math.sqrt(0.5) * (wide.high - wide.low), rel=0.1)
    wilsons = wilson(0.5, 40, 0.95)  # as from twice as many
    assert found["random"].interval("A").low == pytest.approx(wilsons.low)


def test_each_group_has_its_own_correction() -> None:
    halves = speakers((5, ["A"]), (5, ["C"]), (3, ["A"]), (3, ["C"]))
    uneven = {name: "g" if place < 10 else "h" for place, name in enumerate(halves)}  # ten of ten, and six of ten
    drawn = pg.bootstrap(made(halves, uneven), n=4000)
    assert drawn.sampled_share == pytest.approx(16 / 20)
    assert drawn.strata["sampled_share"].tolist() == [1.0, 0.6]
    alone = pg.bootstrap(made(speakers((3, ["A"]), (3, ["C"]))), n=4000)  # h by itself; g can't vary
    place = [code.id for code in drawn.coverage.study.codes].index("A")
    spread, own = (np.std(one.replicates["attention"][:, place]) for one in (drawn, alone))
    assert spread == pytest.approx(own * 6 / 16, rel=0.1)
    assert own == pytest.approx(math.sqrt((1 - 0.6) * 0.25 / 5), rel=0.05)  # the textbook's, with n - 1
    ranks = drawn.intervals.query("measure == 'rank'")
    assert (ranks["low"].dropna() % 1 == 0).all()


def test_a_group_that_outgrew_its_population_has_no_correction_and_it_is_said() -> None:
    many = speakers((8, ["A"]), (8, ["C"]))
    drawn = pg.bootstrap(made(many, {name: "g" if place < 12 else "h" for place, name in enumerate(many)}), n=50)
    assert drawn.sampled_share is None
    assert drawn.strata.set_index("group")["sampled_share"].isna().to_dict() == {"g": True, "h": False}
    assert "1 of 2 actor groups have the finite population correction" in drawn.explain()[-1]
    assert "There is no finite population correction" in pg.bootstrap(made(many), n=50).explain()[-1]


def test_small_groups_vary_as_much_as_samples_from_them_do() -> None:
    """Twenty groups of two, each with one that touches A: what the textbook's stratified variance has."""
    pairs = speakers(*[(1, ["A"]), (1, ["C"])] * 20)
    study = made(pairs, {name: f"g{place // 2}" for place, name in enumerate(pairs)}, sampling="unknown")
    drawn = pg.bootstrap(study, n=4000).replicates["attention"]
    place = [code.id for code in study.codes].index("A")
    assert np.std(drawn[:, place]) == pytest.approx(math.sqrt(20 * 2 * 0.5) / 40, rel=0.05)  # sum of n s^2, s^2 = 1/2


def test_the_order_of_rows_never_matters(smabystrategi: pg.Study) -> None:
    tables = {
        name: smabystrategi.tables[name].iloc[::-1].reset_index(drop=True)
        for name in ("actors", "groups", "statements", "codings")
    }
    turned = smabystrategi.with_tables(**tables)
    for unit in ("speaker", "statement"):
        one, two = (pg.bootstrap(study, n=100, unit=unit) for study in (smabystrategi, turned))
        pd.testing.assert_frame_equal(one.intervals, two.intervals)
        pd.testing.assert_frame_equal(one.strata, two.strata)


def test_what_a_share_hangs_on_is_counted_in_speakers_and_under_a_parent() -> None:
    drawn = pg.bootstrap(made(FORTY, sampling="unknown"), n=100)
    shares = drawn.intervals.query("measure == 'share'").set_index("id")
    assert shares.loc["B", "units"] == shares.loc["B1", "units"] == 15  # B itself is never coded
    assert drawn.interval("B", "share").low is not None
    study = made(speakers((3, ["A"]), (20, ["C"])), sampling="unknown")
    more = study.statements[study.statements["speaker"] == "a0"]
    statements = [more.assign(id=f"more-{number}") for number in range(6)]
    codings = [study.codings.query("statement == 's-a0'").assign(statement=f"more-{number}") for number in range(6)]
    talkative = study.with_tables(
        statements=pd.concat([study.statements, *statements]), codings=pd.concat([study.codings, *codings])
    )
    reason = pg.bootstrap(talkative, n=100, unit="statement").interval("A", "share").reason
    assert str(reason).startswith("it hangs on 3 units")
    unheard = pg.bootstrap(
        made(FORTY),
        n=100,
        weights={name: float("B1" not in of or n < 15) for n, (name, of) in enumerate(FORTY.items())},
    )
    assert str(unheard.interval("B", "share").reason).startswith("it hangs on 3 units")


def test_figures_that_differ_by_rounding_alone_are_ties() -> None:
    touching = {**{f"x{n}": ["A"] for n in range(3)}, **{f"y{n}": ["C"] for n in range(2)}}
    touching |= {f"z{n}": ["B1"] for n in range(7)}
    drawn = pg.bootstrap(made(touching, {name: name[0] for name in touching}), n=200, weights="group")
    assert drawn.probability("A", ">", "C") == 0.0
    assert drawn.probability("A", "<=", "B1") == 1.0
    ranks = drawn.intervals.query("measure == 'rank'").set_index("id")["estimate"]
    assert ranks[["A", "B1", "C"]].tolist() == [1, 1, 1]


# -- edges


def test_one_unit_nobody_and_everybody() -> None:
    one = pg.bootstrap(made({"a0": ["A"]}), n=50).intervals
    assert one["low"].isna().all()
    assert set(one.loc[one["id"] == "A", "reason"]) == {"one unit: there is nothing to draw from"}
    everybody = pg.bootstrap(made(speakers((20, ["A"]))), n=50)
    assert everybody.interval("A").high == 1.0
    assert everybody.interval("A", "share").reason == "no draw within the groups changes it"
    assert everybody.interval("C").low == 0.0
    assert everybody.interval("t").reason is not None  # nobody looked for themes
    empty = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )
    assert pg.bootstrap(empty, n=50).intervals["low"].isna().all()


def test_weights_of_zero_and_groups_alone_leave_no_nan_behind() -> None:
    drawn = pg.bootstrap(made(FORTY), n=200, weights={name: float(place > 30) for place, name in enumerate(FORTY)})
    frame = drawn.intervals
    assert frame.loc[frame["low"].isna(), "reason"].notna().all()


def test_too_few_replicates_for_a_level_say_how_many_it_needs() -> None:
    drawn = pg.bootstrap(made(FORTY), n=39)
    assert drawn.interval("A", "share").reason == "39 replicates have the figure; an interval needs 40 or more"
    assert pg.bootstrap(made(FORTY), n=40).interval("A", "share").low is not None


def test_probabilities_add_up_and_know_ties() -> None:
    drawn = pg.bootstrap(made(speakers((15, ["A"]), (15, ["C"]))), n=2000)
    less, more = drawn.probability("A", "<", "C"), drawn.probability("A", ">", "C")
    assert less == pytest.approx(more, abs=0.05)
    assert less + drawn.probability("A", ">=", "C") == pytest.approx(1)
    assert drawn.probability("A", "<=", "A") == 1.0
    assert drawn.probability("A", "<", "A") == 0.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 0}, "n: 0 is no whole number of 1 or more; use 2000"),
        ({"n": 10**13}, "n: 10000000000000 draws are more than 1,000,000, and would not fit in memory; use 2000"),
        ({"n": True}, "n: True is no whole number of 1 or more; use 2000"),
        ({"seed": 1.5}, "seed: 1.5 is no whole number of 0 or more; give one, as in seed=1"),
        ({"seed": -1}, "seed: -1 is no whole number of 0 or more; give one, as in seed=1"),
        ({"level": 1}, "level: 1 is not between 0 and 1; use 0.95"),
        ({"method": "bac"}, "method: 'bac' is not known; did you mean 'bca'?"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        pg.bootstrap(made(FORTY), **options)
    assert str(error.value) == said


def test_bad_questions_are_named() -> None:
    drawn = pg.bootstrap(made(FORTY), n=40)
    for question, said in (
        (lambda: drawn.probability("A", "==", "B"), "relation: '==' is not known; use one of <, <=, >, >="),
        (lambda: drawn.probability("A", "<", "Q"), "no theme or target has the id 'Q'"),
        (lambda: drawn.probability("A", "<", "t"), "attention of A or t is missing"),
        (lambda: drawn.probability("A", ["<"], "B"), "relation: '['<']' is not known"),  # type: ignore[arg-type]
        (lambda: drawn.interval(None), "no theme or target has the id 'None'"),  # type: ignore[arg-type]
        (lambda: pg.bootstrap(made({"a0": ["A"]}), n=40).probability("A", "<", "C"), "one unit"),
        (lambda: drawn.interval("A", "atention"), "did you mean 'attention'?"),
    ):
        with pytest.raises(pg.UsageError, match=re.escape(said)):
            question()
    assert drawn.interval("t", "share").reason == "themes have no share"


def test_wilson_where_it_does_not_belong_says_so() -> None:
    drawn = pg.bootstrap(made(FORTY), n=40, method="wilson")
    assert "plain shares" in str(drawn.interval("A", "ratio").reason)
    assert drawn.interval("A").method == "wilson"


def test_percentiles_of_what_is_known() -> None:
    found = percentile(np.arange(1001.0), 0.9)
    assert (found.low, found.high) == (50.0, 950.0)
