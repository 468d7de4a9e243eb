"""Decision tables are proven complete and unambiguous, decide as the design says, and never on a missing figure."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policygap import DecisionTable, DecisionTableError, UsageError, built_in_table, read_table
from policygap.decisions import Input
from policygap.testing import decision_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILT_IN = ("target", "theme", "recommendation", "sides", "commitment", "commitment_text")
PRESENCES = ("named", "mentioned", "absent", "excluded", "not_evidenced", None)
EMPHASES = ("stronger", "equal", "weaker", None)
COMMITMENTS = ("fund", "act", "promote", "consider", "acknowledge", "none", None)
OUTCOMES = {
    "target": {"unattended", "weak_attention", "as_expected", "strong_attention", "not_assessed"},
    "theme": {
        "excluded", "unmet_call", "weakly_met", "no_answer_found", "met", "not_assessed", "policy_only", "neither",
    },
    "recommendation": {
        "adopted", "partly_adopted", "unmet_echoed", "not_taken_up", "no_answer_found", "not_assessed",
    },
    "commitment": {"fund", "act", "promote", "consider", "acknowledge", "none", "not_assessed"},
    "commitment_text": {"binding", "mixed", "non_committal", "too_few", "no_commitment", "not_assessed"},
}  # fmt: skip


# -- built-in tables are proven here too, by an enumeration of the test's own ------------------------------------------


def domain(item: Input) -> list[str]:
    """The values of an input: those it names, and unknown."""
    names = list(item.values) or [band.name for band in item.bands]
    return [*dict.fromkeys([*names, "unknown"])]


def combinations(table: DecisionTable) -> Iterator[dict[str, str]]:
    names = [item.name for item in table.inputs]
    for values in itertools.product(*map(domain, table.inputs)):
        yield dict(zip(names, values, strict=True))


def rows_that_hold(rows: list[dict[str, Any]], combination: dict[str, str]) -> list[int]:
    held = []
    for place, row in enumerate(rows):
        if all(combination[name] in allowed for name, allowed in row["when"].items()):
            held.append(place)
    return held


def as_rows(table: DecisionTable) -> list[dict[str, Any]]:
    return [{"when": dict(row.when), "outcome": row.outcome} for row in table.rows]


def rebuilt(table: DecisionTable, rows: list[dict[str, Any]]) -> DecisionTable:
    return DecisionTable(name=table.name, inputs=table.inputs, rows=rows)


@pytest.mark.parametrize("name", BUILT_IN)
def test_in_a_built_in_table_exactly_one_row_holds_for_every_combination(name: str) -> None:
    table = built_in_table(name)
    for combination in combinations(table):
        held = rows_that_hold(as_rows(table), combination)
        assert len(held) == 1, combination
        decision = table.decide(**combination)
        assert (decision.outcome, decision.row) == (table.rows[held[0]].outcome, held[0] + 1)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_table_has_the_outcomes_of_the_design(name: str) -> None:
    table = built_in_table(name)
    expected = OUTCOMES.get(name)
    if expected is None:  # the eight classes of three sides, and what can't be told
        assert len(set(table.outcomes)) == 9
    else:
        assert set(table.outcomes) == expected
    assert set(table.gaps) <= set(table.outcomes)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_table_with_any_row_removed_is_refused_and_the_missing_combinations_are_named(name: str) -> None:
    table = built_in_table(name)
    rows = as_rows(table)
    for place in range(len(rows)):
        missing = [words(one) for one in combinations(table) if rows_that_hold(rows, one) == [place]]
        with pytest.raises(DecisionTableError) as caught:
            rebuilt(table, rows[:place] + rows[place + 1 :])
        assert_named(caught.value, missing, "no row decides {}")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_table_with_any_row_doubled_is_refused_and_the_doubled_combinations_are_named(name: str) -> None:
    table = built_in_table(name)
    rows = as_rows(table)
    for place, row in enumerate(rows):
        doubled = [words(one) for one in combinations(table) if rows_that_hold(rows, one) == [place]]
        with pytest.raises(DecisionTableError) as caught:
            rebuilt(table, [*rows, row])
        assert_named(caught.value, doubled, f"rows {place + 1} and {len(rows) + 1} both decide {{}}")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_table_with_any_row_widened_is_refused_and_the_doubled_combinations_are_named(name: str) -> None:
    table = built_in_table(name)
    rows = as_rows(table)
    for place, row in enumerate(rows):
        for condition in row["when"]:
            wider = {"when": {n: v for n, v in row["when"].items() if n != condition}, "outcome": row["outcome"]}
            changed = [*rows[:place], wider, *rows[place + 1 :]]
            doubled = [words(one) for one in combinations(table) if len(rows_that_hold(changed, one)) > 1]
            if not doubled:  # the condition said nothing: it already allowed every value
                assert set(row["when"][condition]) == set(domain(next(i for i in table.inputs if i.name == condition)))
                continue
            with pytest.raises(DecisionTableError) as caught:
                rebuilt(table, changed)
            assert_named(caught.value, doubled, None)


def words(combination: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in combination.items())


def assert_named(error: DecisionTableError, expected: list[str], form: str | None) -> None:
    """Every combination is named, or the first dozen and how many more there are."""
    lines = [problem.what for problem in error.problems]
    shown = expected[:12]
    for line, combination in zip(lines, shown, strict=False):
        assert line.endswith(f" {combination}") if form is None else line == form.format(combination)
    rest = len(expected) - len(shown)
    assert lines[len(shown) :] == ([f"and {rest} more combinations like these"] if rest else [])


@given(decision_tables())
def test_complete_and_unambiguous_tables_are_accepted_and_decide_by_their_rows(table: DecisionTable) -> None:
    for combination in combinations(table):
        held = rows_that_hold(as_rows(table), combination)
        assert [table.decide(**combination).row] == [place + 1 for place in held]


@given(decision_tables(), st.data())
def test_a_random_table_with_a_row_removed_or_doubled_is_refused(table: DecisionTable, data: st.DataObject) -> None:
    rows = as_rows(table)
    place = data.draw(st.integers(0, len(rows) - 1))
    with pytest.raises(DecisionTableError, match="no row decides"):
        rebuilt(table, rows[:place] + rows[place + 1 :])
    again = {**rows[place], "outcome": data.draw(st.sampled_from(["fine", "poor"]))}
    with pytest.raises(DecisionTableError, match="both decide"):
        rebuilt(table, [*rows, again])


@given(decision_tables(), st.randoms())
def test_the_order_of_rows_never_matters_to_the_outcome(table: DecisionTable, random: Any) -> None:
    rows = as_rows(table)
    random.shuffle(rows)
    other = rebuilt(table, rows)
    for combination in combinations(table):
        assert other.decide(**combination).outcome == table.decide(**combination).outcome


# -- what the built-in tables say, by functions written from the design ------------------------------------------------


def theme_by_design(demand: float | None, presence: str | None, emphasis: str | None, commitment: str | None) -> str:
    if demand is None:
        return "not_assessed"
    if demand > 0:
        return _with_demand(presence, emphasis, commitment)
    if presence in ("named", "mentioned"):
        return "policy_only"
    return "neither" if presence in ("absent", "excluded") else "not_assessed"


def _with_demand(presence: str | None, emphasis: str | None, commitment: str | None) -> str:
    if presence == "excluded":
        return "excluded"
    if presence == "absent":
        return "unmet_call"
    weak_word = presence == "mentioned" and commitment not in ("act", "fund")
    weak_promise = presence == "named" and commitment in ("consider", "acknowledge", "none")
    if emphasis == "weaker" or weak_word or weak_promise:
        return "weakly_met"
    if presence == "not_evidenced":
        return "no_answer_found"
    if presence is None and emphasis is None:
        return "not_assessed"
    return "met"


def recommendation_by_design(
    echoed: bool | None,
    presence: str | None,
    emphasis: str | None,
    commitment: str | None,
) -> str:
    if presence in ("absent", "excluded"):
        return {True: "unmet_echoed", False: "not_taken_up", None: "not_assessed"}[echoed]
    answered = _with_demand(presence, emphasis, commitment)
    return {"weakly_met": "partly_adopted", "met": "adopted"}.get(answered, answered)


def test_the_theme_table_is_the_sentence_of_the_design_for_all_504_combinations() -> None:
    table = built_in_table("theme")
    seen = 0
    for demand, *answer in itertools.product((0.0, 0.25, None), PRESENCES, EMPHASES, COMMITMENTS):
        presence, emphasis, commitment = answer
        decided = table.decide(demand=demand, presence=presence, emphasis=emphasis, commitment=commitment)
        assert decided.outcome == theme_by_design(demand, presence, emphasis, commitment), (demand, *answer)
        seen += 1
    assert seen == 504


def test_the_recommendation_table_is_the_sentence_of_the_design_for_all_504_combinations() -> None:
    table = built_in_table("recommendation")
    seen = 0
    for echoed, *answer in itertools.product((True, False, None), PRESENCES, EMPHASES, COMMITMENTS):
        presence, emphasis, commitment = answer
        decided = table.decide(echoed=echoed, presence=presence, emphasis=emphasis, commitment=commitment)
        assert decided.outcome == recommendation_by_design(echoed, presence, emphasis, commitment), (echoed, *answer)
        seen += 1
    assert seen == 504


@given(st.floats(0, 100) | st.none(), st.booleans() | st.none())
def test_the_target_table_puts_the_ratio_in_the_bands_of_the_design(ratio: float | None, assessed: bool | None) -> None:
    assume(ratio is None or all(not math.isclose(ratio, edge, rel_tol=1e-8) for edge in (2 / 3, 3 / 2)))
    if not assessed or ratio is None:
        expected = "not_assessed"
    elif ratio == 0:
        expected = "unattended"
    elif ratio * 3 < 2:
        expected = "weak_attention"
    else:
        expected = "as_expected" if ratio * 2 < 3 else "strong_attention"
    assert built_in_table("target").decide(assessed=assessed, ratio=ratio).outcome == expected


def test_two_thirds_is_as_expected_and_three_halves_is_strong_however_they_were_computed() -> None:
    table = built_in_table("target")
    for ratio in (2 / 3, (2 / 15) / (1 / 5), (1 / 3 + 1 / 3), 0.2 / 0.3, 1 - 1 / 3, 2 / 21 / (1 / 7), 0.1 / 0.15):
        assert table.decide(assessed=True, ratio=ratio).outcome == "as_expected", ratio
    for ratio in (3 / 2, 0.3 / 0.2, (3 / 14) / (1 / 7), 0.15 / 0.1, sum([0.1] * 15)):
        assert table.decide(assessed=True, ratio=ratio).outcome == "strong_attention", ratio
    assert table.decide(assessed=True, ratio=2 / 3 - 1e-6).outcome == "weak_attention"
    assert table.decide(assessed=True, ratio=3 / 2 - 1e-6).outcome == "as_expected"
    assert table.decide(assessed=True, ratio=1e-12).outcome == "weak_attention"  # only nothing is nothing


def test_the_bands_of_the_target_table_are_symmetric_on_a_logarithmic_scale() -> None:
    bands = {band.name: band for band in built_in_table("target").inputs[1].bands}
    assert bands["under_two_thirds"].below * bands["near_one"].below == 1


def test_the_sides_table_has_a_class_of_its_own_for_each_of_the_eight_and_none_where_one_is_missing() -> None:
    table = built_in_table("sides")
    named = {
        (1, 1, 1): "all_three", (1, 1, 0): "input_and_policy", (1, 0, 1): "input_and_research",
        (0, 1, 1): "policy_and_research", (1, 0, 0): "input_alone", (0, 1, 0): "policy_alone",
        (0, 0, 1): "research_alone", (0, 0, 0): "none",
    }  # fmt: skip
    for sides in itertools.product((True, False, None), repeat=3):
        outcome = table.decide(**dict(zip(("input", "policy", "research"), sides, strict=True))).outcome
        assert outcome == ("not_assessed" if None in sides else named[tuple(map(int, sides))])


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT, np.float64("nan"), np.float32("nan")])
def test_a_missing_figure_becomes_no_class_but_not_assessed(missing: Any) -> None:
    assert built_in_table("target").decide(assessed=True, ratio=missing).outcome == "not_assessed"
    assert built_in_table("target").decide(assessed=missing, ratio=1.0).outcome == "not_assessed"
    for presence, emphasis, commitment in itertools.product(PRESENCES, EMPHASES, COMMITMENTS):
        answer = {"presence": presence, "emphasis": emphasis, "commitment": commitment}
        assert built_in_table("theme").decide(demand=missing, **answer).outcome == "not_assessed"


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_not_given_at_all_is_unknown(name: str) -> None:
    assert built_in_table(name).decide().outcome == "not_assessed"


# -- values ------------------------------------------------------------------------------------------------------------


def test_numbers_and_truth_values_of_numpy_and_pandas_are_read_like_pythons_own() -> None:
    table = built_in_table("target")
    assert table.decide(assessed=np.True_, ratio=np.float32(2)).outcome == "strong_attention"
    assert table.decide(assessed=np.False_, ratio=np.int64(2)).outcome == "not_assessed"
    assert table.decide(assessed="yes", ratio=math.inf).outcome == "strong_attention"


def test_a_value_outside_the_domain_is_refused_and_the_nearest_is_named() -> None:
    table = built_in_table("theme")
    with pytest.raises(UsageError, match="did you mean 'mentioned'"):
        table.decide(presence="mentiond")
    with pytest.raises(UsageError, match="'3' is not in the domain"):
        table.decide(presence=3)
    with pytest.raises(UsageError, match="is not in the domain"):
        table.decide(presence=["named"])
    with pytest.raises(UsageError, match="no input prescence; its inputs are demand, presence"):
        table.decide(prescence="named")


# -- custom tables, in Python and from TOML ----------------------------------------------------------------------------

DOOR = """
name = "door"
gaps = ["poor"]

[[inputs]]
name = "width"
bands = [{ name = "narrow", below = 0.5 }, { name = "half", upto = "1/2" }, { name = "wide" }]

[[rows]]
when = { width = ["narrow", "unknown"] }
outcome = "poor"
note = "no way through"

[[rows]]
when = { width = ["half", "wide"] }
outcome = "fine"
"""


def test_a_table_from_toml_equals_the_same_table_in_python(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text(DOOR, encoding="utf-8")
    bands = [{"name": "narrow", "below": 0.5}, {"name": "half", "upto": 0.5}, {"name": "wide"}]
    table = DecisionTable(
        name="door",
        gaps=["poor"],
        inputs=[{"name": "width", "bands": bands}],
        rows=[
            {"when": {"width": ["narrow", "unknown"]}, "outcome": "poor", "note": "no way through"},
            {"when": {"width": ["half", "wide"]}, "outcome": "fine"},
        ],
    )
    assert read_table(file) == table
    assert [table.inputs[0].place(value) for value in (0.4, 0.5, 0.6)] == ["narrow", "half", "wide"]


BANDS = 'bands = [{ name = "narrow", below = 0.5 }, { name = "half", upto = "1/2" }, { name = "wide" }]'
ONE_INPUT = f'[[inputs]]\nname = "width"\n{BANDS}\n'


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("note =", "notes =", ["FILE, column rows[1].notes: there is no such key; did you mean 'note'?"]),
        ("gaps =", "gap =", ["FILE, column gap: there is no such key; did you mean 'gaps'?"]),
        ("bands =", "band =", ["FILE, column inputs[1].band: there is no such key; did you mean 'bands'?"]),
        ("upto =", "uptoo =", ["FILE, column inputs[1].bands[2].uptoo: there is no such key; did you mean 'upto'?"]),
        ("note =", "xyz =", ["FILE, column rows[1].xyz: there is no such key; use when, outcome, note"]),
        (
            "[[rows]]",
            "[[row]]",
            [
                "FILE, column row: there is no such key; did you mean 'rows'?",
                "FILE, column rows: the key is missing; see the built-in tables",
            ],
        ),
        ('name = "door"', "", ["FILE, column name: the key is missing; see the built-in tables"]),
        ('name = "width"', "", ["FILE, column inputs[1].name: the key is missing; see the built-in tables"]),
        ('name = "half", ', "", ["FILE, column inputs[1].bands[2].name: the key is missing; see the built-in tables"]),
        ('outcome = "fine"', "", ["FILE, column rows[2].outcome: the key is missing; see the built-in tables"]),
        ('outcome = "fine"', "outcome = 1", ["FILE, column rows[2].outcome: 1 is not text"]),
        ('gaps = ["poor"]', 'gaps = "poor"', ["FILE, column gaps: 'poor' is not a list of texts"]),
        ('gaps = ["poor"]', "gaps = [1]", ["FILE, column gaps: [1] is not a list of texts"]),
        ('"1/2"', '"1/0"', ["FILE, column inputs[1].bands[2].upto: '1/0' is not a number or a fraction"]),
        ('"1/2"', '"half"', ["FILE, column inputs[1].bands[2].upto: 'half' is not a number or a fraction"]),
        ('"1/2"', "true", ["FILE, column inputs[1].bands[2].upto: True is not a number or a fraction"]),
        ('"1/2"', "nan", ["FILE, column inputs[1].bands[2].upto: nan is not a number or a fraction"]),
        (
            '{ width = ["half", "wide"] }',
            "{ width = 5 }",
            ["FILE, column rows[2].when: {'width': 5} is not a table of texts or lists of texts"],
        ),
        (
            '{ width = ["half", "wide"] }',
            '["half", "wide"]',
            ["FILE, column rows[2].when: ['half', 'wide'] is not a table of texts or lists of texts"],
        ),
        (
            "[{ name",
            "[3, { name",
            [
                "FILE, column inputs[1].bands[1]: 3 is not a table;"
                " write it as in the built-in tables, with name, below, upto"
            ],
        ),
        (ONE_INPUT, 'inputs = "width"', ["FILE, column inputs: 'width' is not a list"]),
        (
            ONE_INPUT,
            'inputs = ["width"]',
            [
                "FILE, column inputs[1]: 'width' is not a table;"
                " write it as in the built-in tables, with name, values, bands"
            ],
        ),
        ('name = "door"', "name = door", ["FILE: it is not TOML (Invalid value (at line 2, column 8))"]),
        # From here on the file has the right form, and what is wrong is the table.
        (
            '["narrow", "unknown"]',
            '["narow", "unknown"]',
            ["table door, row 1, column width: 'narow' is not in its domain; did you mean 'narrow'?"],
        ),
        (
            '{ width = ["half", "wide"] }',
            '{ widht = ["half"], xyz = "half", width = ["halv", "wide"] }',
            [
                "table door, row 2: there is no input 'widht'; did you mean 'width'?",
                "table door, row 2: there is no input 'xyz'; use one of width",
                "table door, row 2, column width: 'halv' is not in its domain; did you mean 'half'?",
            ],
        ),
        ('["poor"]', '["pour", "fine"]', ["table door: no row has the outcome 'pour' that gaps names"]),
        ('upto = "1/2"', "upto = 0.4", ["table door: the bands of width do not go upwards"]),
        ('upto = "1/2"', "below = 0.5", ["table door: the bands of width do not go upwards"]),
        (
            'upto = "1/2"',
            "below = 0.7, upto = 0.8",
            ["table door: the band half of width has both below and upto; leave one of them out"],
        ),
        (
            '{ name = "wide" }',
            '{ name = "wide", below = 9 }',
            ["table door: of the bands of width the last one alone must have no threshold"],
        ),
        (
            ', upto = "1/2"',
            "",
            ["table door: of the bands of width the last one alone must have no threshold"],
        ),
        (BANDS, 'values = ["narrow", "half", "wide", "half"]', ["table door: the input width names a value twice"]),
        (
            'name = "width"',
            'name = "width"\nvalues = ["narrow", "half", "wide"]',
            ["table door: the input width has both of values and bands; give it one of them"],
        ),
        (
            BANDS,
            "",
            [
                "table door: the input width has neither of values and bands; give it one of them",
                "table door, row 1, column width: 'narrow' is not in its domain; use one of unknown",
                "table door, row 2, column width: 'half' is not in its domain; use one of unknown",
                "table door, row 2, column width: 'wide' is not in its domain; use one of unknown",
            ],
        ),
        (ONE_INPUT, ONE_INPUT + ONE_INPUT, ["table door: two inputs have one name"]),
        (', "wide"]', "]", ["table door: no row decides width=wide; add a row for it"]),
        (
            ', "wide"]',
            ', "wide", "narrow"]',
            ["table door: rows 1 and 2 both decide width=narrow; let one of them go"],
        ),
        (
            ', "wide"] }\n',
            ', "wide"] }\noutcome = "poor"\n\n[[rows]]\nwhen = { width = [] }\n',
            ["table door, row 3: the row never holds; take it out"],
        ),
    ],
)
def test_what_is_wrong_in_a_toml_file_is_named(tmp_path: Path, old: str, new: str, lines: list[str]) -> None:
    file = tmp_path / "door.toml"
    assert old in DOOR
    file.write_text(DOOR.replace(old, new), encoding="utf-8")
    with pytest.raises(DecisionTableError) as caught:
        read_table(file)
    assert str(caught.value).split("\n") == [line.replace("FILE", str(file)) for line in lines]


def test_words_that_are_not_text_are_named_in_python_too() -> None:
    table = built_in_table("sides")
    with pytest.raises(DecisionTableError) as caught:
        DecisionTable(name="sides", inputs=table.inputs, rows=[*table.rows, {"when": {"input": [2]}, "outcome": True}])
    assert str(caught.value).split("\n") == [
        "table sides: True is not text; put it in quotes",
        "table sides: 2 is not text; put it in quotes",
    ]


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes('name = "dør"'.encode("latin-1"))
    with pytest.raises(DecisionTableError) as caught:
        read_table(tmp_path / "latin.toml")
    assert str(caught.value) == f"{tmp_path / 'latin.toml'}: it is not UTF-8; save it as UTF-8"
    with pytest.raises(DecisionTableError, match="it can't be read"):
        read_table(tmp_path)


def test_a_row_that_can_never_hold_is_refused() -> None:
    table = built_in_table("sides")
    with pytest.raises(DecisionTableError, match="table sides, row 12: the row never holds; take it out"):
        rebuilt(table, [*as_rows(table), {"when": {"input": []}, "outcome": "never"}])


def test_a_single_word_is_a_condition_and_not_its_letters() -> None:
    table = DecisionTable(
        name="short",
        inputs=[{"name": "one", "values": ["y", "yes"]}],
        rows=[{"when": {"one": "yes"}, "outcome": "long"}, {"when": {"one": ["y", "unknown"]}, "outcome": "short"}],
    )
    assert (table.decide(one="y").outcome, table.decide(one="yes").outcome) == ("short", "long")


def test_too_many_combinations_are_refused_before_they_are_gone_through() -> None:
    inputs = [{"name": f"i{number}", "values": ["yes", "no"]} for number in range(40)]
    with pytest.raises(DecisionTableError) as caught:
        DecisionTable(name="huge", inputs=inputs, rows=[{"outcome": "all"}])
    assert str(caught.value) == "table huge: it has more than 200000 combinations; use fewer inputs"
