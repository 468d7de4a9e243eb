"""Made-up touches come in; time and memory of ``measure_frame`` by engine go out.

Run ``python benchmarks/frames.py``; ``--rows 1e6`` makes it small. Each figure is of a process of its own, which has
read the frame before (pandas, polars) or reads it from Parquet meanwhile (lazy polars, DuckDB). Seconds are the median
of three runs; processor seconds are those of all cores.

Touches have 60 themes, 20 targets under four of them, a tenth as many submissions as rows, and a tenth of the rows
without a code; every submission has one weight.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import policygap as pg

CODEBOOK = [{"id": f"theme-{place:02}", "kind": "theme"} for place in range(60)]
CODEBOOK += [
    {"id": f"F{place:02}", "kind": "focus_area", "parent": f"F{place % 4:02}" if place > 3 else None}
    for place in range(20)
]
ENGINES = ("pandas", "polars", "polars lazy", "duckdb")


def store(rows: int, path: Path) -> None:
    stream = np.random.default_rng(20220310)
    speaker = stream.integers(0, max(rows // 10, 1), rows, dtype=np.int32)
    code = (80 * stream.random(rows) ** 2).astype(np.int8)
    ids = [entry["id"] for entry in CODEBOOK]
    found = np.where(stream.random(rows) < 0.1, -1, code)
    frame = pd.DataFrame(
        {
            "speaker": speaker,
            "kind": pd.Categorical.from_codes((code >= 60).astype(np.int8), ["theme", "focus_area"]),
            "code": pd.Categorical.from_codes(found, ids),
            "call": stream.random(rows) < 0.5,
            "weight": (speaker.astype(np.int64) * 2654435761 % 1000 + 1) / 700,
        }
    )
    frame.to_parquet(path, index=False, row_group_size=500_000)


def open_frame(engine: str, path: str) -> Any:
    if engine == "pandas":
        return pd.read_parquet(path)
    if engine == "duckdb":
        import duckdb

        return duckdb.connect().read_parquet(path)
    import polars as pl

    return pl.read_parquet(path) if engine == "polars" else pl.scan_parquet(path)


def measure(engine: str, path: str, weight: str | None) -> dict[str, Any]:
    frame = open_frame(engine, path)
    before = resource.getrusage(resource.RUSAGE_SELF)
    times: list[float] = []
    found = None
    for _ in range(3):
        start = time.perf_counter()
        found = pg.measure_frame(frame, CODEBOOK, weight=weight)
        times.append(time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert found is not None
    return {
        "seconds": statistics.median(times),
        "processor seconds": (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(times),
        "MB beyond the data": (after.ru_maxrss - before.ru_maxrss) * 1024 / 1e6,
        "figures": found.themes.to_csv() + found.targets.to_csv(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        engine, path, weight = given.alone
        print(json.dumps(measure(engine, path, weight or None)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "touches.parquet"
        store(int(given.rows), path)
        print(f"{int(given.rows):,} rows\n\n| engine | weights | seconds | processor seconds | MB beyond the data |")
        print("|---|---|---|---|---|")
        for weight in ("", "weight"):
            figures: set[str] = set()
            for engine in ENGINES:
                command = [sys.executable, __file__, "--alone", engine, str(path), weight]
                said = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(said.stdout.splitlines()[-1])
                figures.add(found.pop("figures"))
                numbers = " | ".join(f"{value:.3g}" for value in found.values())
                print(f"| {engine} | {'yes' if weight else 'no'} | {numbers} |", flush=True)
            if len(figures) != 1:
                sys.exit("the engines differ")


if __name__ == "__main__":
    main()
