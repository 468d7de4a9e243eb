"""A made-up million of units comes in; time and memory of drawing them anew, and of other ways to do it, go out.

Run ``python benchmarks/resampling.py``; ``--units 100000`` and ``--n 200`` make it smaller, ``--runs`` says how often
each part is timed (medians are given), ``--whole`` adds ``pg.bootstrap`` on a study of as many speakers (once, for it
takes minutes), ``--json`` says where the figures are kept.

Every unit says one to three things, each in one of 60 x 20 cells. Each part runs in a fresh process that loads the
cells and does one thing; memory is the process's peak, less that before it started:

- ``core``: the cells are brought into form, and n sums over all cells are drawn;
- ``numbers``: as many random whole numbers of 16 bits as there are draws, and nothing else, on one core;
- ``product``, ``product32``: matrix products n x units x cells in floats of 64 and 32 bits, nothing else. A tenth of
  the blocks is multiplied, and the time taken ten times;
- ``loop``: a plain loop in numpy: draw, count how often each unit was drawn, add that up by cell. A few replicates;
- ``naive``: what one writes first in pandas: draw, join, cross-tabulate. One replicate.

At the end the widths of intervals of all cells touched by 1,000 units or more are held against exact binomial ones.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

SEED = 20220310
THEMES, AREAS, GROUPS = 60, 20, 25
BLOCK, LOOPS = 4096, 5


def build(units: int) -> dict[str, Any]:
    """Distinct pairs of unit and cell; low numbers are more frequent, as in real input."""
    chance = np.random.default_rng(SEED)
    unit = np.repeat(np.arange(units), chance.integers(1, 4, units))
    theme, area = ((size * chance.random(len(unit)) ** 2).astype(int) for size in (THEMES, AREAS))
    packed = np.unique(unit * (THEMES * AREAS) + theme * AREAS + area)
    cells = {"unit": packed // (THEMES * AREAS), "column": packed % (THEMES * AREAS)}
    return {"unit": cells["unit"].astype(np.int32), "column": cells["column"].astype(np.int16), "units": units}


def build_study(units: int) -> Any:
    """A study with as many speakers, who are in 25 groups and say one to three things on a theme and an area each."""
    import pandas as pd  # only this part needs it, and memory is measured

    import policygap as pg

    chance = np.random.default_rng(SEED)
    speaker = np.repeat(np.arange(units), chance.integers(1, 4, units))
    count = len(speaker)
    ids = pd.Series(np.arange(count)).astype(str).radd("s")
    kinds = pd.Categorical.from_codes(chance.integers(0, 3, count), ["call", "challenge", "example"])
    columns = {"statement": ids, "coder": "first"}
    theme = pd.Series((THEMES * chance.random(count) ** 2).astype(int)).astype(str).radd("t")
    area = pd.Series((AREAS * chance.random(count) ** 2).astype(int)).astype(str).radd("F")
    return pg.build_study(
        name="made-up",
        meta={"sampling": "random"},
        themes=[{"id": f"t{n}", "label": f"Theme {n}"} for n in range(THEMES)],
        targets=[{"id": f"F{n}", "kind": "focus_area", "label": f"Area {n}"} for n in range(AREAS)],
        groups=[{"id": f"g{n}", "label": f"Group {n}"} for n in range(GROUPS)],
        actors=pd.DataFrame(
            {"id": [f"a{n}" for n in range(units)], "label": "x", "group": [f"g{n % GROUPS}" for n in range(units)]}
        ),
        statements=pd.DataFrame(
            {"id": ids, "speaker": pd.Series(speaker).astype(str).radd("a"), "text": "...", "kind": kinds}
        ),
        codings=pd.concat([pd.DataFrame({**columns, "code": theme}), pd.DataFrame({**columns, "code": area})]),
    )


def peak() -> float:
    """The peak memory of this process in MiB.

    Linux says it of the process itself; the usual figure is at first that of the process that started this one.
    """
    for line in _lines("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts in bytes


# -- the parts, each in a process of its own -------------------------------------------------------------------------


def core(cells: Any, n: int) -> Callable[[], Any]:
    from policygap.resampling import draw_sums, make_sums

    unit, column, strata = cells["unit"], cells["column"], np.zeros(int(cells["units"]), dtype=np.int32)

    def work() -> dict[str, Any]:
        ones = np.broadcast_to(1.0, len(unit))
        sums = make_sums(unit, column, ones, columns=THEMES * AREAS, strata=strata)
        drawn = draw_sums(sums, n, SEED) / sums.scale
        return widths(drawn, sums.total / sums.scale, len(strata))

    return work


def widths(drawn: Any, touching: Any, units: int) -> dict[str, Any]:
    """The width of 95% percentile intervals, as a part of exact binomial ones."""
    from scipy.stats import binom  # a development dependency, loaded after what is timed

    before = (time.perf_counter(), time.process_time(), peak())
    often = np.flatnonzero(touching >= 1000)  # of fewer, a step of one unit is itself more than two percent
    low, high = np.quantile(drawn[:, often], [0.025, 0.975], axis=0)
    exact = [np.diff(binom.ppf([0.025, 0.975], units, touching[place] / units))[0] for place in often]
    ratio = (high - low) / exact
    return {"before": before, "cells": len(often), "mean": float(ratio.mean()), "spread": float(ratio.std())}


def numbers(cells: Any, n: int) -> Callable[[], Any]:
    def work() -> None:
        stream = np.random.default_rng(SEED)
        for _ in range(int(cells["units"]) * n // (1 << 20)):
            stream.integers(0, BLOCK, size=1 << 20, dtype=np.uint16)

    return work


def product(cells: Any, n: int, kind: type = np.float64) -> Callable[[], Any]:
    chance = np.random.default_rng(SEED)
    dense = (chance.random((BLOCK, THEMES * AREAS)) < 0.002).astype(kind)
    times = chance.integers(0, 3, (n, BLOCK)).astype(kind)

    def work() -> None:
        for _ in range(-(-int(cells["units"]) // BLOCK // 10)):
            np.matmul(times, dense)

    return work


def loop(cells: Any, n: int) -> Callable[[], Any]:
    del n
    unit, column, units = cells["unit"], cells["column"], int(cells["units"])

    def work() -> None:
        stream = np.random.default_rng(SEED)
        for _ in range(LOOPS):
            times = np.bincount(stream.integers(0, units, units), minlength=units)
            np.bincount(column, weights=times[unit], minlength=THEMES * AREAS)

    return work


def naive(cells: Any, n: int) -> Callable[[], Any]:
    import pandas as pd

    del n
    rows, columns = np.divmod(cells["column"], AREAS)
    evidence = pd.DataFrame({"unit": cells["unit"], "row": rows, "column": columns})

    def work() -> None:
        drawn = np.random.default_rng(SEED).choice(int(cells["units"]), int(cells["units"]))
        pd.DataFrame({"unit": drawn}).merge(evidence, on="unit").groupby(["row", "column"]).size().unstack()

    return work


def whole(cells: Any, n: int) -> Callable[[], Any]:
    import policygap as pg

    study = build_study(int(cells["units"]))
    pg.measure_coverage(study)

    def work() -> None:
        pg.bootstrap(study, n=n, seed=SEED)

    return work


PARTS: dict[str, tuple[Callable[..., Callable[[], Any]], Callable[[int], float]]] = {
    "core": (core, lambda n: 1),
    "numbers": (numbers, lambda n: 1),
    "product": (product, lambda n: 10),
    "product32": (partial(product, kind=np.float32), lambda n: 10),
    "loop": (loop, lambda n: n / LOOPS),
    "naive": (naive, lambda n: n),
    "whole": (whole, lambda n: 1),
}


def run_part(name: str, path: Path, n: int) -> dict[str, Any]:
    """One part's seconds by the clock and of the processor, and memory beyond what it was given."""
    prepare, times = PARTS[name]
    cells = dict(np.load(path))
    work = prepare(cells, n)
    held, clock, processor = peak(), time.perf_counter(), time.process_time()
    found = work() or {}
    end = found.pop("before", None) or (time.perf_counter(), time.process_time(), peak())
    scale = times(n)
    return {"seconds": (end[0] - clock) * scale, "cpu": (end[1] - processor) * scale, "mib": end[2] - held, **found}


# -- all of them ------------------------------------------------------------------------------------------------------


def machine() -> dict[str, Any]:
    """What kind of machine this is, and how much else it did."""
    kind = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "processor": kind,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load_before": round(os.getloadavg()[0], 1),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).is_file() else []


def compare(chosen: argparse.Namespace) -> dict[str, Any]:
    """Run every part in turn, several times; medians."""
    names = [name for name in PARTS if name != "whole" or chosen.whole]
    result: dict[str, Any] = {"machine": machine(), "units": chosen.units, "n": chosen.n, "cells": THEMES * AREAS}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cells.npz"
        np.savez(path, **build(chosen.units))
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for run in range(chosen.runs):
            for name in names if run == 0 else [name for name in names if name != "whole"]:
                command = [sys.executable, __file__, "--part", name, "--cells", str(path), "--n", str(chosen.n)]
                runs[name].append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    result["runs"] = runs
    result["medians"] = {
        name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items()
    }
    result["machine"]["load_after"] = round(os.getloadavg()[0], 1)
    return result


def show(result: dict[str, Any]) -> None:
    """Print what was found, and what it is times the core's own."""
    print(f"{result['units']:,} units, {result['cells']:,} cells, n = {result['n']:,}; {result['machine']}")
    print("part            seconds   processor   MiB more   times the core's seconds, processor")
    own = result["medians"]["core"]
    for name, of in result["medians"].items():
        ratios = f"{of['seconds'] / own['seconds']:8.2f} {of['cpu'] / own['cpu']:8.2f}"
        print(f"{name:12}{of['seconds']:11.1f}{of['cpu']:12.1f}{of['mib']:11.0f}   {ratios}")
    print(f"width of intervals of {own['cells']:.0f} cells, as a part of exact binomial ones: {own['mean']:.4f}")
    print(f"(each varies by {own['spread']:.4f}, as n replicates must)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="time pg.bootstrap on a study as large, too")
    kept = Path(__file__).parent / "results" / "resampling.json"
    parser.add_argument("--json", type=Path, default=kept, help="keep the figures in this file")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--cells", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.part:
        print(json.dumps(run_part(chosen.part, chosen.cells, chosen.n)))
        return
    result = compare(chosen)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
