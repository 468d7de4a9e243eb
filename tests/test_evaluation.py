"""Evaluation of rules: the figures of a naive count, on statements that the rules were not written on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main

FEW = settings(max_examples=max(10, settings().max_examples // 5))
CODES = ("bus", "rail", "A")
RULES = pg.RuleSet(
    name="first try",
    rules=[pg.Rule("bus", any=["bus*", "coach"], none=["business"]), pg.Rule("A", any=["bus*", "train*"])],
)


def make_study(texts: list[str], given_codes: list[set[str]], **meta: Any) -> pg.Study:
    codings: list[dict[str, Any]] = []
    for place, codes in enumerate(given_codes):
        codings += [{"statement": f"s{place}", "code": code, "coder": "ann"} for code in sorted(codes)]
        for kind, members in (("theme", {"bus", "rail"}), ("focus_area", {"A"})):
            if not codes & members:
                codings.append({"statement": f"s{place}", "code": None, "kind": kind, "coder": "ann"})
    return pg.build_study(
        themes=[{"id": "bus", "label": "Buses"}, {"id": "rail", "label": "Rail"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "Transport"}],
        statements=[{"id": f"s{place}", "speaker": "x", "text": text} for place, text in enumerate(texts)],
        codings=codings,
        actors=[{"id": "x", "label": "X", "group": "g"}],
        groups=[{"id": "g", "label": "G"}],
        meta=meta,
    )


WORDS = st.lists(st.sampled_from(["bus", "buses", "coach", "business", "train", "town"]), min_size=1, max_size=3)
ROWS = st.lists(st.tuples(WORDS.map(" ".join), st.sets(st.sampled_from(CODES)), st.booleans()), min_size=2, max_size=9)


@FEW
@given(ROWS)
def test_the_figures_are_those_of_a_naive_count_over_what_is_held_back(rows: list[tuple[str, set[str], bool]]) -> None:
    seen = [written for _, _, written in rows]
    study = make_study([text for text, _, _ in rows], [codes for _, codes, _ in rows])
    if all(seen):
        with pytest.raises(pg.UsageError, match="ann has assessed none of the statements"):
            pg.evaluate_rules(study, RULES, written_on=seen, n=40)
        return
    found = pg.evaluate_rules(study, RULES, written_on=seen, n=40)
    held = [(text, codes) for text, codes, written in rows if not written]
    by_rules = [{rule.code for rule in RULES.rules if rule.fires_on(text)} for text, _ in held]
    wrong: set[tuple[str, str]] = set()
    for code in CODES:
        both = sum(code in rules and code in codes for rules, (_, codes) in zip(by_rules, held, strict=True))
        mine = sum(code in rules for rules in by_rules)
        theirs = sum(code in codes for _, codes in held)
        row = found.codes.loc[code]
        assert row[["both", "only_rules", "only_person"]].to_list() == [both, mine - both, theirs - both]
        assert row["has_rule"] == (code != "rail")
        for name, whole in (("precision", mine), ("recall", theirs)):
            assert pd.isna(row[name]) if not whole else row[name] == pytest.approx(both / whole)
            assert pd.isna(row[name]) or row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
        assert pd.isna(row["f1"]) if not mine + theirs else row["f1"] == pytest.approx(2 * both / (mine + theirs))
    names = [f"s{place}" for place, written in enumerate(seen) if not written]
    for name, rules, (_, codes) in zip(names, by_rules, held, strict=True):
        wrong |= {(name, code, "wrong") for code in rules - codes} | {(name, code, "missed") for code in codes - rules}
    errors = found.errors[["statement", "code", "error"]]
    assert set(errors.itertuples(index=False, name=None)) == wrong
    assert len(errors) == len(wrong)
    assert found.statements == len(held)


def test_patterns_say_how_often_they_were_right_and_the_worst_comes_first() -> None:
    study = make_study(["bus", "buses", "coach", "train"], [{"bus", "A"}, {"bus"}, set(), {"A"}])
    found = pg.evaluate_rules(study, RULES, written_on=False, n=40)
    assert found.patterns.to_numpy().tolist() == [
        ["bus", "coach", 0, 1], ["A", "bus*", 1, 1], ["A", "train*", 1, 0], ["bus", "bus*", 2, 0]
    ]  # fmt: skip
    assert found.errors[["statement", "code", "error", "words"]].to_numpy().tolist() == [
        ["s1", "A", "wrong", "buses"], ["s2", "bus", "wrong", "coach"]
    ]  # fmt: skip


def test_what_the_rules_were_written_on_stands_in_their_file(tmp_path: Path) -> None:
    study = make_study(["bus", "coach"], [{"bus"}, set()])
    rules = pg.RuleSet(name="first try", rules=RULES.rules, written_on={"id": ["s1"]})
    pg.write_rules(rules, tmp_path / "rules.toml")
    read = pg.read_rules(tmp_path / "rules.toml")
    assert read == rules
    found = pg.evaluate_rules(study, read, n=40)
    assert (found.statements, found.codes.loc["bus", "only_rules"]) == (1, 0)


def test_nobody_saying_what_rules_were_written_on_is_an_error() -> None:
    with pytest.raises(pg.UsageError, match="nobody says what the rules were written on; give written_on="):
        pg.evaluate_rules(make_study(["bus"], [set()]), RULES)


@pytest.mark.parametrize(
    ("given_rows", "told"),
    [
        ('written_on = ["s1"]', "written_on = ['s1'] is not a table"),
        (
            'written_on = { id = "s1" }',
            "line 1, column 1: written_on: id = 's1' is no list of texts; write written_on =",
        ),
        ("written_on = { id = [1] }", "written_on: id = [1] is no list of texts"),
    ],
)
def test_a_rule_file_that_says_it_in_another_way_is_refused(tmp_path: Path, given_rows: str, told: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(f'{given_rows}\n[[rules]]\ncode = "bus"\nany = ["bus"]\n', encoding="utf-8")
    with pytest.raises(pg.UsageError) as error:
        pg.read_rules(path)
    assert told in str(error.value)


@pytest.mark.parametrize("given_values", ["s1", {"id": "s1"}, {"id": [1]}, ["s1"]])
def test_a_rule_set_that_says_it_in_another_way_is_refused(given_values: Any) -> None:
    with pytest.raises(pg.UsageError, match="is not columns with values; write written_on ="):
        pg.RuleSet(name="x", rules=RULES.rules, written_on=given_values)


def test_columns_masks_and_coders_that_are_none_are_named() -> None:
    study = make_study(["bus", "coach"], [{"bus"}, set()])
    elsewhere = pg.RuleSet(name="x", rules=RULES.rules, written_on={"spaeker": ["x"]})
    with pytest.raises(pg.UsageError, match="no column 'spaeker'; did you mean 'speaker'"):
        pg.evaluate_rules(study, elsewhere)
    with pytest.raises(pg.UsageError, match="true or false for each of the 2 statements"):
        pg.evaluate_rules(study, RULES, written_on=[True])
    with pytest.raises(pg.UsageError, match="'bo' has coded nothing"):
        pg.evaluate_rules(study, RULES, written_on=False, against="bo")
    both = study.with_codings([{"statement": "s1", "code": "bus", "coder": "bo"}])
    with pytest.raises(pg.UsageError, match=r"the study has 2 coders \(ann, bo\); say whose codings"):
        pg.evaluate_rules(both, RULES, written_on=False)
    chosen = both.with_meta(default_coder="bo")
    assert pg.evaluate_rules(chosen, RULES, written_on=False, n=40).against == "bo"


def test_an_earlier_run_of_the_same_rules_does_not_count_for_them() -> None:
    study = make_study(["bus", "coach", "train"], [{"bus"}, {"bus"}, {"A"}])
    again = study.with_codings([{"statement": "s2", "code": "bus", "coder": RULES.coder, "basis": "rule"}])
    plain, later = (pg.evaluate_rules(one, RULES, written_on=False, n=40) for one in (study, again))
    pd.testing.assert_frame_equal(plain.codes, later.codes)


def test_codings_that_the_rules_prompted_are_counted_and_told() -> None:
    study = make_study(["bus", "coach"], [{"bus"}, set()])
    prompted = study.codings.assign(suggested_by=[RULES.coder, *[None] * (len(study.codings) - 1)])
    found = pg.evaluate_rules(study.with_tables(codings=prompted), RULES, written_on=False, n=40)
    assert found.prompted == 1
    assert "the figures flatter the rules" in found.explain()
    assert "flatter" not in pg.evaluate_rules(study, RULES, written_on=False, n=40).explain()


# -- the split


def test_a_statement_stays_on_its_side_whatever_else_the_study_holds(smabystrategi: pg.Study) -> None:
    chosen = pg.split_statements(smabystrategi)
    part = smabystrategi.select_statements(np.arange(len(chosen)) % 3 == 0)
    again = pg.split_statements(part)
    assert again.to_list() == chosen[np.arange(len(chosen)) % 3 == 0].to_list()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_about_the_share_that_was_asked_for_is_chosen(share: float) -> None:
    study = make_study(["bus"] * 2000, [set()] * 2000)
    assert abs(pg.split_statements(study, share).mean() - share) < 0.04
    less = pg.split_statements(study, share / 2)
    assert not (less & ~pg.split_statements(study, share)).any()


def test_what_is_equal_in_a_column_stays_together(smabystrategi: pg.Study) -> None:
    chosen = pg.split_statements(smabystrategi, by="speaker")
    sides = chosen.groupby(smabystrategi.statements["speaker"].astype(object).to_numpy()).nunique()
    assert (sides == 1).all()
    assert chosen.nunique() == 2


@pytest.mark.parametrize("share", [0, 1, -1, "half", True, float("nan")])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(pg.UsageError, match="is no number between 0 and 1"):
        pg.split_statements(make_study(["bus"], [set()]), share)
    with pytest.raises(pg.UsageError, match="statements have no column 'speeker'; did you mean 'speaker'"):
        pg.split_statements(make_study(["bus"], [set()]), by="speeker")


def test_the_command_line_prints_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["review", "evaluate", "smabystrategi", "smabystrategi", "--column", "text_nb", "--n", "40"]
    assert main(words) == 0
    assert "on 255 statements that it was not written on" in capsys.readouterr().out
    assert main([*words, "--show", "codes", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("id,kind,has_rule,both,")
    assert main([*words, "--split", "0.5"]) == 0
    assert "on 244 statements" in capsys.readouterr().out
    assert main([*words, "--against", "nobody"]) == 2
    assert "'nobody' has coded nothing" in capsys.readouterr().err
