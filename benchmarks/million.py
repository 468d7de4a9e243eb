"""A made-up study of a million codings comes in; time and memory of policygap and of plain pandas go out, side by side.

Run ``python benchmarks/million.py``; ``--codings 100000`` makes it smaller, ``--without-pyarrow`` hides that package.

The study is written as CSV into a temporary folder with a fixed seed. Then two fresh processes do the same work: one
with policygap (read, check, measure, matrix, gaps), and one with what an analyst would write by hand in pandas
(``read_csv``, ``merge``, ``groupby().nunique()``), which reads the same files, checks nothing and gives the same
matrix. That the two matrices agree is checked at the end.

The two take turns, several times; a stage's time is the shortest of its runs, with the files in the system's cache for
both. Memory is the peak of the process so far. Each part runs in a process of its own, because on Linux a process
starts with the peak of the one that started it; that is why this one stays small.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import os
import platform
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SEED = 20220310
THEMES, TARGETS, GROUPS = 60, 20, 25
WORDS = ("we", "ask", "that", "the", "town", "gets", "more", "homes", "work", "schools", "buses", "and", "a", "say")


# -- the study --------------------------------------------------------------------------------------------------------


def write_study(folder: Path, codings: int) -> None:
    """Write a study with 2 statements for every 5 codings, and an actor for every 8 statements."""
    chance = random.Random(SEED)
    statements = codings * 2 // 5
    actors = max(statements // 8, 1)
    _write(folder / "themes.csv", "id,label", ((f"t{n}", f"Theme {n}") for n in range(THEMES)))
    _write(folder / "targets.csv", "id,kind,label", ((f"F{n}", "focus_area", f"Area {n}") for n in range(TARGETS)))
    _write(folder / "groups.csv", "id,label", ((f"g{n}", f"Group {n}") for n in range(GROUPS)))
    _write(folder / "actors.csv", "id,label,group", ((f"a{n}", f"Actor {n}", f"g{n % GROUPS}") for n in range(actors)))
    _write(
        folder / "responses.csv",
        "subject,presence,commitment",
        ((f"t{n}", chance.choice(("named", "absent")), chance.choice(("act", "consider"))) for n in range(THEMES)),
    )
    _write(folder / "statements.csv", "id,speaker,text,kind,voice,locator", _statements(statements, actors, chance))
    _write(folder / "codings.csv", "statement,code,kind,coder,polarity", _codings(statements, codings, chance))


def _write(path: Path, header: str, rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _statements(count: int, actors: int, chance: random.Random) -> Iterator[tuple[str, ...]]:
    kinds, voices = ("call", "call", "challenge", "example"), ("quote", "summary")
    for number in range(count):
        text = f"{' '.join(chance.choices(WORDS, k=12))} ({number})"
        speaker = f"a{chance.randrange(actors)}"
        yield f"s{number}", speaker, text, chance.choice(kinds), chance.choice(voices), f"p. {number % 400 + 1}"


def _codings(statements: int, codings: int, chance: random.Random) -> Iterator[tuple[str, ...]]:
    """A theme for each statement; a target too, or for one in ten a row that none fits; second themes for the rest."""
    themes = [chance.randrange(THEMES) for _ in range(statements)]
    for number, theme in enumerate(themes):
        yield f"s{number}", f"t{theme}", "", "first", chance.choice(("", "", "", "for", "against"))
        if chance.random() < 0.1:
            yield f"s{number}", "", "focus_area", "first", ""
        else:
            # Low numbers are more frequent, as in real input.
            yield f"s{number}", f"F{int(TARGETS * chance.random() ** 2)}", "", "first", ""
    for number in range(codings - 2 * statements):
        yield f"s{number}", f"t{(themes[number] + 1 + chance.randrange(THEMES - 1)) % THEMES}", "", "first", ""


# -- a process that works ---------------------------------------------------------------------------------------------


class Clock:
    """Stages in; for each its seconds and the peak memory of the process so far, in MiB, out."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[float, float]] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        """Do the work, note how long it took, and hand on what it gave."""
        before = time.perf_counter()
        result = work()
        self.stages[name] = (time.perf_counter() - before, peak())
        return result


def peak() -> float:
    """The peak memory of this process in MiB; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


class Watch:
    """The most small Python objects that live at any moment within a ``with``, sampled a hundred times a second."""

    def __enter__(self) -> Watch:
        self.before = self.most = sys.getallocatedblocks()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self) -> None:
        while not self.done.wait(0.01):
            self.most = max(self.most, sys.getallocatedblocks())

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def work_with_policygap(folder: Path) -> dict[str, Any]:
    import policygap as pg

    clock = Clock()
    clock.time("import", lambda: (pg.read_study, pg.measure_coverage, pg.gap_matrix, pg.find_gaps))
    study = clock.time("read and check", lambda: pg.read_study(folder))
    matrix = clock.time("matrix", lambda: pg.gap_matrix(study, "theme", "focus_area", "speakers"))
    coverage = clock.time("coverage", lambda: pg.measure_coverage(study))
    gaps = clock.time("gaps", lambda: pg.find_gaps(coverage))
    return {"stages": clock.stages, "matrix": fingerprint(matrix), "gaps": len(gaps)}


def work_with_pandas(folder: Path) -> dict[str, Any]:
    clock = Clock()
    clock.time("import", lambda: __import__("pandas"))
    import pandas as pd

    names = ("themes", "targets", "groups", "actors", "responses", "statements", "codings")
    tables = clock.time("read and check", lambda: {name: pd.read_csv(folder / f"{name}.csv") for name in names})

    def count() -> Any:
        codings = tables["codings"].dropna(subset=["code"])
        speakers = tables["statements"][["id", "speaker"]].rename(columns={"id": "statement"})
        coded = codings[["statement", "code"]].merge(speakers, on="statement")
        themes = coded[coded["code"].isin(tables["themes"]["id"])]
        targets = coded[coded["code"].isin(tables["targets"]["id"])]
        both = themes.merge(targets[["statement", "code"]], on="statement", suffixes=("_theme", "_target"))
        cells = both.groupby(["code_theme", "code_target"])["speaker"].nunique().unstack(fill_value=0)
        return cells.reindex(index=tables["themes"]["id"], columns=tables["targets"]["id"], fill_value=0)

    return {"stages": clock.stages, "matrix": fingerprint(clock.time("matrix", count))}


def count_objects(folder: Path) -> dict[str, Any]:
    """What reading leaves in memory: small Python objects a row, and the types of the columns."""
    import gc

    import policygap as pg

    _ = pg.read_study("smabystrategi").codings  # everything that is loaded once is loaded
    gc.collect()
    tracked = len(gc.get_objects())
    with Watch() as watch:
        study = pg.read_study(folder)
    gc.collect()
    held = sys.getallocatedblocks() - watch.before
    return {
        "rows": len(study.statements) + len(study.codings),
        **count_added_objects(folder, study, held),
        "ids": study.codings["statement"].nunique() + study.statements["speaker"].nunique(),
        "tracked": len(gc.get_objects()) - tracked,
        "held": held,
        "passing": watch.most - watch.before,
        "dtypes": {
            table: {name: str(dtype) for name, dtype in study.tables[table].dtypes.items()}
            for table in ("statements", "codings")
        },
        "storage": str(study.statements["text"].dtype.storage),
        "mebibytes": sum(study.tables[t].memory_usage(deep=True).sum() for t in ("statements", "codings")) / 2**20,
    }


def count_added_objects(folder: Path, study: Any, held: int) -> dict[str, int]:
    """How many of the objects are owed to the codings that stand last: the same study is read without them."""
    import gc

    import policygap as pg

    first = 2 * len(study.statements)
    added = len(study.codings) - first
    with (folder / "codings.csv").open(encoding="utf-8") as stream:
        lines = list(itertools.islice(stream, first + 1))
    (folder / "codings.csv").write_text("".join(lines), encoding="utf-8")
    del lines, study
    gc.collect()
    before = sys.getallocatedblocks()
    smaller = pg.read_study(folder)
    gc.collect()
    objects = sys.getallocatedblocks() - before
    assert len(smaller.codings) == first  # and so the study is alive while its objects are counted
    return {"added_codings": added, "added_objects": held - objects}


def fingerprint(matrix: Any) -> str:
    rows = [[str(name), *map(int, cells)] for name, cells in zip(matrix.index, matrix.to_numpy().tolist(), strict=True)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


PARTS = {"policygap": work_with_policygap, "pandas": work_with_pandas, "objects": count_objects}


# -- the process that asks --------------------------------------------------------------------------------------------


def run(part: str, folder: Path, options: list[str]) -> dict[str, Any]:
    """Run one part in a fresh process."""
    words = [sys.executable, __file__, "--part", part, "--folder", str(folder), *options]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout.strip() else {}


def take_turns(folder: Path, options: list[str], runs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both parts, one after the other, several times; for each stage the run that took least."""
    found: dict[str, list[dict[str, Any]]] = {"policygap": [], "pandas": []}
    for _ in range(runs):
        for part, results in found.items():
            results.append(run(part, folder, options))
    best = []
    for results in found.values():
        stages = {name: min(one["stages"][name] for one in results) for name in results[0]["stages"]}
        best.append({**results[0], "stages": stages})
    return best[0], best[1]


def describe_machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    print(f"{'':24}{'policygap':>24}{'pandas by hand':>24}{'ratio':>9}")
    print(f"{'stage':24}{'seconds':>12}{'peak MiB':>12}{'seconds':>12}{'peak MiB':>12}{'seconds':>9}")
    for name, (seconds, most) in ours["stages"].items():
        line = f"{name:24}{seconds:12.2f}{most:12.0f}"
        if name in theirs["stages"]:
            other, other_most = theirs["stages"][name]
            line += f"{other:12.2f}{other_most:12.0f}{seconds / other:9.2f}"
        print(line)
    both = [name for name in ours["stages"] if name in theirs["stages"]]
    sums = [sum(part["stages"][name][0] for name in both) for part in (ours, theirs)]
    peaks = [max(part["stages"][name][1] for name in both) for part in (ours, theirs)]
    print(
        f"{'to the matrix':24}{sums[0]:12.2f}{peaks[0]:12.0f}{sums[1]:12.2f}{peaks[1]:12.0f}{sums[0] / sums[1]:9.2f}"
        f"   peak {peaks[0] / peaks[1]:.2f}"
    )
    everything = sum(seconds for seconds, _ in ours["stages"].values())
    print(f"{'everything':24}{everything:12.2f}{max(most for _, most in ours['stages'].values()):12.0f}")
    print(f"\nThe two matrices agree: {'yes' if ours['matrix'] == theirs['matrix'] else 'NO'}")


def describe_objects(found: dict[str, Any]) -> None:
    rows = found["rows"]
    print(f"\nWhat reading leaves behind, for {rows:,} rows of statements and codings:")
    print(f"  small Python objects held     {found['held']:>10,}   {found['held'] / rows:.4f} a row")
    print(f"  objects the collector tracks  {found['tracked']:>10,}   {found['tracked'] / rows:.4f} a row")
    print(f"  most at once while reading    {found['passing']:>10,}   {found['passing'] / rows:.4f} a row")
    print(f"  (distinct ids in them         {found['ids']:>10,}, each once or twice in pandas' look-up tables)")
    print(f"  of them owed to the last      {found['added_codings']:>10,} codings: {found['added_objects']:,}")
    print(f"  both tables                   {found['mebibytes']:>10,.0f} MiB; text stored by {found['storage']}")
    for table, dtypes in found["dtypes"].items():
        print(f"  {table}: {', '.join(f'{name} {dtype}' for name, dtype in dtypes.items())}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Time and memory on a study of a million codings.")
    parser.add_argument("--codings", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="how often each of the two is timed (3)")
    parser.add_argument("--without-pyarrow", action="store_true", help="as if pyarrow were not installed")
    parser.add_argument("--part", choices=[*PARTS, "write"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.without_pyarrow:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # an import of it now fails
    if asked.part == "write":
        write_study(asked.folder, asked.codings)
        return 0
    if asked.part:
        print(json.dumps(PARTS[asked.part](asked.folder)))
        return 0
    options = ["--codings", str(asked.codings)] + (["--without-pyarrow"] if asked.without_pyarrow else [])
    with TemporaryDirectory() as folder:
        place = Path(folder)
        run("write", place, options)
        size = sum(path.stat().st_size for path in place.iterdir()) / 2**20
        print(f"{asked.codings:,} codings of {asked.codings * 2 // 5:,} statements, {size:.0f} MiB of CSV")
        print(f"{describe_machine()}{', without pyarrow' if asked.without_pyarrow else ''}\n")
        ours, theirs = take_turns(place, options, asked.runs)
        compare(ours, theirs)
        describe_objects(run("objects", place, options))
    return 0 if ours["matrix"] == theirs["matrix"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
