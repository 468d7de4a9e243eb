"""Measures of frames against a naive count and against a study's; the same bits from every engine, order and parts."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap import framecoverage
from policygap.codelist import list_codes
from policygap.testing import studies

FEW = settings(max_examples=max(1, settings().max_examples // 10))
NAN = float("nan")
Rows = list[dict[str, Any]]

CODEBOOK = [
    {"id": "a", "kind": "theme", "label": "Anchovies"},
    {"id": "b", "kind": "theme"},
    {"id": "X", "kind": "area"},
    {"id": "Y", "kind": "area"},
    {"id": "Y1", "kind": "area", "parent": "Y"},
    {"id": "Y2", "kind": "area", "parent": "Y"},
    {"id": "Y21", "kind": "area", "parent": "Y2"},
    {"id": "R", "kind": "reform"},
]
KINDS = {code["id"]: code["kind"] for code in CODEBOOK}
PARENTS = {code["id"]: code.get("parent") for code in CODEBOOK}


# -- frames


def text_frame(rows: Rows) -> pd.DataFrame:
    blank = {"speaker": None, "kind": None, "code": None, "call": False, "weight": None, "number": 0}
    frame = pd.DataFrame([blank | row for row in rows], columns=list(blank))
    texts = dict.fromkeys(("speaker", "kind", "code"), "str")
    return frame.astype({**texts, "call": "bool", "weight": "float64", "number": "int64"})


def with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(dict.fromkeys(("speaker", "kind", "code"), "category"))


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def as_duck(frame: pd.DataFrame) -> Any:
    connection = duckdb.connect()
    table = as_arrow(frame)
    for place, field in enumerate(table.schema):  # DuckDB reads dictionaries of text, not of nothing
        if pa.types.is_dictionary(field.type) and pa.types.is_null(field.type.value_type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.null()).cast(pa.string()))
    connection.register("touches", table)
    return connection.table("touches")


ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas category": with_categories,
    "polars": pl.from_pandas,
    "polars category": lambda frame: pl.from_pandas(with_categories(frame)),
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "polars lazy category": lambda frame: pl.from_pandas(with_categories(frame)).lazy(),
    "arrow": as_arrow,
    "arrow dictionaries": lambda frame: as_arrow(with_categories(frame)),
    "duckdb": as_duck,
    "duckdb enumerations": lambda frame: as_duck(with_categories(frame)),
}


def as_dask(frame: pd.DataFrame, parts: int = 2) -> Any:
    return dd.from_pandas(frame.reset_index(drop=True), npartitions=parts, sort=False)


DASK: dict[str, Callable[[pd.DataFrame], Any]] = {"dask": as_dask}


def same_bits(one: pg.FrameCoverage, other: pg.FrameCoverage, engine: str) -> None:
    for name in ("themes", "targets"):
        first, second = getattr(one, name), getattr(other, name)
        pd.testing.assert_frame_equal(first, second, check_exact=True, obj=f"{engine} {name}")
        for column in first.select_dtypes("float"):
            assert first[column].to_numpy().tobytes() == second[column].to_numpy().tobytes(), (engine, column)
    assert one.effective_targets == other.effective_targets, engine
    assert one.without_unit == other.without_unit, engine


# -- the definition, by loops


def over(code: str | None) -> list[str]:
    found: list[str] = []
    while code is not None and PARENTS[code] is not None:
        code = PARENTS[code]
        found.append(str(code))
    return found


class Naive:
    """Every figure of rows, by loops and in exact fractions."""

    def __init__(self, rows: Rows, unit: str, weight: str | None, counting: str) -> None:
        self.weight: dict[tuple[str, Any], Fraction] = {}
        self.touching: dict[tuple[str, Any], set[str]] = {}
        self.calling: dict[tuple[str, Any], set[str]] = {}
        self.full = counting == "full"
        for row in rows:
            if row[unit] is None:
                continue
            key = row["kind"], row[unit]
            number = row[weight] if weight else 1
            number = Fraction(0) if number is None or math.isnan(number) else Fraction(number)
            self.weight[key] = max(self.weight.get(key, Fraction(0)), number)
            self.touching.setdefault(key, set()).update({row["code"]} - {None, ""})
            self.calling.setdefault(key, set()).update({row["code"]} - {None, ""} if row["call"] else ())

    def of(self, kind: str) -> list[tuple[str, Any]]:
        return [key for key in self.weight if key[0] == kind]

    def sum(self, keys: Any) -> Fraction:
        return sum((self.weight[key] for key in keys), Fraction(0))

    def attention(self, code: str) -> float:
        keys = self.of(KINDS[code])
        total = self.sum(keys)
        return float(self.sum(key for key in keys if code in self.touching[key]) / total) if total else NAN

    def demand(self, code: str) -> float:
        keys = self.of(KINDS[code])
        total = self.sum(keys)
        return float(self.sum(key for key in keys if code in self.calling[key]) / total) if total else NAN

    def share(self, code: str) -> float:
        parts = dict.fromkeys(KINDS, Fraction(0))
        for key in self.of(KINDS[code]):
            touched = self.touching[key]
            specific = touched - {above for name in touched for above in over(name)}
            for name in specific:
                parts[name] += self.weight[key] / (1 if self.full else len(specific))
        whole = sum(parts.values())
        return float(sum(parts[name] for name in parts if name == code or code in over(name)) / whole) if whole else NAN

    def ties(self, code: str) -> tuple[str, ...]:
        keys = self.of(KINDS[code])
        weighing = [key for key in keys if self.weight[key]]
        found: list[str] = []
        for other in (name for name in KINDS if KINDS[name] == KINDS[code] and name != code and weighing):
            one, two = ([key for key in keys if name in self.touching[key]] for name in (code, other))
            if self.sum(one) < self.sum(two):
                one, two = two, one
            apart = self.sum(one) - self.sum(two)
            only = max((self.weight[key] for key in one if key not in two), default=Fraction(0))
            sure = Fraction(10**9 - 1, 10**9)
            if apart < 2 * self.sum(keys) / len(weighing) * sure or (apart and only * sure > apart):
                found.append(other)
        return tuple(sorted(found))


def check(found: pg.FrameCoverage, naive: Naive) -> None:
    for frame in (found.themes, found.targets):
        for code, row in frame.iterrows():
            keys = naive.of(KINDS[str(code)])
            if not keys:
                assert row.drop(["label", "kind", "benchmark", "tied_with"], errors="ignore").isna().all()
                continue
            assert row["assessed"] == len(keys)
            assert row["units"] == sum(code in naive.touching[key] for key in keys)
            assert row["calling"] == sum(code in naive.calling[key] for key in keys)
            for name in ("attention", "demand"):
                np.testing.assert_array_equal(row[name], getattr(naive, name)(code), str((code, name)))
            if "share" in row:
                np.testing.assert_array_equal(row["share"], naive.share(str(code)), str(code))
                assert row["tied_with"] == naive.ties(str(code)), code


ODD = [0.1, 1 / 3, 1e-9, 1e9, 0.0, 2.0, 1e-100, 1e100, None, NAN]
CODED = st.sampled_from([*KINDS]).map(lambda code: {"code": code, "kind": KINDS[code]})
HOLE = st.builds(
    lambda kind, code: {"code": code, "kind": kind}, st.sampled_from(["theme", "area"]), st.sampled_from(["", None])
)
SAID = st.fixed_dictionaries(
    {
        "speaker": st.sampled_from(["s", "t|", "=1", "å", "", None]),
        "call": st.booleans(),
        "weight": st.sampled_from(ODD),
        "number": st.integers(0, 9),
    }
)
FRAMES = st.lists(st.builds(lambda said, coded: said | coded, SAID, CODED | HOLE), min_size=1, max_size=14)
UNITS = st.sampled_from(["speaker", "number"])
WEIGHTS = st.sampled_from([None, "weight", "number"])
COUNTINGS = st.sampled_from(["fractional", "full"])
HARD: Rows = [
    {
        "speaker": None if place == 40 else f"s{place % 11}",
        "number": place % 7,
        "code": code,
        "kind": KINDS.get(code or "", "area"),
        "call": place % 3 == 0,
        "weight": weight,
    }
    for place, (code, weight) in enumerate(product([*KINDS, None], [0.1, 1 / 3, 1e-9, 7.0, 0.7, None, NAN, 1e16, 3.0]))
    if (place * 7) % 5
]
HEAVY: Rows = [
    {"speaker": f"{code}{place}", "number": place, "code": code, "kind": "area", "call": True, "weight": weight}
    for code, weights in {"X": [9.0, 1.0, 1.0, 1.0], "Y": [1.0] * 6, "Y1": [0.5] * 60}.items()
    for place, weight in enumerate(weights)
]


@FEW
@example(HARD, "speaker", "weight", "fractional")
@example(HARD, "number", None, "full")
@example(HEAVY, "speaker", "weight", "fractional")
@given(FRAMES, UNITS, WEIGHTS, COUNTINGS)
def test_every_engine_gives_the_measures_of_a_naive_count(
    rows: Rows, unit: str, weight: str | None, counting: str
) -> None:
    frame = text_frame(rows)
    found = pg.measure_frame(frame, CODEBOOK, unit=unit, weight=weight, counting=counting)
    check(found, Naive(rows, unit, weight, counting))
    for engine, convert in ENGINES.items():
        other = pg.measure_frame(convert(frame), CODEBOOK, unit=unit, weight=weight, counting=counting)
        same_bits(found, other, engine)


@pytest.mark.parametrize(("rows", "weight"), [(HARD, None), (HARD, "weight"), (HEAVY, "weight")])
def test_dask_gives_the_same_bits_in_any_number_of_parts(rows: Rows, weight: str | None) -> None:
    frame = text_frame(rows)
    found = pg.measure_frame(frame, CODEBOOK, weight=weight)
    for parts in (1, 3):
        same_bits(found, pg.measure_frame(as_dask(frame, parts), CODEBOOK, weight=weight), f"dask in {parts}")


@settings(max_examples=max(1, settings().max_examples // 100))
@given(FRAMES, UNITS, WEIGHTS)
def test_dask_gives_the_same_bits_for_whatever_rows(rows: Rows, unit: str, weight: str | None) -> None:
    frame = text_frame(rows)
    found = pg.measure_frame(frame, CODEBOOK, unit=unit, weight=weight)
    same_bits(found, pg.measure_frame(as_dask(frame, 3), CODEBOOK, unit=unit, weight=weight), "dask")


def as_spark(session: Any, frame: pd.DataFrame, parts: int = 3) -> Any:
    schema = "speaker string, kind string, code string, call boolean, weight double, number long"
    cells = frame.astype(object).where(frame.notna(), None)
    return session.createDataFrame([*cells.itertuples(index=False, name=None)], schema).repartition(parts)


@pytest.mark.parametrize(("rows", "weight"), [(HARD, "weight"), (HEAVY, None)])
def test_spark_gives_the_same_bits(spark_session: Any, rows: Rows, weight: str | None) -> None:
    frame = text_frame(rows)
    found = pg.measure_frame(as_spark(spark_session, frame), CODEBOOK, weight=weight)
    same_bits(pg.measure_frame(frame, CODEBOOK, weight=weight), found, "spark")


@FEW
@given(FRAMES, UNITS, WEIGHTS, st.integers(0, 99), st.sampled_from([*ENGINES]))
def test_the_order_of_rows_never_matters(rows: Rows, unit: str, weight: str | None, seed: int, engine: str) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    found = pg.measure_frame(ENGINES[engine](text_frame(shuffled)), CODEBOOK, unit=unit, weight=weight)
    same_bits(pg.measure_frame(text_frame(rows), CODEBOOK, unit=unit, weight=weight), found, engine)


# -- of a study


CHOICES = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["speaker", "actor", "statement"]),
        "weights": st.sampled_from(["equal", "group", "population"]),
        "counting": COUNTINGS,
        "restated": st.booleans(),
        "kinds": st.sampled_from([("call",), ("call", "challenge")]),
        "reading": st.sampled_from(["main", "alternative"]),
    }
)


def measure_both(study: pg.Study, options: dict[str, Any], convert: Callable[[Any], Any]) -> tuple[Any, Any]:
    touches = convert(pg.list_touches(study, **options))
    unit = "statement" if options["unit"] == "statement" else "speaker"
    found = pg.measure_frame(touches, study, unit=unit, weight="weight", counting=options["counting"])
    return found, pg.measure_coverage(study, **options)


def check_alike(found: pg.FrameCoverage, coverage: pg.Coverage) -> None:
    for mine, theirs in ((found.themes, coverage.themes), (found.targets, coverage.targets)):
        assert list(mine.index) == list(theirs.index)
        for name in mine:
            if name in ("attention", "demand", "share", "benchmark", "ratio"):
                np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12, err_msg=str(name))
            else:
                assert mine[name].tolist() == theirs[name].tolist(), name
    assert found.effective_targets == pytest.approx(coverage.effective_targets, rel=1e-12)
    assert found.without_unit == 0


@settings(max_examples=max(1, settings().max_examples // 16))
@given(studies(shape="statements"), CHOICES, st.sampled_from(["pandas", "polars", "polars lazy", "arrow", "duckdb"]))
def test_the_touches_of_a_study_measure_like_the_study(study: pg.Study, options: dict[str, Any], engine: str) -> None:
    plain = lambda frame: ENGINES[engine](frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str")))  # noqa: E731  # short
    try:
        pg.measure_coverage(study, **options)
    except pg.UsageError:  # a group has no population
        with pytest.raises(pg.UsageError, match="population"):
            pg.list_touches(study, **options)
        return
    check_alike(*measure_both(study, options, plain))


@pytest.mark.parametrize("unit", ["speaker", "actor", "statement"])
@pytest.mark.parametrize("weights", ["equal", "group"])
def test_the_bundled_study_measures_alike_from_its_touches(smabystrategi: pg.Study, unit: str, weights: str) -> None:
    options = {"unit": unit, "weights": weights, "counting": "fractional"}
    found, coverage = measure_both(smabystrategi, options, lambda frame: frame)
    check_alike(found, coverage)


def test_touches_say_who_was_looked_at_in_vain_and_whose_figures_they_are(smabystrategi: pg.Study) -> None:
    touches = pg.list_touches(smabystrategi)
    assert not touches.duplicated(["statement", "kind", "code"]).any()
    empty = touches[touches["code"].isna()]
    filled = touches[touches["code"].notna()]
    assert not empty["call"].any()
    assert set(zip(empty["statement"], empty["kind"], strict=True)).isdisjoint(
        zip(filled["statement"], filled["kind"], strict=True)
    )
    counted = pg.measure_coverage(smabystrategi, unit="statement")
    per_code = filled.groupby("code", observed=True)["statement"].nunique()
    found = pd.concat([counted.themes["units"], counted.targets["units"]])
    assert per_code.to_dict() == found[found > 0].to_dict()
    against = touches[touches["polarity"] == "against"]
    assert len(against)
    assert not against["call"].any()
    groups = touches[touches["speaker"].astype(str) == touches["group"].astype(str)]
    whole = groups.groupby("code", observed=True)["speaker"].nunique().reindex(counted.targets.index).fillna(0)
    assert whole.tolist() == counted.targets["whole_groups"].fillna(0).tolist()


def test_touches_of_a_study_with_links_alone_are_refused() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        links=[{"theme": "t", "target": "X", "relation": "equal"}],
    )
    with pytest.raises(pg.UsageError, match="measure_coverage"):
        pg.list_touches(study)


def test_touches_of_nobody_are_an_empty_frame_and_its_figures_missing() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        groups=[{"id": "g", "label": "G"}],
        statements=[{"id": "s1", "speaker": "g", "text": "so"}],
        codings=[{"statement": "s1", "code": "X"}],
    )
    touches = pg.list_touches(study, unit="actor")  # a group spoke
    assert len(touches) == 0
    for convert in (ENGINES["pandas"], ENGINES["polars"], ENGINES["arrow"]):
        found = pg.measure_frame(convert(touches), study)
        assert found.targets[["assessed", "units", "attention", "share", "ratio"]].isna().to_numpy().all()
        assert found.targets["benchmark"].tolist() == [1.0]


# -- what is missing stays missing


def test_a_kind_that_nobody_was_assessed_for_has_no_figures_and_one_looked_at_in_vain_has_zeros() -> None:
    rows = [{"speaker": "s", "kind": "theme", "code": "a"}, {"speaker": "s", "kind": "area", "code": None}]
    found = pg.measure_frame(text_frame(rows), CODEBOOK)
    assert found.themes["attention"].to_dict() == {"a": 1.0, "b": 0.0}
    assert found.targets.loc[["X", "Y"], "attention"].tolist() == [0.0, 0.0]
    assert found.targets["share"].isna().all()
    assert found.targets.loc["R", ["assessed", "units", "attention"]].isna().all()
    assert found.effective_targets == {}


def test_without_a_codebook_only_what_is_seen_is_measured_and_nothing_is_held_against_an_equal_split() -> None:
    found = pg.measure_frame(text_frame(HARD), None)
    codes = [code for code in KINDS if KINDS[code] != "theme"]
    assert list(found.targets.index) == sorted(codes, key=lambda code: (KINDS[code], code))
    assert found.targets[["benchmark", "ratio"]].isna().to_numpy().all()
    told = pg.measure_frame(text_frame(HARD), None, benchmark={"X": 1, "Y": 1, "Y1": 1, "Y2": 1, "Y21": 4})
    assert told.targets.loc["Y21", "benchmark"] == 0.5
    assert math.isnan(told.targets.loc["R", "benchmark"])


def test_without_calls_demand_is_missing_and_the_rest_is_as_before() -> None:
    frame = text_frame(HARD)
    found, whole = (pg.measure_frame(frame, CODEBOOK, call=call) for call in (None, "call"))
    assert found.themes[["calling", "demand"]].isna().to_numpy().all()
    pd.testing.assert_frame_equal(found.targets[["units", "share"]], whole.targets[["units", "share"]])


def test_rows_without_a_unit_are_left_out_and_counted() -> None:
    rows = [{"speaker": "s", "kind": "theme", "code": "a"}, {"speaker": None, "kind": "nothing known", "code": "?"}]
    for engine, convert in (ENGINES | DASK).items():
        found = pg.measure_frame(convert(text_frame(rows)), CODEBOOK)
        assert (found.without_unit, found.themes.loc["a", "assessed"]) == (1, 1), engine


def test_evidence_is_measured_only_where_it_is_said_who_was_assessed(smabystrategi: pg.Study) -> None:
    evidence, coverage = pg.collect_evidence(smabystrategi), pg.measure_coverage(smabystrategi)
    with pytest.raises(pg.UsageError, match="in vain"):
        pg.measure_frame(evidence, smabystrategi)
    with pytest.raises(pg.UsageError, match="who was assessed"):
        pg.measure_frame(evidence, smabystrategi, code="theme", kind=None, call=None)
    assessed = int(coverage.themes["assessed"].iloc[0])
    for convert in (
        lambda frame: frame,
        lambda frame: ENGINES["duckdb"](frame.astype({"theme": "str", "speaker": "str"})),
    ):
        frame = convert(evidence[["speaker", "theme"]])
        found = pg.measure_frame(frame, smabystrategi, code="theme", kind=None, call=None, assessed={"theme": assessed})
        np.testing.assert_allclose(found.themes["attention"], coverage.themes["attention"], rtol=1e-12)
        assert found.targets["attention"].isna().all()


def test_a_number_of_assessed_units_takes_the_place_of_the_rows() -> None:
    rows = [{"speaker": name, "kind": "area", "code": "X", "weight": 2.0} for name in "stu"]
    frame = text_frame([*rows, {"speaker": "s", "kind": "area", "code": "Y", "weight": 2.0}])
    found = pg.measure_frame(frame, CODEBOOK, assessed={"area": 12})
    assert found.targets.loc["X", ["assessed", "attention"]].tolist() == [12, 0.25]
    assert found.targets.loc["Y", "tied_with"] == ("Y1", "Y2", "Y21")
    weighed = pg.measure_frame(frame, CODEBOOK, weight="weight", assessed={"area": 12})
    assert weighed.targets.loc["X", "attention"] == 0.5
    assert weighed.targets.loc["X", "tied_with"] is None
    assert weighed.targets["assessed"].isna().all()
    with pytest.raises(pg.UsageError, match="less than the 3 seen"):
        pg.measure_frame(frame, CODEBOOK, assessed={"area": 2})


# -- codebooks


def test_a_codebook_may_be_a_frame_a_list_or_a_study(smabystrategi: pg.Study) -> None:
    touches = pg.list_touches(smabystrategi)
    expected = pg.measure_frame(touches, smabystrategi)
    codes = [
        {"id": code.id, "kind": code.kind, "parent": code.parent, "label": code.label} for code in smabystrategi.codes
    ]
    for codebook in (codes, list(smabystrategi.codes), pd.DataFrame(codes), pl.DataFrame(codes)):
        same_bits(expected, pg.measure_frame(touches, codebook), type(codebook).__name__)
    themes, targets = smabystrategi.tables["themes"].assign(kind="theme"), smabystrategi.tables["targets"]
    same_bits(expected, pg.measure_frame(touches, pd.concat([themes, targets])), "tables")


def test_all_that_is_wrong_with_a_codebook_is_named_at_once() -> None:
    codes = [
        {"id": "a", "kind": "theme"}, {"id": "a", "kind": "theme"}, {"id": "b"}, {"kind": NAN},
        {"id": "X", "kind": "area", "parent": "Z"}, {"id": "Y", "kind": "area", "parent": "W"},
        {"id": "W", "kind": "area", "parent": "Y"}, {"id": "V", "kind": "area", "parent": "V"},
        {"id": "U", "kind": "area", "parent": "Y"},
    ]  # fmt: skip
    _, problems = list_codes(codes)
    assert [(problem.row, problem.what) for problem in problems] == [
        (3, "a code has no kind"),
        (4, "a code has no id and no kind"),
        (2, "'a' comes twice"),
        (5, "'X' has the parent 'Z', which is no code"),
        (6, "'Y' stands under itself"),
        (7, "'W' stands under itself"),
        (8, "'V' stands under itself"),
    ]
    for nonsense in (7, "codebook", [7], {"a": "theme"}):
        assert list_codes(nonsense)[1][0].what.endswith("is none")


# -- strangers' frames


@pytest.mark.parametrize("engine", [*ENGINES, *DASK])
def test_all_that_does_not_fit_the_codebook_is_named_at_once(engine: str) -> None:
    rows = [
        {"speaker": "s", "kind": "theme", "code": "A"},
        {"speaker": "s", "kind": "aera", "code": None},
        {"speaker": "s", "kind": "area", "code": "a"},
        {"speaker": "s", "kind": "", "code": "X", "weight": -1.0},
        {"speaker": "s", "kind": "area", "code": "X", "weight": math.inf},
    ]
    with pytest.raises(pg.UsageError) as raised:
        pg.measure_frame((ENGINES | DASK)[engine](text_frame(rows)), CODEBOOK, weight="weight", benchmark={"X": 1})
    assert [(problem.file, problem.column, problem.what) for problem in raised.value.problems] == [
        ("frame", "kind", "1 rows have no kind"),
        ("frame", "kind", "there is no kind 'aera' in the codebook (1 rows)"),
        ("frame", "code", "there is no code 'A' in the codebook (1 rows)"),
        ("frame", "kind", "'a' has the kind 'area' in 1 rows, and is a theme"),
        ("frame", "weight", "weights below 0: 1"),
        ("frame", "weight", "infinite weights, or above 1e+100: 1"),
        ("benchmark", None, "the area benchmark lacks Y1, Y21"),
    ]


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow", "duckdb", "dask"])
def test_all_columns_and_arguments_that_do_not_fit_are_named_at_once(engine: str) -> None:
    frame = (ENGINES | DASK)[engine](text_frame(HARD))
    with pytest.raises(pg.UsageError) as raised:
        pg.measure_frame(
            frame, 7, unit="speakers", code="weight", kind="kind", call="number", weight="code",
            benchmark="even", counting="half", assessed={"area": 0},
        )  # fmt: skip
    assert [(problem.file, problem.column) for problem in raised.value.problems] == [
        ("counting", None), ("benchmark", None), ("assessed", None), ("codebook", None),
        ("frame", "speakers"), ("frame", "code"), ("frame", "weight"), ("frame", "number"),
    ]  # fmt: skip
    with pytest.raises(pg.UsageError, match="no frame"):
        pg.measure_frame(HARD, CODEBOOK)
    with pytest.raises(pg.UsageError, match="is no mapping"):
        pg.measure_frame(frame, CODEBOOK, assessed=7)  # pyright: ignore[reportArgumentType]
    with pytest.raises(pg.UsageError, match="there is no kind 'aera'"):
        pg.measure_frame(frame, CODEBOOK, assessed={"aera": 7})


def test_a_code_under_two_kinds_is_named_without_a_codebook_too() -> None:
    rows = [{"speaker": "s", "kind": kind, "code": "a"} for kind in ("area", "theme")]
    with pytest.raises(pg.UsageError, match="'a' has the kind"):
        pg.measure_frame(text_frame(rows))


@pytest.mark.parametrize("engine", ["pandas", "polars lazy", "duckdb", "dask"])
def test_a_column_of_texts_is_no_column_of_codes(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policygap.unitsums.MOST_CODES", 5)
    monkeypatch.setattr("policygap.framechecks.MOST_CODES", 5)
    with pytest.raises(pg.UsageError, match="more than 5 different values"):
        pg.measure_frame((ENGINES | DASK)[engine](text_frame(HARD)))


@pytest.mark.parametrize("engine", [*ENGINES, *DASK])
def test_an_empty_frame_or_one_without_codes_has_missing_figures_or_zeros(engine: str) -> None:
    convert = (ENGINES | DASK)[engine]
    for weight in (None, "weight"):
        found = pg.measure_frame(convert(text_frame([])), CODEBOOK, weight=weight)
        assert found.targets[["assessed", "units", "attention", "share"]].isna().to_numpy().all()
    found = pg.measure_frame(convert(text_frame([{"speaker": "s", "kind": "area"}])), CODEBOOK)
    assert found.targets.loc["X", ["assessed", "attention"]].tolist() == [1, 0]


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow", "duckdb"])
def test_ids_may_be_whole_numbers(engine: str) -> None:
    rows = [{"speaker": place % 5 * 2**33, "code": place % 2 + 1, "kind": "area"} for place in range(20)]
    frame = pd.DataFrame(rows).assign(call=True)
    found = pg.measure_frame(ENGINES[engine](frame), [{"id": number, "kind": "area"} for number in (1, 2, 3)])
    assert list(found.targets.index) == ["1", "2", "3"]
    assert found.targets["units"].tolist() == [5, 5, 0]


@pytest.mark.parametrize("engine", ["pandas", "polars", "arrow"])
def test_a_column_of_nothing_may_be_of_any_type(engine: str) -> None:
    frame = text_frame(HEAVY)
    for nothing in (None, NAN):
        found = pg.measure_frame(ENGINES[engine](frame.assign(code=nothing, call=None)), CODEBOOK)
        assert found.targets.loc["X", ["assessed", "units", "calling"]].tolist() == [70, 0, 0]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text_frame(HEAVY).to_parquet(tmp_path / f"part-{name}.parquet", index=False)
    relation = duckdb.connect().read_parquet(str(tmp_path / "*.parquet"))
    whole = pg.measure_frame(relation, CODEBOOK, weight="weight")
    same_bits(pg.measure_frame(text_frame(HEAVY), CODEBOOK, weight="weight"), whole, "parts")
    damaged = tmp_path / "part-b.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(pg.PolicyGapError) as raised:
        pg.measure_frame(relation, CODEBOOK)
    assert raised.value.problems[0].file == "part-b.parquet"


def test_ties_of_many_targets_are_asked_in_several_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = text_frame(HEAVY)
    expected = pg.measure_frame(frame, CODEBOOK, weight="weight")
    monkeypatch.setattr("policygap.unitsums._AT_ONCE", 1)
    for engine in ("polars lazy", "duckdb"):
        same_bits(expected, pg.measure_frame(ENGINES[engine](frame), CODEBOOK, weight="weight"), engine)


def test_what_a_notebook_shows_holds_the_targets() -> None:
    html = pg.measure_frame(text_frame(HEAVY), CODEBOOK, weight="weight")._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "Y21" in html
    assert framecoverage.FrameCoverage.__doc__


@pytest.mark.parametrize("name", ["citizens' say", 'a "quote"', "two\nlines", "back\\slash", "{}", "%s"])
def test_codes_may_have_any_characters_in_duckdb(name: str) -> None:
    frame = pd.DataFrame({"speaker": ["s", "t"], "kind": "theme", "code": [name, None]})
    codes = [{"id": name, "kind": "theme"}]
    found = pg.measure_frame(duckdb.from_df(frame), codes, call=None).themes
    pd.testing.assert_frame_equal(found, pg.measure_frame(frame, codes, call=None).themes)
    assert found["attention"].to_dict() == {name: 0.5}


@pytest.mark.parametrize("content", [None, b"PAR1 and no more"])
def test_a_first_part_that_is_gone_or_damaged_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "part-0.parquet"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(pg.PolicyGapError, match=r"^part-0\.parquet: "):
        pg.measure_frame(pl.scan_parquet(file), CODEBOOK)
    with pytest.raises(pg.PolicyGapError, match=r"^part-0\.parquet: "):
        pg.measure_frame(pd.DataFrame(), pl.scan_parquet(file))


def test_arguments_that_name_no_column_are_all_told() -> None:
    with pytest.raises(pg.UsageError) as raised:
        pg.measure_frame(pd.DataFrame(), CODEBOOK, unit=None, code=["code"])  # type: ignore[reportArgumentType]  # as said
    assert str(raised.value).splitlines() == [
        "unit: None is no name of a column; name one",
        "code: ['code'] is no name of a column; name one",
    ]


def test_more_units_than_a_number_can_hold_are_refused() -> None:
    frame = pd.DataFrame({"speaker": ["s"], "kind": ["theme"], "code": ["a"], "call": [True]})
    for number in (1e300, 1e20):
        with pytest.raises(pg.UsageError, match="assessed"):
            pg.measure_frame(frame, CODEBOOK, assessed={"theme": number})


def test_a_frame_is_no_study_to_list_touches_of() -> None:
    with pytest.raises(pg.UsageError, match="a DataFrame is no study"):
        pg.list_touches(pd.DataFrame())  # type: ignore[reportArgumentType]  # as said
