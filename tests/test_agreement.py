"""Agreement is what published examples and a naive count say, and what nobody looked at never counts as a no."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policygap import Study, UsageError, build_study, measure_agreement

few = settings(max_examples=max(settings.default.max_examples // 6, 1))  # a study takes its time to build
Sets = list[list[set[str] | None]]  # for each coder, the codes given to each statement; None: not assessed


def coded(by_coder: Sets, codes: str = "abcde", **columns: Any) -> Study:
    """A study whose coders gave sets of themes to statements."""
    codings: list[dict[str, Any]] = []
    for coder, sets in zip(("ann", "bo", "cy", "di"), by_coder, strict=False):
        for place, given_codes in enumerate(sets):
            if given_codes is None:
                continue
            row = {"statement": f"s{place}", "coder": coder, "basis": "coder"}
            codings += [{**row, "code": code} for code in sorted(given_codes)]
            if not given_codes:
                codings.append({**row, "kind": "theme"})
    return build_study(
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": "x", "label": "X", "group": "g"}],
        themes=[{"id": code, "label": code.upper()} for code in codes],
        targets=[{"id": "T", "kind": "focus_area", "label": "T"}],
        statements=[{"id": f"s{n}", "speaker": "x", "text": "...", **columns} for n in range(len(by_coder[0]))],
        codings=codings,
    )


# -- published values --------------------------------------------------------------------------------------------------

# Krippendorff's own four-value example with missing data, as the package krippendorff gives it in its documentation
# (0.691 for nominal data), and the twelve units of four observers of "Computing Krippendorff's Alpha-Reliability"
# (2011, part C: 0.743 for nominal data).
THREE_CODERS = ["*****34121133*3", "1*213343*******", "**21344*21133*4"]
FOUR_CODERS = ["123321412***", "1233224125*3", "*3332342251*", "12332441251*"]


@pytest.mark.parametrize(("published", "alpha"), [(THREE_CODERS, 0.691358), (FOUR_CODERS, 0.743421)])
def test_sets_of_one_code_have_the_published_alpha_of_nominal_data(published: list[str], alpha: float) -> None:
    names = dict(zip("12345", "abcde", strict=True))
    sets: Sets = [[None if value == "*" else {names[value]} for value in row] for row in published]
    assert measure_agreement(coded(sets)).kinds.loc["theme", "masi"] == pytest.approx(alpha, abs=5e-7)


# -- naive versions ----------------------------------------------------------------------------------------------------

answers = st.none() | st.sets(st.sampled_from("abc"))
coders_and_sets = st.integers(2, 4).flatmap(
    lambda coders: st.integers(1, 9).flatmap(
        lambda statements: st.lists(
            st.lists(answers, min_size=statements, max_size=statements), min_size=coders, max_size=coders
        ).filter(lambda sets: all(any(one is not None for one in row) for row in sets))
    )
)


def masi(one: frozenset[str], two: frozenset[str]) -> Fraction:
    """Passonneau 2006: one less Jaccard times monotonicity."""
    if one == two:
        return Fraction(0)
    jaccard = Fraction(len(one & two), len(one | two))
    monotonicity = Fraction(2, 3) if one <= two or two <= one else Fraction(1, 3) if one & two else Fraction(0)
    return 1 - jaccard * monotonicity


def naive_alpha_of_sets(by_coder: Sets) -> float | None:
    """Krippendorff's alpha by the package, with a distance looked up pair by pair."""
    columns = [[frozenset(one) for one in column if one is not None] for column in zip(*by_coder, strict=True)]
    columns = [column for column in columns if len(column) > 1]
    domain = sorted({one for column in columns for one in column}, key=sorted)
    if len(domain) < 2:
        return None
    counts = [[column.count(value) for value in domain] for column in columns]
    distances = np.array([[float(masi(one, two)) for two in domain] for one in domain])
    return float(
        krippendorff.alpha(value_counts=counts, level_of_measurement=lambda v1, v2, i1, i2, n_v, dtype: distances)
    )


@few
@given(coders_and_sets)
def test_figures_are_those_of_a_naive_count(by_coder: Sets) -> None:
    agreement = measure_agreement(coded(by_coder, "abc"))
    pairable = [
        [one for one in column if one is not None]
        for column in zip(*by_coder, strict=True)
        if sum(one is not None for one in column) > 1
    ]
    for code in "abc":
        votes = [[code in one for one in column] for column in pairable]
        row = agreement.codes.loc[code]
        assert row["statements"] == len(pairable)
        assert row["agreed"] == sum(all(column) for column in votes)
        assert row["split"] == sum(any(column) and not all(column) for column in votes)
        values = {vote for column in votes for vote in column}
        if len(values) < 2:
            assert pd.isna(row["alpha"])
        else:
            counts = [[column.count(False), column.count(True)] for column in votes]
            assert row["alpha"] == pytest.approx(
                krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
            )
    whole = agreement.kinds.loc["theme"]
    expected = naive_alpha_of_sets(by_coder)
    assert pd.isna(whole["masi"]) if expected is None else whole["masi"] == pytest.approx(expected)
    if pairable:
        assert whole["same"] == sum(all(one == column[0] for one in column) for column in pairable) / len(pairable)


@few
@given(coders_and_sets)
def test_every_disagreement_is_listed_once_with_who_gave_the_code_and_who_did_not(by_coder: Sets) -> None:
    listed = measure_agreement(coded(by_coder, "abc")).disagreements
    names = ("ann", "bo", "cy", "di")
    expected = []
    for place, column in enumerate(zip(*by_coder, strict=True)):
        asked = [(name, one) for name, one in zip(names, column, strict=False) if one is not None]
        for code in "abc":
            yes = [name for name, one in asked if code in one]
            no = [name for name, one in asked if code not in one]
            if yes and no:
                expected.append((f"s{place}", code, "theme", ";".join(yes), ";".join(no)))
    assert list(listed.itertuples(index=False, name=None)) == expected


@few
@given(coders_and_sets, st.randoms())
def test_the_order_of_coders_never_matters_and_coders_who_are_equal_agree_wholly(by_coder: Sets, random: Any) -> None:
    names = ["ann", "bo", "cy", "di"][: len(by_coder)]
    study = coded(by_coder, "abc")
    random.shuffle(names)
    one, other = measure_agreement(study), measure_agreement(study, names)
    pd.testing.assert_frame_equal(one.codes, other.codes)
    pd.testing.assert_frame_equal(one.kinds, other.kinds)
    same = measure_agreement(coded([by_coder[0]] * 2, "abc"))
    assert same.disagreements.empty
    assert set(same.codes["alpha"].dropna()) <= {1.0}
    assert set(same.kinds["masi"].dropna()) <= {1.0}


# -- what takes part ---------------------------------------------------------------------------------------------------


def test_a_statement_that_one_coder_never_saw_says_nothing_about_agreement() -> None:
    seen = [{"a"}, {"b"}, set()]
    agreement = measure_agreement(coded([[*seen, {"a"}, {"b"}], [*seen, None, None]]))
    assert agreement.codes.loc["a", ["statements", "agreed", "split", "alpha"]].to_list() == [3, 1, 0, 1.0]


@pytest.mark.parametrize("columns", [{"counted": False}, {"voice": "synthesis"}])
def test_statements_that_counts_leave_out_take_part(columns: dict[str, Any]) -> None:
    agreement = measure_agreement(coded([[{"a"}, {"b"}], [{"a"}, set()]], **columns))
    assert agreement.codes.loc["b", ["statements", "agreed", "split"]].to_list() == [2, 0, 1]


def test_a_code_that_nobody_gave_or_everybody_gave_everywhere_has_no_alpha() -> None:
    codes = measure_agreement(coded([[{"a"}, {"a"}], [{"a"}, {"a"}]])).codes
    assert codes["alpha"].isna().all()
    assert codes.loc["a", "agreed"] == 2


def test_what_was_settled_from_the_others_is_no_coder_of_its_own_unless_it_is_named() -> None:
    study = coded([[{"a"}, {"b"}], [{"a"}, set()]])
    agreed = [{"statement": f"s{n}", "code": code, "coder": "consensus"} for n, code in enumerate("ab")]
    settled = study.with_codings(agreed)
    assert measure_agreement(settled).coders == ("ann", "bo")
    assert measure_agreement(settled, ["ann", "consensus"]).kinds.loc["theme", "same"] == 1.0


def test_a_kind_that_nobody_looked_for_has_no_figures() -> None:
    row = measure_agreement(coded([[{"a"}, {"b"}], [{"a"}, {"a"}]])).kinds.loc["focus_area"]
    assert (row["statements"], row["codes"]) == (0, 0)
    assert row[["same", "alpha", "masi"]].isna().all()


def test_the_readings_are_compared_apart() -> None:
    study = coded([[{"a"}, {"b"}], [{"a"}, {"b"}]])
    rows = study.codings.assign(reading="both")
    rows = pd.concat([rows, rows[rows["coder"] == "bo"].iloc[[0]].assign(code="c", reading="alternative")])
    both = study.with_tables(codings=rows)
    assert measure_agreement(both).kinds.loc["theme", "same"] == 1.0
    assert measure_agreement(both, reading="alternative").kinds.loc["theme", "same"] == 0.5


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_fewer_than_two_coders_or_an_unknown_one_are_refused() -> None:
    study = coded([[{"a"}], [{"b"}]])
    with pytest.raises(UsageError) as caught:
        measure_agreement(study, "ann")
    assert str(caught.value) == "coders: agreement needs two coders or more, and there is ann; name two of ann, bo"
    with pytest.raises(UsageError, match="'anna' has coded nothing; did you mean 'ann'"):
        measure_agreement(study, ["anna", "bo"])
    with pytest.raises(UsageError, match="and there is ann; fill in the column coder of the codings"):
        measure_agreement(coded([[{"a"}]]))


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "krippendorff", None)
    with pytest.raises(UsageError, match=r"pip install 'policygap\[agreement\]'"):
        measure_agreement(coded([[{"a"}, {"b"}], [{"a"}, set()]]))


def test_many_distinct_sets_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    subsets = [set(chosen) for size in range(4) for chosen in itertools.combinations("abcde", size)]
    study = coded([subsets, subsets[::-1]])
    whole = measure_agreement(study).kinds.loc["theme", "masi"]
    monkeypatch.setattr("policygap.agreement._BLOCK", 7)
    assert measure_agreement(study).kinds.loc["theme", "masi"] == pytest.approx(whole)
    assert whole == pytest.approx(naive_alpha_of_sets([subsets, subsets[::-1]]))


# -- kappa, one coder against another, and intervals -------------------------------------------------------------------

# irrCAC 0.4.4 (Python) on these answers: CAC(df).fleiss() 0.55357, CAC(df[["ann", "bo"]]).conger() 0.60177 (Cohen's
# kappa, for two coders), CAC(df).krippendorff() 0.56349.
YES_OR_NO = ["111011000110100", "110011010100100", "111001000110000"]


def yes_or_no(*coders: str) -> Study:
    return coded([[{"a"} if answer == "1" else set() for answer in row] for row in coders])


def test_kappas_and_alpha_are_those_of_irrcac() -> None:
    three, two = (measure_agreement(yes_or_no(*YES_OR_NO[:coders])).codes.loc["a"] for coders in (3, 2))
    assert three["fleiss_kappa"] == pytest.approx(0.55357, abs=5e-6)
    assert three["alpha"] == pytest.approx(0.56349, abs=5e-6)
    assert pd.isna(three["cohen_kappa"])
    assert two["cohen_kappa"] == pytest.approx(0.60177, abs=5e-6)


def test_cohens_own_kind_of_table_has_its_kappa() -> None:
    """Fifty statements: 20 yes from both, 5 and 10 from one alone, 15 from neither: (0.7 - 0.5) / (1 - 0.5)."""
    ann, bo = "1" * 25 + "0" * 25, "1" * 20 + "0" * 5 + "1" * 10 + "0" * 15
    row = measure_agreement(yes_or_no(ann, bo)).codes.loc["a"]
    assert row["cohen_kappa"] == pytest.approx(0.4)
    pair = measure_agreement(yes_or_no(ann, bo)).pairs.query("id == 'a' and coder == 'ann'").iloc[0]
    assert (pair["precision"], pair["recall"], pair["f1"]) == pytest.approx((20 / 25, 20 / 30, 40 / 55))


@few
@given(coders_and_sets)
def test_kappas_are_1_for_the_same_answers_and_pairs_mirror_each_other(sets: Sets) -> None:
    agreement = measure_agreement(coded(sets, "abc"), n=50)
    for code, row in agreement.codes.iterrows():
        if pd.notna(row["fleiss_kappa"]):
            assert -1 <= row["fleiss_kappa"] <= 1
            there = [place for place in range(len(sets[0])) if all(one[place] is not None for one in sets)]
            same = all(len({code in (one[place] or ()) for one in sets}) == 1 for place in there)
            assert (row["fleiss_kappa"] == 1) == same
    pairs = agreement.pairs.set_index(["id", "coder", "against"])
    for (code, coder, against), row in pairs.iterrows():
        mirror = pairs.loc[(code, against, coder)]
        assert (row["both"], row["only_coder"]) == (mirror["both"], mirror["only_against"])
        assert row["precision"] == mirror["recall"] or pd.isna(row["precision"])


def test_intervals_of_alpha_are_those_of_drawing_statements_by_hand() -> None:
    agreement = measure_agreement(yes_or_no(*YES_OR_NO), n=200, seed=3)
    table = np.array([[int(answer) for answer in row] for row in YES_OR_NO])
    stream = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, 0)))
    which = stream.integers(0, 15, size=200 * 15, dtype=np.uint16).reshape(200, 15)
    alphas = [krippendorff.alpha(table[:, draw], level_of_measurement="nominal") for draw in which]
    low, high = np.quantile(alphas, [0.025, 0.975])
    row = agreement.codes.loc["a"]
    assert (row["alpha_low"], row["alpha_high"]) == pytest.approx((low, high))
    assert measure_agreement(yes_or_no(*YES_OR_NO), n=39).codes["alpha_low"].isna().all()


def test_the_interval_of_masi_is_that_of_drawing_statements_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    sets: Sets = [[{"a"}, {"a", "b"}, set(), {"c"}, {"b"}, {"a"}], [{"a"}, {"a"}, set(), {"b"}, {"b", "c"}, {"c"}]]
    sets.append([{"a"}, None, {"b"}, None, {"b"}, {"a"}])
    whole = measure_agreement(coded(sets), n=100, seed=3).kinds.loc["theme"]
    monkeypatch.setattr("policygap.agreement._BLOCK", 3)
    parts = measure_agreement(coded(sets), n=100, seed=3).kinds.loc["theme"]
    stream = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(1, 0)))
    draws = stream.integers(0, 6, size=100 * 6, dtype=np.uint16).reshape(100, 6)
    drawn = [naive_alpha_of_sets([[row[place] for place in draw] for row in sets]) for draw in draws]
    expected = np.quantile([alpha for alpha in drawn if alpha is not None], [0.025, 0.975])
    for row in (whole, parts):
        assert (row["masi_low"], row["masi_high"]) == pytest.approx(tuple(expected))


def test_rules_that_name_no_coder_are_nobody_elses() -> None:
    study = coded([[{"a"}, set(), {"a"}], [{"a"}, {"b"}, set()]]).with_meta(default_coder="ann")
    rules = [{"statement": f"s{n}", "code": "b", "basis": "rule"} for n in range(3)]
    alone, beside = measure_agreement(study), measure_agreement(study.with_codings(rules))
    assert beside.coders == ("ann", "bo", "rule")
    pairs = beside.pairs[~beside.pairs[["coder", "against"]].eq("rule").any(axis=1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(pairs, alone.pairs)
    by_rule = measure_agreement(study.with_codings(rules), ["ann", "rule"])
    assert by_rule.codes.loc["b", ["statements", "agreed", "split"]].to_list() == [3, 0, 3]
    named_so = [{"statement": "s0", "code": "c", "coder": "rule", "basis": "coder"}]
    with pytest.raises(UsageError, match="codings, column coder: a coder is called 'rule'"):
        measure_agreement(study.with_codings([*rules, *named_so]))


def test_rules_are_compared_with_coders() -> None:
    study = yes_or_no(*YES_OR_NO[:2])
    rules = [{"statement": f"s{n}", "code": "a", "coder": "words v1", "basis": "rule"} for n in (0, 1, 8)]
    rules += [{"statement": f"s{n}", "kind": "theme", "coder": "words v1", "basis": "rule"} for n in (2, 3, 4)]
    agreement = measure_agreement(study.with_codings(rules), ["words v1", "ann"])
    pair = agreement.pairs.query("id == 'a' and coder == 'words v1'").iloc[0]
    assert (pair["statements"], pair["both"], pair["only_coder"], pair["only_against"]) == (6, 2, 1, 2)


def test_a_seed_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match="seed: 'x' is no whole number"):
        measure_agreement(yes_or_no(*YES_OR_NO), seed="x")  # type: ignore[arg-type]
