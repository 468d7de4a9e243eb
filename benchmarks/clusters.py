"""Made-up statements in Parquet come in; how long rules and matrix take here, on Dask and on Spark goes out.

Run ``python benchmarks/clusters.py``; ``--statements 100000`` is quicker. It takes the packages ``dask``,
``distributed`` and ``pyspark``, and Java; what is missing is left out.

A million statements of 12 to 25 made-up words (those of ``rules.py``), each with a speaker and a group, in a folder of
8 parts; 60 codes with 25 patterns each. The work: give codes, keep speaker and group, and count the distinct speakers
of each code in each group. All do it with the same function, ``rules.batches()``:

- two processes of Python's own pool, a part at a time, and ``cross_tabulate`` on what they give;
- a Dask cluster of two processes with a thread each, and ``cross_tabulate`` on the Dask frame;
- Spark, ``local[2]``, and ``cross_tabulate`` on the Spark frame.

All three are warm: the processes run, and each has done the work once before it is timed. They take turns, and the
figures are medians. That the three matrices are equal is checked each time. ``policygap classify`` on the same folder
is timed too, with threads and with processes, as it starts: cold.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rules import SEED, patterns, statements, vocabulary
from tabulate import tabulate

import policygap as pg
from policygap.rules.files import classify_file

PARTS, GROUPS = 8, 25
KEEP = ["speaker", "group"]


def write_parts(folder: Path, count: int) -> pg.RuleSet:
    """Write the statements, and make rules for them."""
    chance = np.random.default_rng(SEED)
    words = vocabulary(chance)
    texts = statements(words, count * 19 * 7.6 / 1e6, chance, least=12, most=25).slice(0, count)
    speakers = chance.integers(0, max(len(texts) // 4, 1), size=len(texts))
    table = pa.table(
        {
            "id": np.arange(len(texts)),
            "speaker": pa.array(speakers).cast(pa.string()),
            "group": pa.array(speakers % GROUPS).cast(pa.string()),
            "text": texts.cast(pa.string()),
        }
    )
    folder.mkdir()
    size = -(-len(texts) // PARTS)
    for part in range(PARTS):
        pq.write_table(table.slice(part * size, size), folder / f"part-{part}.parquet")
    rules = [pg.Rule(f"c{number:02}", any=own) for number, own in enumerate(patterns(words, chance))]
    return pg.RuleSet(name="made up", rules=rules)


def count(coded: Any) -> pd.DataFrame:
    """The matrix."""
    return pg.cross_tabulate(coded, rows="code", columns="group", unit="speaker")


def code_part(given: Any, path: Path) -> pa.Table:
    """What one process does with one part."""
    return pa.Table.from_batches(given(pq.ParquetFile(path).iter_batches(columns=["text", *KEEP])))


@contextmanager
def here(folder: Path, rules: pg.RuleSet) -> Iterator[Callable[[], pd.DataFrame]]:
    """Two processes of a pool."""
    work = partial(code_part, rules.batches(keep=KEEP))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield lambda: count(pa.concat_tables(pool.map(work, sorted(folder.iterdir()))))


@contextmanager
def dask(folder: Path, rules: pg.RuleSet) -> Iterator[Callable[[], pd.DataFrame]]:
    """Two processes of Dask."""
    import dask.dataframe as frames
    from distributed import Client, LocalCluster

    given = rules.batches(keep=KEEP)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}

    def work() -> pd.DataFrame:
        frame = frames.read_parquet(str(folder), columns=["text", *KEEP])
        return count(frame.map_partitions(given.partition, meta=given.meta(frame)))

    with LocalCluster(**options) as cluster, Client(cluster):
        yield work


@contextmanager
def spark(folder: Path, rules: pg.RuleSet) -> Iterator[Callable[[], pd.DataFrame]]:
    """Spark with two threads, and a process of Python for each."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.log.level": "ERROR",
    }
    session = SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
    given = rules.batches(keep=KEEP)

    def work() -> pd.DataFrame:
        frame = session.read.parquet(str(folder)).select("text", *KEEP)
        return count(frame.mapInArrow(given, given.ddl(frame)))

    yield work
    session.stop()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def measure(folder: Path, rules: pg.RuleSet, times: int) -> dict[str, list[float]]:
    """Seconds of each run."""
    names = {"two processes here": here, "Dask, two processes": dask, "Spark, local[2]": spark}
    taken: dict[str, list[float]] = {}
    with ExitStack() as stack:
        works: dict[str, Callable[[], pd.DataFrame]] = {}
        for name, make in names.items():
            try:
                works[name] = stack.enter_context(make(folder, rules))
            except ImportError as error:
                print(f"without {name}: {error.name} is not installed", file=sys.stderr)
        expected = None
        for turn in range(times + 1):
            for name, work in works.items():
                seconds, found = timed(work)
                expected = found if expected is None else expected
                pd.testing.assert_frame_equal(found, expected)
                if turn:  # the first makes it warm
                    taken.setdefault(name, []).append(seconds)
    for _ in range(times):
        for name, apart, workers in (
            ("classify, one thread, cold", False, 1),
            ("classify, two threads, cold", False, 2),
            ("classify, two processes, cold", True, 2),
        ):
            options = {"column": "text", "id": "speaker", "workers": workers, "apart": apart}
            work = partial(classify_file, rules, folder, folder.parent / "out.parquet", **options)
            taken.setdefault(name, []).append(timed(work)[0])
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--out", type=Path, help="where to keep the figures as JSON")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)  # narwhals says where its part for Dask will be
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        rules = write_parts(Path(folder, "parts"), arguments.statements)
        taken = measure(Path(folder, "parts"), rules, arguments.times)
    first = statistics.median(taken["two processes here"])
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print(
        tabulate(
            [(name, median, median / first) for name, median in medians.items()], ["", "s", "ratio"], floatfmt=".2f"
        )
    )
    kept = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "load before and after": [load, os.getloadavg()[0]],
        "versions": {
            name: version(name) for name in ("pyarrow", "pandas", "dask", "distributed", "pyspark", "narwhals")
        },
        "statements": arguments.statements,
        "seconds": taken,
        "medians": medians,
        "ratios": {name: median / first for name, median in medians.items()},
    }
    if arguments.out is not None:
        arguments.out.parent.mkdir(exist_ok=True)
        arguments.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def version(name: str) -> str | None:
    """The version of a package, if it is there."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
