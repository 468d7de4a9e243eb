"""Cross-tabulation against a naive count; the same bits from every engine, in any order and partitioning."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Any
from unittest.mock import Mock

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
from policygap import engines, streams
from policygap.exact import combine_sums, lay_grids
from policygap.packing import Plan, tally_batches
from policygap.tallies import Coded, code_whole_numbers, tally
from policygap.testing import studies

FEW = settings(max_examples=max(1, settings().max_examples // 10))
TEXTS = ("theme", "target", "speaker")
NAN, INFINITE = float("nan"), float("inf")
Rows = list[dict[str, Any]]


def text_frame(rows: Rows) -> pd.DataFrame:
    blank = {"theme": None, "target": None, "speaker": None, "weight": None, "number": 0}
    frame = pd.DataFrame([blank | row for row in rows], columns=list(blank))
    return frame.astype({**dict.fromkeys(TEXTS, "str"), "weight": "float64", "number": "int64"})


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def as_duck(frame: pd.DataFrame) -> Any:
    connection = duckdb.connect()
    table = as_arrow(frame)
    for place, field in enumerate(table.schema):  # DuckDB reads dictionaries of text, not of nothing
        if pa.types.is_null(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    connection.register("evidence", table)
    return connection.table("evidence")


def as_dask(frame: pd.DataFrame, parts: int) -> Any:
    return dd.from_pandas(frame.reset_index(drop=True), npartitions=parts, sort=False)


def recoded(dtype: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def convert(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.astype({name: dtype for name in TEXTS if not pd.api.types.is_integer_dtype(frame[name])})

    return convert


ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas object": recoded("object"),
    "pandas category": recoded("category"),
    "pandas with spare categories": lambda frame: recoded("category")(pd.concat([frame, frame.assign(theme="~")])).iloc[
        : len(frame)
    ],
    "polars": pl.from_pandas,
    "polars category": lambda frame: pl.from_pandas(recoded("category")(frame)),
    "polars with NaN": lambda frame: pl.from_pandas(frame, nan_to_null=False),
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "arrow": as_arrow,
    "arrow dictionaries": lambda frame: as_arrow(recoded("category")(frame)),
    "arrow in chunks": lambda frame: pa.concat_tables(
        [as_arrow(recoded("category")(frame.iloc[at : at + 2])) for at in range(0, max(len(frame), 1), 2)],
        promote_options="permissive",
    ),
    "duckdb": as_duck,
    "duckdb enumerations": lambda frame: as_duck(recoded("category")(frame)),
}
DASK: dict[str, Callable[[pd.DataFrame], Any]] = {
    "dask": lambda frame: as_dask(frame, 1),
    "dask in 3 parts": lambda frame: as_dask(frame, 3),
    "dask category in 3 parts": lambda frame: as_dask(recoded("category")(frame), 3),
}


@pytest.fixture(scope="session")
def spark(spark_session: Any) -> Callable[[pd.DataFrame], Any]:
    """What makes a Spark frame of a pandas one."""
    types = {"weight": "double", "number": "long"}

    def convert(frame: pd.DataFrame, parts: int = 2) -> Any:
        names = list(frame.columns)
        whole = {name for name in TEXTS if pd.api.types.is_integer_dtype(frame[name])}
        schema = ", ".join(f"{name} {types.get(name, 'long' if name in whole else 'string')}" for name in names)
        rows = [
            tuple(None if name != "weight" and pd.isna(cell) else cell for name, cell in zip(names, row, strict=True))
            for row in frame.astype(object).itertuples(index=False)
        ]
        return spark_session.createDataFrame(rows, schema).repartition(parts)

    return convert


def plain(frame: pd.DataFrame) -> dict[tuple[Any, Any], Any]:
    return {(row, column): frame.loc[row, column] for row, column in product(frame.index, frame.columns)}


def naive_table(rows: Rows, unit: str | None, weight: str | None) -> dict[tuple[str, str], float]:
    """The definition, by loops: each unit once a cell with its largest weight, added up exactly and rounded once."""
    cells: dict[tuple[str, str], dict[Any, float]] = {}
    for place, row in enumerate(rows):
        if None in (row["theme"], row["target"], row[unit] if unit else ""):
            continue
        value = row[weight] if weight else 1
        value = 0.0 if value is None or math.isnan(value) else value
        units = cells.setdefault((row["theme"], row["target"]), {})
        who = row[unit] if unit else place
        units[who] = max(units.get(who, 0), value)
    down, across = ({pair[side] for pair in cells} for side in (0, 1))
    return {pair: math.fsum(cells.get(pair, {}).values()) for pair in product(down, across)}


def same_bits(one: pd.DataFrame, other: pd.DataFrame, engine: str) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True, obj=engine)
    assert one.to_numpy().tobytes() == other.to_numpy().tobytes(), engine


WEIGHTS = st.sampled_from([0.1, 1 / 3, 1e-9, 1e9, 0.0, 2.0, 1e-100, 1e100, None, NAN])
NAMES = st.sampled_from(["a", "b|", "=1", "å", "", None])
ROW = {"theme": NAMES, "target": NAMES, "speaker": NAMES, "weight": WEIGHTS, "number": st.integers(0, 9)}
FRAMES = st.lists(st.fixed_dictionaries(ROW), min_size=1, max_size=12)
UNITS = st.sampled_from([None, "speaker", "number"])
MEASURES = st.sampled_from([None, "weight", "number"])
HARD: Rows = [
    {"theme": theme, "target": target, "speaker": f"s{place % 5}", "weight": weight, "number": place % 7}
    for place, (theme, target, weight) in enumerate(
        product(["a", "b", None], ["X", "Y"], [0.1, 1 / 3, 1e-9, 1e9, 0.7, None, NAN, 1e16, 3.0])
    )
]


@FEW
@example(HARD, "speaker", "weight")
@example(HARD, None, "weight")
@example(HARD, "number", None)
@given(FRAMES, UNITS, MEASURES)
def test_every_engine_gives_the_numbers_of_a_naive_count(rows: Rows, unit: str | None, weight: str | None) -> None:
    frame = text_frame(rows)
    found = pg.cross_tabulate(frame, unit=unit, weight=weight)
    assert plain(found) == naive_table(rows, unit, weight)
    assert list(found.index) == sorted(found.index)
    for engine, convert in ENGINES.items():
        same_bits(pg.cross_tabulate(convert(frame), unit=unit, weight=weight), found, engine)


@settings(max_examples=max(1, settings().max_examples // 50))
@example(HARD, "speaker", "weight")
@example(HARD, None, "weight")
@given(FRAMES, UNITS, MEASURES)
def test_dask_gives_the_same_bits_in_any_number_of_parts(rows: Rows, unit: str | None, weight: str | None) -> None:
    frame = text_frame(rows)
    found = pg.cross_tabulate(frame, unit=unit, weight=weight)
    for engine, convert in DASK.items():
        same_bits(pg.cross_tabulate(convert(frame), unit=unit, weight=weight), found, engine)


@pytest.mark.parametrize(("unit", "weight"), [("speaker", None), ("speaker", "weight"), (None, "weight")])
def test_spark_gives_the_same_bits(spark: Any, unit: str | None, weight: str | None) -> None:
    frame = text_frame(HARD)
    found = pg.cross_tabulate(frame, unit=unit, weight=weight)
    same_bits(pg.cross_tabulate(spark(frame, 3), unit=unit, weight=weight), found, "spark")


def test_spark_takes_ids_that_are_whole_numbers_and_refuses_what_the_others_refuse(spark: Any) -> None:
    frame = text_frame(HARD).assign(speaker=[place % 5 for place in range(len(HARD))])
    same_bits(pg.cross_tabulate(spark(frame), "number", "theme"), pg.cross_tabulate(frame, "number", "theme"), "spark")
    with pytest.raises(pg.UsageError) as raised:
        pg.cross_tabulate(spark(frame.assign(weight=-1.0)), weight="weight")
    with pytest.raises(pg.UsageError) as expected:
        pg.cross_tabulate(frame.assign(weight=-1.0), weight="weight")
    assert str(raised.value) == str(expected.value)


@FEW
@given(FRAMES, UNITS, MEASURES, st.integers(0, 99), st.sampled_from([*ENGINES]))
def test_the_order_of_rows_never_matters(
    rows: Rows, unit: str | None, weight: str | None, seed: int, engine: str
) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    found = pg.cross_tabulate(ENGINES[engine](text_frame(shuffled)), unit=unit, weight=weight)
    same_bits(found, pg.cross_tabulate(text_frame(rows), unit=unit, weight=weight), engine)


@FEW
@example(HARD, "weight", 1, 1 << 29, "polars lazy")
@example(HARD, "weight", 1, 1 << 29, "duckdb")
@example(HARD, "number", 1, 40, "duckdb")
@given(FRAMES, MEASURES, st.integers(1, 4), st.sampled_from([1, 8, 40, 100, 1 << 29]), st.sampled_from([*ENGINES]))
def test_neither_the_size_of_a_frame_nor_of_the_blocks_of_units_ever_matters(
    rows: Rows, weight: str | None, most: int, room: int, engine: str
) -> None:
    frame = text_frame(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "ROWS_AT_ONCE", most)
        patch.setattr(streams, "ROOM", room)
        found = pg.cross_tabulate(ENGINES[engine](frame), unit="number", weight=weight)
    same_bits(found, pg.cross_tabulate(frame, unit="number", weight=weight), engine)


@pytest.mark.parametrize("room", [1 << 29, 1000], ids=["at once", "in blocks"])
@pytest.mark.parametrize("engine", ["polars lazy", "polars category", "duckdb", "duckdb enumerations"])
def test_rows_are_streamed_and_their_weights_judged_together(
    monkeypatch: pytest.MonkeyPatch, room: int, engine: str
) -> None:
    """In batches of several sizes, with ids that are quoted, whole numbers, or missing."""
    stream = np.random.default_rng(1)
    size = 20_000
    frame = text_frame([{"speaker": "s"}] * size)
    frame["theme"] = stream.choice(np.array(["a", "'b", "", "å\\"], dtype=object), size)
    frame["target"] = stream.integers(-3, 3, size)
    frame["number"] = stream.integers(-5_000, 5_000, size)
    frame["weight"] = (frame["number"] % 7) / 3
    frame["number"] = frame["number"].astype("Int64").mask(stream.random(size) < 0.1)
    frame["theme"] = frame["theme"].mask(stream.random(size) < 0.1)
    expected = {weight: pg.cross_tabulate(frame, unit="number", weight=weight) for weight in (None, "weight")}
    monkeypatch.setattr(engines, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr(streams, "ROOM", room * 40)
    counted = Mock(wraps=streams.tally_batches)
    monkeypatch.setattr(streams, "tally_batches", counted)

    def lazy(frame: pd.DataFrame) -> Any:
        made = ENGINES[engine](frame)
        return made.lazy() if engine.startswith("polars") else made

    for weight, table in expected.items():
        same_bits(pg.cross_tabulate(lazy(frame), unit="number", weight=weight), table, engine)
    assert (counted.call_count > 2) == (room == 1000)
    kept = len(frame.dropna(subset=["theme", "number"]))
    with pytest.raises(pg.UsageError, match=f"below 0: {kept}"):
        pg.cross_tabulate(lazy(frame.assign(weight=-0.1)), unit="number", weight="weight")
    several = frame.assign(weight=stream.choice(np.array([0.1, 0.2]), size))
    expected = pg.cross_tabulate(several, unit="number", weight="weight")
    same_bits(pg.cross_tabulate(lazy(several), unit="number", weight="weight"), expected, engine)


@pytest.mark.parametrize("engine", [*ENGINES, *DASK])
def test_weights_below_0_infinite_or_near_nothing_are_refused_alike(engine: str) -> None:
    rows = [{"theme": "a", "target": "X", "speaker": "s", "weight": weight} for weight in (-1, -INFINITE, INFINITE)]
    rows += [rows[0] | {"weight": weight} for weight in (1e300, 1e-300, 5e-324, NAN, None, 0.5)]
    rows += [{"theme": None, "target": "X", "speaker": "s", "weight": -2.0}]  # left out, and so not judged
    for unit in (None, "speaker"):
        with pytest.raises(pg.UsageError) as raised:
            pg.cross_tabulate((ENGINES | DASK)[engine](text_frame(rows)), unit=unit, weight="weight")
        assert [problem.what for problem in raised.value.problems] == [
            "weights below 0: 2",
            "infinite weights, or above 1e+100: 2",
            "weights above 0 and below 1e-100: 2",
        ]


@pytest.mark.parametrize("engine", [*ENGINES, *DASK])
def test_ids_may_be_whole_numbers(engine: str) -> None:
    rows = [{"theme": 10, "target": 2, "speaker": 2**40}, {"theme": 9, "target": -3, "speaker": 1}]
    frame = pd.DataFrame([row | {"weight": 1.0, "number": 5} for row in rows])
    table = pg.cross_tabulate((ENGINES | DASK)[engine](frame))
    assert (list(table.index), list(table.columns)) == ([9, 10], [-3, 2])
    assert plain(table) == {(9, -3): 1, (9, 2): 0, (10, -3): 0, (10, 2): 1}


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow", "duckdb"])
def test_ids_may_be_whole_numbers_of_which_some_are_missing(engine: str) -> None:
    table = pa.table({"theme": [3, None, 3, 1], "target": ["X", "X", None, "Y"], "speaker": [7, 7, 7, None]})
    convert: dict[str, Callable[[pa.Table], Any]] = {
        "pandas": lambda table: table.to_pandas(),
        "polars": pl.from_arrow,
        "polars lazy": lambda table: pl.from_arrow(table).lazy(),  # pyright: ignore[reportAttributeAccessIssue]
        "arrow": lambda table: table,
        "duckdb": lambda table: duckdb.connect().from_arrow(table),
    }
    found = pg.cross_tabulate(convert[engine](table))
    assert plain(found) == {(3, "X"): 1}
    assert found.index.dtype == "int64"


@pytest.mark.parametrize("engine", ["polars lazy", "duckdb"])
@pytest.mark.parametrize("most", [2**53, 2**61, 2**63 - 1])
def test_units_far_apart_are_counted_too(monkeypatch: pytest.MonkeyPatch, engine: str, most: int) -> None:
    monkeypatch.setattr(engines, "ROWS_AT_ONCE", 1)
    frame = text_frame([{"theme": "a", "target": "X", "number": number} for number in (-most, 0, 0, most)])
    for weight in (None, "weight"):
        found = pg.cross_tabulate(ENGINES[engine](frame), unit="number", weight=weight)
        assert found.loc["a", "X"] == (0 if weight else 3)


def test_a_frame_that_changes_while_it_is_counted_is_refused() -> None:
    plan = Plan(axes=(["a"], ["X"]), units=range(3), rows=2, weighted=False)
    for unit in (-1, 300, 2**40):
        with pytest.raises(pg.UsageError, match="other rows than a moment ago"):
            tally_batches([[np.array([0]), np.array([0]), np.array([unit])]], plan)


@FEW
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(-5, 5)), min_size=1),
    st.sampled_from([1, 1 << 20, 1 << 56]),
    st.integers(1, 9),
    st.booleans(),
)
def test_batches_of_any_size_are_counted_as_a_whole(
    rows: list[tuple[int, int, int]], apart: int, size: int, weighted: bool
) -> None:
    row, column, unit = np.array(rows).T
    weights = (unit + 6) / 3
    axes, units = (["a", "b", "c"], ["X", "Y"]), range(-5 * apart, 5 * apart + 1)
    columns = [row, column, unit * apart, *([weights] if weighted and apart == 1 else [])]
    plan = Plan(axes=axes, units=units, rows=len(rows), weighted=len(columns) > 3)
    batches = [[one[first : first + size] for one in columns] for first in range(0, len(rows), size)]
    one, two = Coded(codes=row, ids=axes[0]), Coded(codes=column, ids=axes[1])
    expected = tally(one, two, Coded(codes=unit + 5, ids=range(11)), weights if plan.weighted else None)
    assert tally_batches(batches, plan) == expected


@FEW
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_are_coded_however_far_apart(numbers: list[int]) -> None:
    coded = code_whole_numbers(np.array(numbers, dtype=np.int64))
    assert [coded.ids[code] for code in coded.codes] == numbers
    assert len(coded.ids) <= max(4 * len(numbers), 1 << 16) + (1 << 16)


@settings(max_examples=settings().max_examples)
@given(
    st.lists(st.floats(1e-100, 1e100) | st.floats(0.001, 1000), min_size=1),
    st.integers(20, 60),
)
def test_parts_of_weights_add_up_to_the_exact_sum(weights: list[float], step: int) -> None:
    grids = lay_grids(min(weights), max(weights), step=step)
    sums = [0] * len(grids)
    for weight in weights:
        left = weight
        for place, grid in enumerate(grids):
            part = math.floor(left * 2.0**-grid)
            left -= part * 2.0**grid
            assert 0 <= part <= 2**step
            sums[place] += part
        assert left == 0
    assert float(combine_sums(sums, grids)) == math.fsum(weights)


@settings(max_examples=max(1, settings().max_examples // 33))
@given(studies(shape="statements"))
def test_evidence_on_every_engine_tabulates_to_the_gap_matrix(study: pg.Study) -> None:
    evidence = pg.collect_evidence(study)
    for rows, columns, unit, values in (
        ("theme", "target", "speaker", "speakers"),
        ("group", "theme", "statement", "statements"),
        ("question", "target", "speaker", "speakers"),
    ):
        table = pg.cross_tabulate(evidence, rows, columns, unit=unit)
        matrix = pg.gap_matrix(study, rows, columns, values).fillna(0)
        met = matrix.loc[(matrix > 0).any(axis=1), (matrix > 0).any(axis=0)]
        assert plain(table) == plain(met)
        for engine in ("polars", "polars lazy", "arrow", "duckdb"):
            if len(evidence):
                other = pg.cross_tabulate(ENGINES[engine](evidence), rows, columns, unit=unit)
                same_bits(other, table, engine)


@pytest.mark.parametrize("engine", [*ENGINES, "dask"])
def test_an_empty_frame_gives_an_empty_table(engine: str) -> None:
    frame = (ENGINES | DASK)[engine](text_frame([]))
    for unit, weight in product((None, "speaker", "number"), (None, "weight")):
        table = pg.cross_tabulate(frame, unit=unit, weight=weight)
        assert (table.shape, table.index.name, table.columns.name) == ((0, 0), "theme", "target")


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow", "duckdb", "dask"])
def test_a_column_may_stand_on_both_sides_or_be_the_unit(engine: str) -> None:
    rows = [{"theme": "a", "target": "X"}, {"theme": "b", "target": "X"}, {"theme": "b", "target": "Y"}]
    frame = (ENGINES | DASK)[engine](text_frame(rows))
    assert plain(pg.cross_tabulate(frame, "theme", "theme", unit=None)) == {
        ("a", "a"): 1, ("a", "b"): 0, ("b", "a"): 0, ("b", "b"): 2,
    }  # fmt: skip
    assert pg.cross_tabulate(frame, unit="theme").loc["b"].to_dict() == {"X": 1, "Y": 1}
    assert pg.cross_tabulate(frame, unit="number", weight="number").to_numpy().sum() == 0


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow", "duckdb", "dask"])
def test_all_unknown_columns_are_named_at_once(engine: str) -> None:
    frame = text_frame([{"theme": "a", "target": "X", "speaker": "s"}])
    with pytest.raises(pg.UsageError) as raised:
        pg.cross_tabulate((ENGINES | DASK)[engine](frame), rows="thème", unit="who")
    assert [problem.column for problem in raised.value.problems] == ["thème", "who"]


def test_weights_that_are_no_numbers_and_frames_that_are_none_are_refused() -> None:
    with pytest.raises(pg.UsageError, match="numbers"):
        pg.cross_tabulate(text_frame([{"theme": "a", "target": "X", "speaker": "s"}]), weight="speaker")
    with pytest.raises(pg.UsageError, match="no frame"):
        pg.cross_tabulate([{"theme": "a"}])  # pyright: ignore[reportArgumentType]


def test_a_table_too_large_for_memory_is_refused() -> None:
    many = pd.DataFrame({"theme": range(20_000), "target": range(20_000), "speaker": 1})
    with pytest.raises(pg.UsageError, match="20000 by 20000 cells is too large"):
        pg.cross_tabulate(many)


UNSIGNED: dict[str, Callable[[pa.Table], Any]] = {
    "arrow": lambda table: table,
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "duckdb": lambda table: duckdb.connect().from_arrow(table),
}


@pytest.mark.parametrize("engine", UNSIGNED)
@pytest.mark.parametrize("dtype", [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()])
def test_a_missing_id_that_is_an_unsigned_number_leaves_the_row_out(engine: str, dtype: pa.DataType) -> None:
    table = pa.table({"theme": ["a"] * 3, "target": ["X"] * 3, "speaker": pa.array([None, 1, 2], dtype)})
    assert plain(pg.cross_tabulate(UNSIGNED[engine](table))) == {("a", "X"): 2}
    assert plain(pg.cross_tabulate(UNSIGNED[engine](table), "speaker", unit=None)) == {(1, "X"): 1, (2, "X"): 1}
    assert plain(pg.cross_tabulate(UNSIGNED[engine](table), columns="speaker", unit=None)) == {("a", 1): 1, ("a", 2): 1}


@pytest.mark.parametrize("indices", [pa.int8(), pa.uint8(), pa.uint32(), pa.uint64()])
def test_a_missing_id_in_a_dictionary_with_unsigned_indices_leaves_the_row_out(indices: pa.DataType) -> None:
    """As polars and DuckDB hand their categories over to Arrow."""
    ids = {"theme": ["a", "b", None, "a"], "target": ["X"] * 4, "speaker": ["s", None, "t", "u"]}
    dictionary = pa.dictionary(indices, pa.string())
    table = pa.table({name: pa.array(names).dictionary_encode().cast(dictionary) for name, names in ids.items()})
    assert plain(pg.cross_tabulate(table)) == {("a", "X"): 2}
    touches = table.append_column("kind", pa.array(["theme"] * 4))
    assert pg.measure_frame(touches, code="theme", call=None).themes["units"].to_dict() == {"a": 2}


@pytest.mark.parametrize("engine", UNSIGNED)
def test_whole_numbers_and_decimals_become_the_nearest_double_in_every_engine(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {"theme": ["a", "b"], "target": ["X"] * 2, "speaker": [1, 2]}
    long = [Decimal("0.10000000000000000000"), Decimal("72.31999999999999999999")]
    weights = pa.array([2**53 + 1, 2**63 - 1], pa.int64()), pa.array(long, pa.decimal128(38, 20))
    for at_once in (engines.ROWS_AT_ONCE, 0):
        monkeypatch.setattr(engines, "ROWS_AT_ONCE", at_once)
        for weight in weights:
            frame = UNSIGNED[engine](pa.table(ids | {"weight": weight}))
            expected = {(name, "X"): float(number) for name, number in zip("ab", weight.to_pylist(), strict=True)}
            assert plain(pg.cross_tabulate(frame, weight="weight")) == expected


@pytest.mark.parametrize("engine", UNSIGNED)
def test_both_zeros_are_one_unit_and_nan_is_none(engine: str) -> None:
    frame = UNSIGNED[engine](pa.table({"theme": ["a"] * 3, "target": ["X"] * 3, "speaker": [0.0, -0.0, NAN]}))
    assert plain(pg.cross_tabulate(frame)) == {("a", "X"): 1}


def test_arrow_may_have_another_dictionary_in_each_part_where_it_counts() -> None:
    parts = [pa.table({"theme": pa.array([name]).dictionary_encode(), "said": [True]}) for name in "ab"]
    found = pg.cross_tabulate(pa.concat_tables(parts), columns="said", unit=None)
    assert plain(found) == {("a", True): 1, ("b", True): 1}


def test_nan_in_a_dictionary_of_arrow_is_a_missing_id() -> None:
    table = pa.table({"theme": pa.array([1.5, NAN, None]).dictionary_encode(), "target": ["X"] * 3})
    assert plain(pg.cross_tabulate(table, unit=None)) == {(1.5, "X"): 1}


def test_arguments_that_name_no_column_and_columns_that_hold_no_ids_are_told() -> None:
    frame = text_frame([{"theme": "a", "target": "X", "speaker": "s"}])
    with pytest.raises(pg.UsageError) as raised:
        pg.cross_tabulate(frame, rows=None, unit=["speaker"])  # type: ignore[reportArgumentType]  # as said
    assert str(raised.value).splitlines() == [
        "rows: None is no name of a column; name one",
        "unit: ['speaker'] is no name of a column; name one, or give None",
    ]
    with pytest.raises(pg.UsageError, match="column 3: there is no such column; use one of theme, target"):
        pg.cross_tabulate(frame, rows=3)  # type: ignore[reportArgumentType]  # as said
    with pytest.raises(pg.UsageError, match="columns have the same name"):
        pg.cross_tabulate(pd.concat([frame, frame], axis=1))
    with pytest.raises(pg.UsageError, match="column theme: it holds lists or records"):
        pg.cross_tabulate(pl.DataFrame({"theme": [["a"]], "target": ["X"], "speaker": ["s"]}))


def test_ids_may_be_tuples() -> None:
    frame = pd.DataFrame({"theme": [("a", 1), ("b", 2)], "target": "X", "speaker": "s"})
    found = pg.cross_tabulate(frame)
    assert found.index.to_list() == [("a", 1), ("b", 2)]
    assert found["X"].to_list() == [1, 1]


@pytest.mark.parametrize("setting", ["column", "default"])
def test_duckdb_counts_ids_apart_that_only_a_collation_takes_for_one(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = duckdb.connect()
    collate = "collate nocase" if setting == "column" else ""
    if setting == "default":
        connection.execute("set default_collation = 'nocase'")
    connection.execute(
        f"create table said (theme varchar {collate}, target varchar, speaker varchar {collate}, number int)"
    )
    connection.execute("insert into said values ('A', 'X', 's', 1), ('a', 'X', 'S', 1), ('a', 'X', 's', 2)")
    for at_once in (engines.ROWS_AT_ONCE, 0):
        monkeypatch.setattr(engines, "ROWS_AT_ONCE", at_once)
        for unit in ("speaker", "number", None):
            found = pg.cross_tabulate(connection.table("said"), unit=unit)
            assert plain(found) == {("A", "X"): 1, ("a", "X"): 2}
    touches = connection.sql("select speaker, 'theme' as kind, theme as code from said")
    codes = [{"id": name, "kind": "theme"} for name in "Aa"]
    themes = pg.measure_frame(touches, codes, call=None).themes
    assert themes[["assessed", "units"]].to_numpy().tolist() == [[2, 1], [2, 2]]
