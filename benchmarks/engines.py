"""Made-up evidence comes in; time and memory of ``cross_tabulate`` beside other ways to the same table go out.

Run ``python benchmarks/engines.py``; ``--rows 1e6 --stored 5e6`` makes it small. Times are medians of several runs in
one process for each row of the table; peaks of memory are those of a process that does nothing else. The figures are
kept as JSON in ``benchmarks/results``, and the picture of the growth in ``docs/images/growth.svg``.

Evidence has 60 themes, 20 targets, 25 groups and a tenth as many submissions as rows; low numbers are more frequent, as
in real input. Every submission has one weight. L is ``numpy.bincount`` of counts and of weights over whole numbers that
name the cell, ready-made: the least that any way has to do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

import policygap as pg

SEED = 20220310
THEMES, TARGETS, GROUPS = 60, 20, 25
HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs" / "images" / "growth.svg"


# ------------------------------------------------------------------------------------------------------------- evidence


def draw(rows: int, seed: int = SEED, submissions: int | None = None) -> dict[str, np.ndarray]:
    """Columns of codes."""
    stream = np.random.default_rng(seed)
    submission = stream.integers(0, submissions or max(rows // 10, 1), rows, dtype=np.int32)
    return {
        "theme": (THEMES * stream.random(rows) ** 2).astype(np.int8),
        "target": (TARGETS * stream.random(rows) ** 2).astype(np.int8),
        "group": (submission % GROUPS).astype(np.int8),
        "submission": submission,
        "weight": (submission.astype(np.int64) * 2654435761 % 1000 + 1) / 700,
    }


NAMES = {
    "theme": [f"theme-{place:02}" for place in range(THEMES)],
    "target": [f"F{place:02}" for place in range(TARGETS)],
    "group": [f"group-{place:02}" for place in range(GROUPS)],
}


def as_frame(codes: dict[str, np.ndarray]) -> pd.DataFrame:
    coded = {name: pd.Categorical.from_codes(codes[name], ids) for name, ids in NAMES.items()}
    return pd.DataFrame(coded | {"submission": codes["submission"], "weight": codes["weight"]}, copy=False)


def store(rows: int, folder: Path) -> None:
    """Parquet in ten parts, written a million rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for part in range(10):
        writer, left = None, rows // 10
        while left:
            size = min(left, 1_000_000)
            codes = draw(size, seed=SEED + 1000 * part + left // 1_000_000, submissions=max(rows // 10, 1))
            columns: dict[str, Any] = {
                name: pa.DictionaryArray.from_arrays(codes[name], pa.array(ids)) for name, ids in NAMES.items()
            }
            table = pa.table(columns | {"submission": codes["submission"], "weight": codes["weight"]})
            writer = writer or pq.ParquetWriter(folder / f"part-{part}.parquet", table.schema)
            writer.write_table(table)
            left -= size
        if writer:
            writer.close()


# ----------------------------------------------------------------------------------------------------------- measuring


def median(work: Callable[[], Any], runs: int) -> float:
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak() -> float:
    """The peak memory of this process in MB; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def alone(*arguments: Any) -> dict[str, float]:
    """What a process of its own measures: this script with ``--alone``."""
    command = [sys.executable, __file__, "--alone", *map(str, arguments)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(said.stdout.splitlines()[-1])


def quickest(*arguments: Any, runs: int) -> dict[str, float]:
    """The quickest of several such processes: files may have to be read from the disk, or others be at work."""
    return min((alone(*arguments) for _ in range(runs)), key=lambda found: found["seconds"])


LIMITS = (500, 750, 1000, 2000)


def limited(folder: str, engine: str, what: str, megabytes: int) -> str:
    """How one query on Parquet ends if the process may not hold more than that beyond what was imported (Linux)."""
    command = [sys.executable, __file__, "--alone", "stored", folder, engine, what, str(megabytes)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return "done"
    return "error" if "PolicyGapError" in done.stderr.splitlines()[-1] else "aborted by the engine"


def both(frame: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two tables of the first row: distinct submissions by cell, and their weights by group."""
    return (
        pg.cross_tabulate(frame, unit="submission"),
        pg.cross_tabulate(frame, "group", "target", unit="submission", weight="weight"),
    )


def in_memory(rows: int, runs: int) -> dict[str, float]:
    """Seconds of each way in memory, and the memory that ours takes beyond the data."""
    import duckdb
    import polars as pl

    codes = draw(rows)
    frame = as_frame(codes)
    cells = codes["theme"].astype(np.int64) * TARGETS + codes["target"]
    by_group = codes["group"].astype(np.int64) * TARGETS + codes["target"]
    before = peak()
    found = {"both tables": median(lambda: both(frame), runs)}
    found["MB beyond the data"] = peak() - before
    found["L of both tables"] = median(
        lambda: [
            np.bincount(cells), np.bincount(cells, codes["weight"]),
            np.bincount(by_group), np.bincount(by_group, codes["weight"]),
        ],
        runs,
    )  # fmt: skip
    found["L of one table"] = median(lambda: [np.bincount(cells), np.bincount(cells, codes["weight"])], runs)
    found["distinct submissions"] = median(lambda: pg.cross_tabulate(frame, unit="submission"), runs)
    found["weights by group"] = median(
        lambda: pg.cross_tabulate(frame, "group", "target", unit="submission", weight="weight"), runs
    )
    grouped = frame.groupby(["theme", "target"], observed=True)["submission"]
    found["pandas nunique"] = median(grouped.nunique, max(runs // 3, 1))
    table = pl.from_pandas(frame)
    found["polars n_unique"] = median(
        lambda: table.group_by("theme", "target").agg(pl.col("submission").n_unique()), runs
    )
    connection = duckdb.connect()
    connection.execute("create table evidence as select * from frame")
    query = "select theme, target, count(distinct submission) from evidence group by all"
    found["duckdb count(distinct)"] = median(lambda: connection.execute(query).fetchall(), runs)
    found["ours on polars"] = median(lambda: pg.cross_tabulate(table, unit="submission"), runs)
    found["ours on duckdb"] = median(
        lambda: pg.cross_tabulate(connection.table("evidence"), unit="submission"), max(runs // 3, 1)
    )
    return found


def against_networkx(rows: int, runs: int) -> dict[str, float]:
    """Seconds for a loop that makes a graph of submissions and cells, and for ours."""
    codes = draw(rows)
    frame = as_frame(codes)
    triples = list(zip(frame["theme"], frame["target"], frame["submission"], strict=True))

    def loop() -> dict[Any, int]:
        graph = nx.Graph()
        for theme, target, submission in triples:
            graph.add_edge((theme, target), submission)
        return {node: graph.degree(node) for node in graph if isinstance(node, tuple)}

    table = pg.cross_tabulate(frame, unit="submission")
    counted = loop()
    assert all(table.loc[theme, target] == count for (theme, target), count in counted.items())
    ours = median(lambda: pg.cross_tabulate(frame, unit="submission"), 3 * runs)
    return {"networkx": median(loop, max(runs // 3, 1)), "ours": ours}


def stored(folder: str, engine: str, what: str, megabytes: str = "") -> dict[str, float]:
    """Seconds and peak of one query on Parquet.

    A scan finds the largest value of each column, so engines may look at a text once for each part of the file; the
    other kind adds up a hash of every value, so that none is left out.
    """
    import duckdb
    import polars as pl

    files = str(Path(folder) / "*.parquet")
    columns = ["theme", "target", "submission", *(["weight"] if what.endswith("weights") else [])]
    frame: Any = duckdb.connect().read_parquet(files) if engine == "duckdb" else pl.scan_parquet(files)
    work: dict[tuple[str, str], Callable[[], Any]] = {
        ("duckdb", "scan"): lambda: frame.aggregate(", ".join(f"max({name})" for name in columns)).fetchall(),
        ("polars", "scan"): lambda: frame.select(pl.col(columns).max()).collect(engine="streaming"),
        ("duckdb", "hashes"): lambda: frame.aggregate(", ".join(f"sum(hash({name}))" for name in columns)).fetchall(),
        ("polars", "hashes"): lambda: frame.select(pl.col(columns).hash().sum()).collect(engine="streaming"),
        ("duckdb", "by hand"): lambda: frame.aggregate("theme, target, count(distinct submission)").fetchall(),
        ("polars", "by hand"): lambda: (
            frame.group_by("theme", "target").agg(pl.col("submission").n_unique()).collect(engine="streaming")
        ),
        (engine, "scan, weights"): lambda: work[engine, "scan"](),  # noqa: PLW0108  # it is not there yet
        (engine, "hashes, weights"): lambda: work[engine, "hashes"](),  # noqa: PLW0108  # nor is this
        (engine, "ours"): lambda: pg.cross_tabulate(frame, unit="submission"),
        (engine, "ours, weights"): lambda: pg.cross_tabulate(frame, unit="submission", weight="weight"),
    }
    if megabytes:
        import pyarrow.parquet  # noqa: F401  # so that what is imported is held already

        told = Path("/proc/self/status").read_text().splitlines()
        held = next(int(line.split()[1]) << 10 for line in told if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (held + (int(megabytes) << 20),) * 2)
    start = time.process_time()
    seconds = median(work[engine, what], 1)
    return {"seconds": seconds, "processor seconds": time.process_time() - start, "MB": peak()}


def small(runs: int) -> dict[str, float]:
    """Seconds for the matrix of a study of forty submissions that has been read, and for the first matrix of it."""
    stream = np.random.default_rng(SEED)
    statements = [{"id": f"s{place}", "speaker": f"a{place % 40}", "text": "..."} for place in range(200)]
    codes = [f"t{place}" for place in range(20)], [f"F{place}" for place in range(7)]
    study = pg.build_study(
        name="forty",
        themes=[{"id": name, "label": name} for name in codes[0]],
        targets=[{"id": name, "kind": "focus_area", "label": name} for name in codes[1]],
        groups=[{"id": "g", "label": "g"}],
        actors=[{"id": f"a{place}", "label": "x", "group": "g"} for place in range(40)],
        statements=statements,
        codings=[{"statement": one["id"], "code": str(stream.choice(names))} for one in statements for names in codes],
    )
    start = time.perf_counter()
    pg.gap_matrix(study)
    first = time.perf_counter() - start
    return {"first matrix": first, "matrix": median(lambda: pg.gap_matrix(study), 20 * runs)}


def grown(rows: int, runs: int) -> dict[str, float]:
    """Seconds and memory beyond the data for one size."""
    frame = as_frame(draw(rows))
    pg.cross_tabulate(frame.head(10), unit="submission", weight="weight")
    before = peak()
    seconds = median(lambda: both(frame), runs if rows > 100_000 else 10 * runs)
    return {"seconds": seconds, "MB": peak() - before}


ALONE: dict[str, Callable[..., dict[str, float]]] = {
    "in_memory": lambda rows, runs: in_memory(int(rows), int(runs)),
    "networkx": lambda rows, runs: against_networkx(int(rows), int(runs)),
    "stored": stored,
    "small": lambda runs: small(int(runs)),
    "grown": lambda rows, runs: grown(int(rows), int(runs)),
}


# ------------------------------------------------------------------------------------------------------------- picture


def slope(sizes: list[int], seconds: list[float]) -> float:
    """The exponent of the power law through the points."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def picture(sizes: list[int], seconds: list[float], exponent: float) -> str:
    """Seconds by rows, both axes logarithmic, as SVG."""
    width, height, left, bottom = 560, 340, 70, 50
    low, high = np.floor(np.log10(min(seconds))), np.ceil(np.log10(max(seconds)))
    first, last = np.log10(sizes[0]), np.log10(sizes[-1])

    def x(size: float) -> float:
        return left + (width - left - 20) * (np.log10(size) - first) / max(last - first, 1)

    def y(second: float) -> float:
        return 20 + (height - bottom - 20) * (high - np.log10(second)) / max(high - low, 1)

    grid = [
        f'<line x1="{left}" y1="{y(10.0**power):.1f}" x2="{width - 20}" y2="{y(10.0**power):.1f}" stroke="#ccc"/>'
        f'<text x="{left - 8}" y="{y(10.0**power) + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>'
        for power in range(int(low), int(high) + 1)
    ]
    ticks = [f'<text x="{x(n):.1f}" y="{height - 28}" text-anchor="middle">{n:,}</text>' for n in sizes]
    points = " ".join(f"{x(n):.1f},{y(s):.1f}" for n, s in zip(sizes, seconds, strict=True))
    dots = [
        f'<circle cx="{x(n):.1f}" cy="{y(s):.1f}" r="4" fill="#1f5a94"/>' for n, s in zip(sizes, seconds, strict=True)
    ]
    title = f"Two tables of so many rows of evidence; fitted exponent {exponent:.2f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            'font-family="sans-serif" font-size="12">',
            f"<title>{title}</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *grid,
            *ticks,
            f'<polyline points="{points}" fill="none" stroke="#1f5a94" stroke-width="2"/>',
            *dots,
            f'<text x="{(width + left) / 2}" y="{height - 8}" text-anchor="middle">rows</text>',
            "</svg>\n",
        ]
    )


# ---------------------------------------------------------------------------------------------------------------- main


def report(results: dict[str, Any]) -> None:
    """Print each goal with what was measured."""
    memory, graph, forty = results["in memory"], results["networkx"], results["forty submissions"]
    least = min(memory["polars n_unique"], memory["duckdb count(distinct)"])
    goals = [
        ("in memory: both tables / L of both", memory["both tables"] / memory["L of both tables"], "<= 10"),
        ("in memory: both tables / L of one", memory["both tables"] / memory["L of one table"], "<= 10"),
        ("in memory: pandas nunique / ours", memory["pandas nunique"] / memory["distinct submissions"], ">= 5"),
        ("in memory: ours / polars or DuckDB by hand", memory["distinct submissions"] / least, "<= 1.3"),
        ("in memory: ours on polars / polars by hand", memory["ours on polars"] / memory["polars n_unique"], "<= 1.3"),
        ("in memory: ours on DuckDB / DuckDB by hand", memory["ours on duckdb"] / memory["duckdb count(distinct)"],
         "<= 1.3"),
        ("in memory: MB beyond the data", memory["MB beyond the data"], "<= 300"),
        ("networkx loop / ours", graph["networkx"] / graph["ours"], ">= 400"),
        ("forty submissions: ms for the matrix", 1000 * forty["matrix"], "<= 1"),
        ("growth: fitted exponent of time", results["growth"]["exponent"], "<= 1.05"),
    ]  # fmt: skip
    for engine, found in results["stored"].items():
        for what in ("ours", "ours, weights", "by hand"):
            for scan in ("scan", "hashes"):
                against = found[scan + ", weights" * what.endswith("weights")]
                ratio = found[what]["seconds"] / against["seconds"]
                goals.append((f"stored, {engine}: {what} / {scan} of its columns", ratio, "<= 5"))
            goals.append((f"stored, {engine}: {what}, MB", found[what]["MB"], "<= 1000"))
    for name, figure, goal in goals:
        print(f"{name:<52} {figure:>10.2f}   goal {goal}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alone", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=float, default=1e7, help="rows in memory")
    parser.add_argument("--stored", type=float, default=5e7, help="rows in Parquet")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the JSON and the picture")
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(ALONE[options.alone[0]](*options.alone[1:])))
        return
    rows, runs = int(options.rows), options.runs
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system()}
    results: dict[str, Any] = {"date": date.today().isoformat(), "python": platform.python_version(), **machine}
    results |= {"rows": rows, "stored rows": int(options.stored), "runs": runs, "load before": os.getloadavg()[0]}
    results["in memory"] = alone("in_memory", rows, runs)
    results["networkx"] = alone("networkx", rows // 10, runs)
    results["forty submissions"] = alone("small", runs)
    sizes = [rows // 1000, rows // 100, rows // 10, rows]
    each = [alone("grown", size, runs) for size in sizes]
    exponent = slope(sizes, [one["seconds"] for one in each])
    results["growth"] = {"sizes": sizes, "measured": each, "exponent": exponent}
    with tempfile.TemporaryDirectory() as folder:
        store(int(options.stored), Path(folder))
        ways = ("scan", "hashes", "ours", "by hand", "scan, weights", "hashes, weights", "ours, weights")
        results["stored"] = {
            engine: {way: quickest("stored", folder, engine, way, runs=runs) for way in ways}
            for engine in ("duckdb", "polars")
        }
        results["limited"] = {
            engine: {
                way: {str(limit): limited(folder, engine, way, limit) for limit in LIMITS}
                for way in ("ours", "ours, weights")
            }
            for engine in ("duckdb", "polars")
        }
    report(results)
    if options.keep:
        (HERE / "results").mkdir(exist_ok=True)
        text = json.dumps(results, indent=1)
        (HERE / "results" / f"engines-{results['date']}.json").write_text(text + "\n", encoding="utf-8")
        PICTURE.write_text(picture(sizes, [one["seconds"] for one in each], exponent), encoding="utf-8")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
