"""Parts of a frame that are damaged, missing or unlike the others: one error that names them, on every engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.config
import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import policygap as pg

SIZE = 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "evidence").mkdir()
    for name in ("a", "b", "c"):
        columns = {
            "theme": [name] * SIZE,
            "target": ["X"] * SIZE,
            "speaker": [f"{name}{place}" for place in range(SIZE)],
        }
        numbers = {"weight": [0.5] * SIZE, "number": range(SIZE)}
        pq.write_table(pa.table(columns | numbers), tmp_path / "evidence" / f"part-{name}.parquet")
    return tmp_path / "evidence"


ENGINES: dict[str, Callable[[Path], Any]] = {
    "polars": lambda folder: pl.scan_parquet(folder / "*.parquet"),
    "polars, a list": lambda folder: pl.scan_parquet(sorted(folder.iterdir())),
    "duckdb": lambda folder: duckdb.connect().read_parquet(str(folder / "*.parquet")),
    "duckdb, SQL": lambda folder: duckdb.connect().sql(f"select * from '{folder}/*.parquet' where theme <> 'z'"),
    "dask": dd.read_parquet,
}


def cut(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-20])


def scratch(part: Path) -> None:
    """The end of the file is whole, what it tells of is not."""
    content = bytearray(part.read_bytes())
    content[8:60] = b"\xff" * 52
    part.write_bytes(bytes(content))


def write_text(part: Path) -> None:
    part.write_text("theme,target,speaker\n")


def empty(part: Path) -> None:
    part.write_bytes(b"")


def drop_column(part: Path) -> None:
    pq.write_table(pq.read_table(part).drop_columns(["target"]), part)


def put_numbers(part: Path) -> None:
    pq.write_table(pq.read_table(part).set_column(1, "target", pa.array(range(SIZE))), part)


def put_fractions(part: Path) -> None:
    """DuckDB would round them, and so count fewer units."""
    pq.write_table(pq.read_table(part).set_column(4, "number", pa.array([place / 2 for place in range(SIZE)])), part)


DAMAGE = [cut, scratch, write_text, empty, drop_column, put_numbers, put_fractions]


@pytest.mark.parametrize("late", [True, False], ids=["after the frame was made", "before"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("engine", [*ENGINES])
def test_a_part_that_does_not_fit_is_named_and_a_rerun_gives_the_same_bytes(
    folder: Path, engine: str, damage: Callable[[Path], None], late: bool
) -> None:
    make = ENGINES[engine]
    part = folder / "part-b.parquet"
    before, content = pg.cross_tabulate(make(folder), unit="number"), part.read_bytes()
    frame = make(folder) if late else None
    damage(part)
    with pytest.raises(pg.PolicyGapError) as raised:
        pg.cross_tabulate(make(folder) if frame is None else frame, unit="number")
    assert [problem.file for problem in raised.value.problems] == ["part-b.parquet"]
    part.write_bytes(content)
    assert pg.cross_tabulate(make(folder), unit="number").equals(before)


@pytest.mark.parametrize("damage", [cut, scratch, write_text, drop_column, put_numbers, put_fractions, Path.unlink])
def test_spark_names_a_part_that_does_not_fit(spark_session: Any, folder: Path, damage: Callable[[Path], None]) -> None:
    frame = spark_session.read.parquet(str(folder))
    damage(folder / "part-b.parquet")
    with pytest.raises(pg.PolicyGapError) as raised:
        pg.cross_tabulate(frame, unit="number")
    assert [problem.file for problem in raised.value.problems] == ["part-b.parquet"]


@pytest.mark.parametrize("engine", ["polars, a list", "dask"])
def test_a_part_that_is_gone_is_named(folder: Path, engine: str) -> None:
    frame = ENGINES[engine](folder)
    (folder / "part-b.parquet").unlink()
    with pytest.raises(pg.PolicyGapError) as raised:
        pg.cross_tabulate(frame)
    assert [problem.file for problem in raised.value.problems] == ["part-b.parquet"]


def test_all_parts_that_do_not_fit_are_named_at_once(folder: Path) -> None:
    frame = ENGINES["duckdb"](folder)
    cut(folder / "part-a.parquet")
    empty(folder / "part-c.parquet")
    pq.write_table(pq.read_table(folder / "part-b.parquet"), folder / "part-d.parquet")
    put_numbers(folder / "part-d.parquet")
    with pytest.raises(pg.PolicyGapError) as raised:
        pg.cross_tabulate(frame)
    assert [problem.file for problem in raised.value.problems] == ["part-a.parquet", "part-c.parquet", "part-d.parquet"]


def test_columns_that_are_not_read_and_files_of_other_tables_may_differ(folder: Path, tmp_path: Path) -> None:
    put_fractions(folder / "part-b.parquet")
    groups = pa.table({"theme": ["a", "b", "c"], "group": ["g", "g", "h"]})
    pq.write_table(groups, tmp_path / "groups.parquet")
    frames = [
        ENGINES["polars"](folder).select("theme", "target", "speaker").join(
            pl.scan_parquet(tmp_path / "groups.parquet"), on="theme"
        ),
        duckdb.connect().sql(f"from '{folder}/*.parquet' join '{tmp_path}/groups.parquet' using (theme)"),
        ENGINES["dask"](folder).merge(dd.read_parquet(tmp_path / "groups.parquet"), on="theme"),
    ]  # fmt: skip
    for frame in frames:
        assert pg.cross_tabulate(frame, "group", "target")["X"].to_dict() == {"g": 2 * SIZE, "h": SIZE}


def test_who_asks_for_missing_columns_gets_them(folder: Path) -> None:
    drop_column(folder / "part-b.parquet")
    for frame in (
        pl.scan_parquet(folder / "*.parquet", missing_columns="insert"),
        duckdb.connect().read_parquet(str(folder / "*.parquet"), union_by_name=True),
    ):
        assert list(pg.cross_tabulate(frame).index) == ["a", "c"]


@pytest.mark.parametrize("kind", [pa.int8(), pa.null()], ids=str)
def test_whole_numbers_of_any_width_and_nothing_at_all_fit_each_other(folder: Path, kind: Any) -> None:
    part = folder / "part-b.parquet"
    values = pa.nulls(SIZE) if kind == pa.null() else pa.array(range(SIZE), kind)
    pq.write_table(pq.read_table(part).set_column(4, "number", values), part)
    expected = pg.cross_tabulate(pd.read_parquet(folder), unit="number")
    assert pg.cross_tabulate(ENGINES["duckdb"](folder), unit="number").equals(expected)
    if kind == pa.null():
        assert pg.cross_tabulate(ENGINES["polars"](folder), unit="number").equals(expected)
    else:  # which polars refuses
        with pytest.raises(pg.PolicyGapError, match=r"^part-b.parquet, column number: it holds int8"):
            pg.cross_tabulate(ENGINES["polars"](folder), unit="number")


def test_an_error_that_is_no_fault_of_the_files_says_so(folder: Path) -> None:
    frame = duckdb.connect().sql(f"select *, error('the disk is full') as who from '{folder}/*.parquet'")
    with pytest.raises(pg.PolicyGapError, match=r"the disk is full.*its files can be read"):
        pg.cross_tabulate(frame, unit="who")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system ends processes in another way")
def test_a_worker_of_dask_that_is_killed_is_told_and_a_rerun_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    expected = pg.cross_tabulate(pd.read_parquet(folder), weight="weight")

    def kill_once(part: Path, flag: Path) -> pd.DataFrame:
        """Read a part; the process that does so first is killed."""
        if part.name == "part-b.parquet" and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return pd.read_parquet(part)

    meta = pd.read_parquet(folder / "part-a.parquet").head(0)
    frame = dd.from_map(kill_once, sorted(folder.iterdir()), flag=tmp_path / "flag", meta=meta)
    with dask.config.set({"scheduler": "processes", "num_workers": 2, "multiprocessing.context": "fork"}):
        with pytest.raises(pg.PolicyGapError, match="terminated abruptly"):
            pg.cross_tabulate(frame, weight="weight")
        assert pg.cross_tabulate(frame, weight="weight").equals(expected)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system ends processes in another way")
@pytest.mark.filterwarnings("ignore")  # what pyspark warns of is its own
def test_a_python_worker_of_spark_that_is_killed_is_replaced(spark_session: Any, folder: Path, tmp_path: Path) -> None:
    expected = pg.cross_tabulate(pd.read_parquet(folder), weight="weight")
    flag = str(tmp_path / "flag")

    def kill_first(batches: Iterator[Any]) -> Iterator[Any]:
        if not os.path.exists(flag):  # noqa: PTH110  # runs in a process of Spark's
            open(flag, "w").close()  # noqa: PTH123
            os.kill(os.getpid(), signal.SIGKILL)
        yield from batches

    frame = spark_session.read.parquet(str(folder))
    killed = frame.mapInArrow(kill_first, frame.schema)
    assert pg.cross_tabulate(killed, weight="weight").equals(expected)
    assert (tmp_path / "flag").exists()


def test_files_of_two_tables_and_files_that_a_filter_leaves_out_are_not_held_against_each_other(folder: Path) -> None:
    put_fractions(folder / "part-b.parquet")
    pq.write_table(pa.table({"group": ["g"]}), folder.parent / "groups.parquet")
    whole, groups, other = (f"'{folder / name}'" for name in ("part-a.parquet", "../groups.parquet", "part-b.parquet"))
    for query in (
        f"select * from {whole}, {groups}",
        f"select * from {whole} evidence, {groups} as named where theme <> {other}",
        f"select * from read_parquet({whole}), {groups} where theme not in ({other}, {groups})",
    ):
        assert pg.cross_tabulate(duckdb.connect().sql(query), "theme", "group").loc["a", "g"] == SIZE
    for table in (f"read_parquet([{whole}, {other}])", f"parquet_scan(list_value({whole} , {other}))"):
        with pytest.raises(pg.PolicyGapError, match=r"^part-b\.parquet, column number: it holds"):
            pg.cross_tabulate(duckdb.connect().sql(f"from {table}"), unit="number")
