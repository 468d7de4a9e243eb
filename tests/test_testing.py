"""The strategies: what they draw is sound, small, and reaches every corner that the laws are about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.rules.reading import _as_toml, parse_rules
from policygap.schema import TABLES
from policygap.testing import decision_tables, ids, rule_sets, studies, tables, texts

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
FEW = settings(max_examples=max(1, settings().max_examples // 20))
XML = re.compile("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@given(texts())
def test_a_text_is_what_xml_can_hold_and_never_blank(text: str) -> None:
    assert XML.fullmatch(text)
    assert text.strip()
    assert len(text) <= 20


@given(ids())
def test_an_id_is_a_short_word_that_may_stand_in_a_list(name: str) -> None:
    assert name
    assert name == name.strip()
    assert ";" not in name
    assert name != "all"


@FEW
@given(st.data(), st.sampled_from(["statements", "links", "both", "any"]))
def test_a_drawn_study_has_the_shape_that_was_asked_for_and_no_problem(data: st.DataObject, shape: str) -> None:
    study = data.draw(studies(shape=shape))  # building it raises where there is a problem
    has = (len(study.statements) > 0, len(study.codings) > 0, len(study.links) > 0)
    shapes = {"statements": (True, True, False), "links": (False, False, True), "both": (True, True, True)}
    assert has in ([shapes[shape]] if shape != "any" else shapes.values())


@FEW
@given(tables(flat=True, language_variants=False))
def test_a_flat_study_has_no_parents_of_codes_and_may_have_no_variants(made: dict[str, list[dict[str, Any]]]) -> None:
    assert all(row["parent"] is None for name in ("themes", "targets") for row in made[name])
    assert not any("label_nb" in row for row in (*made["themes"], *made["targets"]))


@given(decision_tables())
@FEW
def test_a_drawn_decision_table_is_one_and_has_a_row_for_every_combination(table: pg.DecisionTable) -> None:
    combinations = 1
    for item in table.inputs:
        combinations *= len(item.domain)
    assert len(table.rows) == combinations


def of_codings(made: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The corners that codings touch."""
    coded = Counter((row["statement"], row["code"]) for row in made["codings"] if row["code"] is not None)
    parents = {row["id"]: row["parent"] for name in ("themes", "targets") for row in made[name]}
    yield from ("coded twice" for times in coded.values() if times > 1)
    yield from ("coded with a parent too" for statement, code in coded if (statement, parents[code]) in coded)
    for row in made["codings"]:
        yield f"coder {row.get('coder')}"
        yield "nothing fits" if row["code"] is None else "coded"
        for name in ("basis", "polarity", "reading") if row["code"] is not None else ():
            yield f"{name} {row.get(name)}"


def corners(made: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """The corners of the laws that a study's tables touch, in words."""
    kinds = {row["id"]: row.get("kind", "theme") for name in ("themes", "targets") for row in made[name]}
    groups = {row["id"] for row in made["groups"]}
    umbrellas = {row["parent"] for row in made["groups"]}
    for row in made["statements"]:
        yield from (f"{name} {row[name]}" for name in ("voice", "kind", "counted"))
        yield "restates" if row["restates"] else "stands alone"
        yield "umbrella" if row["speaker"] in umbrellas else "group" if row["speaker"] in groups else "actor"
    yield from of_codings(made)
    assessed = {kinds.get(row["code"], row.get("kind")) for row in made["codings"]}
    yield from ("a kind that nobody assessed" for kind in kinds.values() if assessed and kind not in assessed)
    for row in (*made["themes"], *made["targets"]):
        if row["parent"] is not None:
            yield "parent of its kind" if kinds[row["id"]] == kinds[row["parent"]] else "parent of another kind"
    for row in made["links"]:
        yield f"relation {row['relation']}"
        yield "target" if row["target"] else "no target"
        yield "no weight" if row["weight"] is None else "weight"
    yield from ("no population" if row["population"] is None else "population" for row in made["groups"])
    yield from (f"presence {row['presence']}" for row in made["responses"])


CORNERS = (
    *(f"voice {word}" for word in ("None", "quote", "summary", "synthesis", "inference")),
    *(f"counted {word}" for word in ("None", "True", "False")),
    *(f"kind {word}" for word in ("None", "call", "challenge", "example")),
    *("restates", "stands alone", "actor", "group", "umbrella"),
    *("coded", "nothing fits", "coded twice", "coded with a parent too", "a kind that nobody assessed"),
    *("coder None", "coder first", "coder second", "population", "no population"),
    *(f"basis {word}" for word in ("None", "coder", "printed", "umbrella", "rule")),
    *(f"polarity {word}" for word in ("None", "for", "against")),
    *(f"reading {word}" for word in ("None", "both", "main", "alternative")),
    *("parent of its kind", "parent of another kind", "target", "no target", "weight", "no weight"),
    *(f"relation {word}" for word in TABLES["links"].column("relation").words),
    *(f"presence {word}" for word in (None, *TABLES["responses"].column("presence").words)),
)


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    """How many of sixty drawn studies touch each corner."""
    found: Counter[str] = Counter()

    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def draw(made: dict[str, list[dict[str, Any]]]) -> None:
        found.update(set(corners(made)))

    draw()
    return found


@pytest.mark.parametrize("corner", CORNERS)
def test_sixty_studies_reach_every_corner(reached: Counter[str], corner: str) -> None:
    assert reached[corner] > 0


@given(rule_sets(["bus", "rail"], letters="ab"), st.text("ab ", max_size=12))
def test_a_drawn_rule_set_reads_back_from_a_file_and_gives_its_codes_alone(rules: pg.RuleSet, text: str) -> None:
    assert set(rules.codes) <= {"bus", "rail"}
    assert parse_rules(_as_toml(rules), "made up.toml") == rules
    assert set(rules.classify([text])["code"]) <= set(rules.codes)
