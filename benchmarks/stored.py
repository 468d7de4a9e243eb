"""A made-up study in Parquet comes in; time and memory of each stage go out, beside the same matrix by hand in DuckDB.

Run ``python benchmarks/stored.py``; ``--codings 1e7`` makes it larger. The study has 2 statements for every 5 codings,
an actor for every 20 codings, 60 themes and 20 focus areas, in ten parts a table. Every stage is one of a single fresh
process; its peak is the most memory that the process had at any time of that stage. The query by hand checks nothing
and keeps no record of who looked at what; that both matrices agree is checked at the end. The figures are kept as JSON
in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SEED = 20220310
THEMES, TARGETS, GROUPS, PARTS = 60, 20, 25, 10
HERE = Path(__file__).parent


def write_study(folder: Path, codings: int) -> None:
    """Write the study with a fixed seed, a part at a time."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draws = np.random.default_rng(SEED)
    statements, actors = codings * 2 // 5, max(codings // 20, 1)
    write_csv(folder / "themes.csv", "id,label", (f"theme-{n:02},Theme {n}" for n in range(THEMES)))
    write_csv(folder / "targets.csv", "id,kind,label", (f"F{n:02},focus_area,Area {n}" for n in range(TARGETS)))
    write_csv(folder / "groups.csv", "id,label", (f"g{n:02},Group {n}" for n in range(GROUPS)))
    write_csv(folder / "actors.csv", "id,label,group", (f"a{n:07},Actor {n},g{n % GROUPS:02}" for n in range(actors)))
    for table in ("statements", "codings"):
        (folder / f"{table}.parquet").mkdir()
    kinds = pa.array(["call", "challenge", "stance"])
    codes = pa.array([f"theme-{n:02}" for n in range(THEMES)] + [f"F{n:02}" for n in range(TARGETS)])
    for part in range(PARTS):
        numbers = range(part * statements // PARTS, (part + 1) * statements // PARTS)
        speakers = draws.integers(0, actors, len(numbers)).tolist()
        columns = {
            "id": pa.array([f"s{n:09}" for n in numbers]),
            "speaker": pa.array([f"a{n:07}" for n in speakers]),
            "text": pa.array(
                [f"We ask for bus number {n}, and for {n * 7} more trains in the valley." for n in numbers]
            ),
            "kind": kinds.take(pa.array(draws.integers(0, len(kinds), len(numbers)))),
        }
        pq.write_table(pa.table(columns), folder / f"statements.parquet/part-{part:02}.parquet", row_group_size=100_000)
        rows = (part + 1) * codings // PARTS - part * codings // PARTS
        low = draws.random(rows) ** 2  # low numbers are more frequent, as in real input
        themes = draws.random(rows) < 0.6
        places = np.where(themes, (THEMES * low).astype(int), THEMES + (TARGETS * low).astype(int))
        columns = {
            "statement": pa.array([f"s{n:09}" for n in draws.integers(0, statements, rows).tolist()]),
            "code": codes.take(pa.array(places)),
            "coder": pa.array(["first"] * rows),
        }
        pq.write_table(pa.table(columns), folder / f"codings.parquet/part-{part:02}.parquet", row_group_size=100_000)


def write_csv(path: Path, header: str, rows: Any) -> None:
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")


def measure(folder: Path) -> dict[str, Any]:
    """The stages one after the other."""
    import pyarrow.parquet  # noqa: F401  # that is no part of the first stage

    import policygap as pg

    pg.read_study, pg.measure_coverage, pg.find_gaps, pg.gap_matrix, pg.trace  # noqa: B018  # loads them
    stages: dict[str, tuple[float, float, float]] = {"start": (0.0, 0.0, peak())}
    study = run_stage(stages, "read and check", lambda: pg.read_study(folder))
    matrix = run_stage(stages, "matrix", lambda: pg.gap_matrix(study))
    coverage = run_stage(stages, "coverage", lambda: pg.measure_coverage(study))
    run_stage(stages, "gaps", lambda: pg.find_gaps(coverage))
    found = run_stage(stages, "trace", lambda: pg.trace(study, theme="theme-59", target="F19"))
    run_stage(stages, "statements as units", lambda: pg.measure_coverage(study, unit="statement"))
    assert found["text"].str.startswith("We ask").all()
    return {"stages": stages, "matrix": digest(matrix.to_numpy().astype(int).tolist())}


def by_hand(folder: Path) -> dict[str, Any]:
    """The same matrix as one query."""
    import duckdb

    query = f"""
        WITH c AS (SELECT DISTINCT statement, code FROM '{folder}/codings.parquet/*.parquet'),
             s AS (SELECT id, speaker FROM '{folder}/statements.parquet/*.parquet')
        SELECT t.code, f.code, count(DISTINCT s.speaker)
        FROM c t JOIN c f ON t.statement = f.statement JOIN s ON s.id = t.statement
        WHERE t.code LIKE 'theme-%' AND f.code LIKE 'F%' GROUP BY ALL
    """
    stages: dict[str, tuple[float, float, float]] = {"start": (0.0, 0.0, peak())}
    cells = run_stage(stages, "the same matrix in DuckDB", lambda: duckdb.sql(query).fetchall())
    counts = {(theme, target): count for theme, target, count in cells}
    rows = [[counts.get((f"theme-{t:02}", f"F{f:02}"), 0) for f in range(TARGETS)] for t in range(THEMES)]
    return {"stages": stages, "matrix": digest(rows)}


def digest(rows: list[list[int]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def run_stage(stages: dict[str, tuple[float, float, float]], name: str, work: Callable[[], Any]) -> Any:
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak from here on
    wall, spent = time.perf_counter(), time.process_time()
    made = work()
    stages[name] = (time.perf_counter() - wall, time.process_time() - spent, peak())
    return made


def peak() -> float:
    """Mebibytes: since the last stage on Linux, of the whole process elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def run_part(part: str, folder: Path, codings: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder), "--codings", str(codings)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(said) if said.strip() else {}


def main() -> int:
    parser = argparse.ArgumentParser(description="Time and memory on a study in Parquet.")
    parser.add_argument("--codings", type=float, default=1e6)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "stored.json")
    parser.add_argument("--part", choices=("write", "measure", "by-hand"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    codings = int(asked.codings)
    if asked.part == "write":
        write_study(asked.folder, codings)
        return 0
    if asked.part:
        print(json.dumps((measure if asked.part == "measure" else by_hand)(asked.folder)))
        return 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        run_part("write", folder, codings)
        stored = sum(path.stat().st_size for path in folder.rglob("*.parquet") if path.is_file()) / 2**20
        load = os.getloadavg()
        ours, theirs = (run_part(part, folder, codings) for part in ("measure", "by-hand"))
    print(f"{codings:,} codings of {codings * 2 // 5:,} statements, {stored:,.0f} MiB of Parquet\n")
    print(f"{'stage':28}{'seconds':>10}{'of processors':>15}{'peak, MiB':>12}")
    for stage, figures in {**ours["stages"], **{k: v for k, v in theirs["stages"].items() if k != "start"}}.items():
        print(f"{stage:28}{figures[0]:10.2f}{figures[1]:15.2f}{figures[2]:12,.0f}")
    same = ours["matrix"] == theirs["matrix"]
    print(f"\nThe two matrices agree: {'yes' if same else 'NO'}")
    kept = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.exists() else {}
    kept[str(codings)] = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load": [round(part, 1) for part in load],
        "stages": {
            name: [round(figure, 2) for figure in figures]
            for name, figures in {**ours["stages"], **theirs["stages"]}.items()
        },
    }
    asked.out.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
