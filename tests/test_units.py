"""Who the units are and what they weigh, by loops over rows and by hand."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.testing import studies
from policygap.touches import collect_touches
from policygap.units import Units, as_weight, collect_units, distinct_pairs

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
SOME = settings(max_examples=max(1, settings().max_examples // 20))

NUMBERS = st.lists(st.integers(-1, 6), max_size=30)


@given(NUMBERS, st.integers(1, 7), st.data())
def test_distinct_pairs_are_a_set_of_pairs_without_those_of_no_unit(
    unit: list[int], codes: int, data: st.DataObject
) -> None:
    code = data.draw(st.lists(st.integers(0, codes - 1), min_size=len(unit), max_size=len(unit)))
    found = distinct_pairs(np.array(unit, dtype=int), np.array(code, dtype=int), codes)
    expected = sorted({(one, other) for one, other in zip(unit, code, strict=True) if one >= 0})
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.tuples(st.integers()) | st.decimals())
def test_a_weight_is_0_or_more_and_finite_or_missing_or_refused(value: Any) -> None:
    weight = as_weight(value)
    assert weight == -1 or math.isnan(weight) or 0 <= weight < math.inf
    if isinstance(value, int | float) and 0 <= value < 1e300:
        assert weight == float(value)


def units_of(study: pg.Study, **options: Any) -> Units:
    return collect_units(collect_touches(study, **options))


@SOME
@given(studies(shape="statements"))
def test_the_unit_of_a_statement_is_its_speaker_its_actor_or_itself(study: pg.Study) -> None:
    group_of = {actor.id: actor.group for actor in study.actors}
    over = {group.parent for group in study.groups}
    for kind in ("speaker", "actor", "statement"):
        units = units_of(study, unit=kind)
        for place, (name, speaker) in enumerate(zip(study.statements["id"], study.statements["speaker"], strict=True)):
            unit = units.of_statement[place]
            if kind == "actor" and speaker not in group_of:
                assert unit == -1
                continue
            assert units.ids[unit] == (name if kind == "statement" else speaker)
            assert units.speaker[unit] == speaker
            assert units.group[unit] == group_of.get(speaker, speaker)
            assert units.is_group[unit] == (speaker not in group_of)
            assert units.is_umbrella[unit] == (speaker in over)


@SOME
@given(studies(shape="statements"), st.sampled_from(["speaker", "actor", "statement"]))
def test_weights_of_a_group_sum_to_1_or_to_its_population_and_those_of_absent_units_to_0(
    study: pg.Study, unit: str
) -> None:
    groups = study.tables["groups"].assign(population=[float(place + 1) for place in range(len(study.groups))])
    study = evolve(study, tables={**study.tables, "groups": groups})
    totals = {group.id: group.population for group in study.groups}
    for weights in ("equal", "group", "population"):
        units = units_of(study, unit=unit, weights=weights)
        present = units.present(units.touches.counted)
        weight = units.weigh(present)
        assert set(np.flatnonzero(weight)) == set(present)
        assert weights == "equal" or not units.is_umbrella[present].any()
        sums: Counter[tuple[str, bool]] = Counter()
        sizes: Counter[tuple[str, bool]] = Counter()
        for place in present:
            stratum = units.group[place], bool(units.is_group[place])  # a group that speaks as one has its own
            sums[stratum] += weight[place]
            sizes[stratum] += 1
        for stratum, total in sums.items():
            expected = {"equal": sizes[stratum], "group": 1, "population": totals[stratum[0]]}
            assert math.isclose(total, expected[weights] or 0)


def test_whom_no_counted_statement_names_is_not_present() -> None:
    units = units_of(small())
    assert list(units.ids[units.present(np.array([True, False, False, False]))]) == ["a"]
    assert not len(units.present(np.zeros(4, dtype=bool)))


def small(**sizes: dict[str, Any]) -> pg.Study:
    """Two actors in a group of two, a group that speaks, and an umbrella; ``sizes`` are columns ``size``, by table."""
    rows = {
        "groups": [
            {"id": "g", "label": "G", "parent": "all-of-us"}, {"id": "h", "label": "H", "parent": "all-of-us"},
            {"id": "all-of-us", "label": "All"},
        ],
        "actors": [{"id": "a", "label": "A", "group": "g"}, {"id": "b", "label": "B", "group": "g"}],
        "statements": [
            {"id": "s1", "speaker": "a", "text": "1"}, {"id": "s2", "speaker": "b", "text": "2"},
            {"id": "b", "speaker": "h", "text": "3"}, {"id": "s4", "speaker": "all-of-us", "text": "4"},
        ],
    }  # fmt: skip
    for table, column in sizes.items():
        rows[table] = [row | {"size": column.get(row["id"])} for row in rows[table]]
    return pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        codings=[{"statement": row["id"], "code": "t"} for row in rows["statements"]],
        **rows,
    )


def weights_of(study: pg.Study, weights: Any, unit: str = "speaker") -> dict[str, float]:
    units = units_of(study, weights=weights, unit=unit)
    weight = units.weigh(units.present(units.touches.counted))
    return {name: float(number) for name, number in zip(units.ids, weight, strict=True) if number}


def test_a_units_own_number_comes_before_its_speakers_and_that_before_its_groups() -> None:
    given = {"a": 2, "g": 3, "h": 4, "all-of-us": 5}
    assert weights_of(small(), given) == {"a": 2, "b": 3, "h": 4, "all-of-us": 5}
    assert weights_of(small(), given, "actor") == {"a": 2, "b": 3}
    assert weights_of(small(), given, "statement") == {"s1": 2, "s2": 3, "b": 4, "s4": 5}
    assert weights_of(small(), given | {"s1": 9}, "statement") == {"s1": 9, "s2": 3, "b": 4, "s4": 5}


def test_a_column_of_actors_or_groups_weighs_speakers_and_statements_alike() -> None:
    study = small(actors={"a": "2.5"}, groups={"g": "3", "h": "4", "all-of-us": "1"})
    assert weights_of(study, "size") == {"a": 2.5, "b": 3, "h": 4, "all-of-us": 1}
    assert weights_of(study, "size", "statement") == {"s1": 2.5, "s2": 3, "b": 4, "s4": 1}


def test_a_column_of_statements_weighs_statements_and_no_speaker_of_the_same_id() -> None:
    study = small(statements={"s1": "1", "b": "7", "s4": "3"}, actors={"b": "2"})
    assert weights_of(study, "size", "statement") == {"s1": 1, "s2": 2, "b": 7, "s4": 3}
    with pytest.raises(pg.UsageError, match="no usable weight for a, h, all-of-us"):
        weights_of(study, "size")


@pytest.mark.parametrize("wrong", [-1, math.inf, -math.inf, "x", (1, 2), [1], 10**400, object()])
def test_a_number_that_is_none_is_refused_and_not_replaced_by_the_groups(wrong: Any) -> None:
    with pytest.raises(pg.UsageError, match=r"no usable weight for a;"):
        weights_of(small(), {"a": wrong, "g": 1, "h": 1, "all-of-us": 1})


@pytest.mark.parametrize("weights", [{}, {"a": math.nan}, {1: 2}, {"nobody": 1}])
def test_every_unit_without_a_weight_is_named(weights: Any) -> None:
    with pytest.raises(pg.UsageError, match="no usable weight for a, b, h, all-of-us"):
        weights_of(small(), weights)


def test_of_many_units_without_a_weight_it_is_said_how_many_more_there_are() -> None:
    study = small()
    many = [{"id": f"x{number:02}", "speaker": "a", "text": "x"} for number in range(25)]
    with pytest.raises(pg.UsageError, match=r"x00, .*, x19 and 5 more"):
        weights_of(study.with_tables(statements=many, codings=[{"statement": "x00", "code": "t"}]), {}, "statement")


@pytest.mark.parametrize("weights", [None, 3, "sise", "", [1], object()])
def test_what_is_no_kind_of_weight_and_no_column_is_refused(weights: Any) -> None:
    with pytest.raises(pg.UsageError, match="no kind of weight and no column"):
        weights_of(small(actors={"a": 1}), weights)


def test_the_nearest_column_is_proposed() -> None:
    with pytest.raises(pg.UsageError, match="did you mean 'size'"):
        weights_of(small(actors={"a": 1}), "sise")


def test_a_population_that_is_needed_for_one_kind_alone_is_named_with_the_others() -> None:
    study = small().with_tables(
        actors=[{"id": "a", "label": "A", "group": "g"}],
        statements=[{"id": "s1", "speaker": "a", "text": "1"}, {"id": "s2", "speaker": "h", "text": "2"}],
        codings=[{"statement": "s1", "code": "t"}, {"statement": "s2", "code": "A"}],
    )
    with pytest.raises(pg.UsageError, match="population of g, h;"):
        pg.measure_coverage(study, weights="population")
    with pytest.raises(pg.UsageError, match="no usable weight for s1, s2;"):
        pg.measure_coverage(study, weights={}, unit="statement")
