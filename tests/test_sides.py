"""Input, policy and research side by side, against a truth table written by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

import policygap as pg
from policygap.testing import studies

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
SOME = settings(max_examples=max(1, settings().max_examples // 25))

CLASSES = {
    # input, policy, research
    (True, True, True): "all_three",
    (True, True, False): "input_and_policy",
    (True, False, True): "input_and_research",
    (True, False, False): "input_alone",
    (False, True, True): "policy_and_research",
    (False, True, False): "policy_alone",
    (False, False, True): "research_alone",
    (False, False, False): "none",
}
PRESENCES = {True: "named", False: "absent", None: "not_evidenced"}


def told(value: Any) -> bool | None:
    return None if pd.isna(value) else bool(value)


def study_of_every_combination() -> tuple[pg.Study, dict[str, tuple[bool | None, ...]]]:
    """A theme for every combination of the three sides, policy and research possibly unknown."""
    cases = {f"t{place}": case for place, case in enumerate(product((True, False), (True, False, None), PRESENCES))}
    links = [
        {"theme": name, "target": "R1" if research else None, "relation": "equal" if research else "none"}
        for name, (_, _, research) in cases.items()
        if research is not None
    ]
    study = pg.build_study(
        themes=[{"id": name, "label": name} for name in cases],
        targets=[{"id": "R1", "kind": "recommendation", "label": "R1"}],
        groups=[{"id": "g", "label": "G"}],
        statements=[{"id": "s", "speaker": "g", "text": "All of it.", "kind": "call"}],
        codings=[{"statement": "s", "code": name} for name, (asked, _, _) in cases.items() if asked],
        links=links,
        responses=[{"subject": name, "presence": PRESENCES[policy]} for name, (_, policy, _) in cases.items()],
    )
    return study, cases


def test_the_eight_classes_are_those_of_the_truth_table_and_what_is_missing_is_in_none() -> None:
    study, cases = study_of_every_combination()
    sides = pg.compare_sides(study)
    for name, case in cases.items():
        for how in ("strict", "lenient"):
            found = [told(sides.loc[name, side]) for side in ("input", f"policy_{how}", f"research_{how}")]
            assert tuple(found) == case
            assert sides.loc[name, f"class_{how}"] == CLASSES.get(case, "not_assessed")


@SOME
@given(studies())
def test_each_class_follows_from_its_three_sides_alone(study: pg.Study) -> None:
    sides = pg.compare_sides(study)
    for how, (_, row) in product(("strict", "lenient"), sides.iterrows()):
        case = tuple(told(row[name]) for name in ("input", f"policy_{how}", f"research_{how}"))
        assert row[f"class_{how}"] == CLASSES.get(case, "not_assessed")


@SOME
@given(studies())
def test_what_holds_strictly_holds_leniently(study: pg.Study) -> None:
    sides = pg.compare_sides(study)
    for name in ("policy", "research"):
        strict = sides[f"{name}_strict"].map(told)
        lenient = sides[f"{name}_lenient"].map(told)
        assert all(two is True for one, two in zip(strict, lenient, strict=True) if one is True)
        # Where it can be told strictly, it can be told leniently too.
        assert all(two is not None for one, two in zip(strict, lenient, strict=True) if one is not None)


@SOME
@given(studies())
def test_research_has_a_theme_as_its_links_to_recommendations_say(study: pg.Study) -> None:
    kinds = {code.id: code.kind for code in study.codes}
    links = [
        {key: None if pd.isna(cell) else cell for key, cell in row.items()} for row in study.links.to_dict("records")
    ]
    sides = pg.compare_sides(study)
    assert list(sides.index) == [code.id for code in study.codes if code.kind in ("theme", "recommendation")]
    for code in sides.index:
        mine = [row for row in links if row["theme"] == code and kinds.get(row["target"]) == "recommendation"]
        compared = mine or [row for row in links if row["theme"] == code and row["target"] is None]
        strict = any(row["relation"] == "equal" for row in mine) if compared else None
        lenient = any(row["relation"] != "none" for row in mine) if compared else None
        if kinds[code] == "theme":
            assert (told(sides.loc[code, "research_strict"]), told(sides.loc[code, "research_lenient"])) == (
                strict,
                lenient,
            )
            expected = sorted({f"{row['target']} ({row['relation']})" for row in mine})
            assert sorted(filter(None, sides.loc[code, "linked"].split(";"))) == expected


@SOME
@given(studies())
def test_the_input_side_is_demand_over_0(study: pg.Study) -> None:
    sides, demand = pg.compare_sides(study), pg.measure_coverage(study).themes["demand"]
    for theme, value in demand.items():
        assert told(sides.loc[theme, "input"]) == (None if pd.isna(value) else value > 0)


@pytest.mark.parametrize(
    ("relation", "strict", "lenient"),
    [
        ("equal", True, True),
        ("subset", False, True),
        ("superset", False, True),
        ("intersects", False, True),
        ("none", False, False),
    ],
)
def test_research_is_strict_about_equal_and_lenient_about_any_relation(
    relation: str, strict: bool, lenient: bool
) -> None:
    study = pg.build_study(
        themes=[{"id": "buses", "label": "Buses"}],
        targets=[{"id": "R1", "kind": "recommendation", "label": "R1"}],
        links=[{"theme": "buses", "target": "R1", "relation": relation}],
    )
    row = pg.compare_sides(study).loc["buses"]
    assert (told(row["research_strict"]), told(row["research_lenient"])) == (strict, lenient)
    assert told(row["input"]) is None
    assert row["class_strict"] == "not_assessed"


@pytest.mark.parametrize(
    ("presence", "emphasis", "strict", "lenient"),
    [
        ("named", None, True, True),
        ("mentioned", "equal", True, True),
        ("absent", None, False, False),
        ("excluded", "stronger", False, False),
        ("absent", "weaker", False, True),
        ("not_evidenced", None, None, None),
        ("not_evidenced", "weaker", None, True),
        (None, "weaker", None, True),
        (None, "equal", None, None),
    ],
)
def test_policy_is_strict_about_presence_and_lenient_about_weaker_emphasis(
    presence: str | None, emphasis: str | None, strict: bool | None, lenient: bool | None
) -> None:
    study = pg.build_study(
        themes=[{"id": "buses", "label": "Buses"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "buses", "target": "A", "relation": "equal"}],
        responses=[{"subject": "buses", "presence": presence, "emphasis": emphasis}],
    )
    row = pg.compare_sides(study).loc["buses"]
    assert (told(row["policy_strict"]), told(row["policy_lenient"])) == (strict, lenient)
    # A link to a focus area says nothing of research.
    assert told(row["research_lenient"]) is None
