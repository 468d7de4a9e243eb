"""A made-up study of a million speakers comes in; time and memory of its bootstrap, and of a plain loop, go out.

Run ``python benchmarks/resampling.py``; ``--units 100000`` and ``--n 200`` make it smaller.

Every speaker says one to three things, each coded with a theme and a focus area: 60 themes, 20 focus areas, 25 actor
groups. Three things are timed in one process, after the study and its tallies are there:

- the bootstrap, all measures of all codes, with leave-one-out and intervals;
- its bare work: as many random whole numbers, the same counting, and matrix products of the same size, nothing else;
- a plain loop in numpy for a few replicates, scaled up to n: draw units, look up their codes, count.

Memory is the peak of the process after the bootstrap, less that before it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import pandas as pd

import policygap as pg

SEED = 20220310
THEMES, AREAS, GROUPS = 60, 20, 25
LOOPS = 3


def build(units: int) -> pg.Study:
    """A study in which low numbers are more frequent, as in real input."""
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
    """The peak memory of this process in MiB; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def bare(units: int, n: int) -> float:
    """Seconds for the random numbers, the counting and the matrix products alone."""
    block, step, columns = 4096, 256, 2 * 2 + 3 * (THEMES + AREAS)
    stream, dense = np.random.default_rng(SEED), np.random.default_rng(SEED).random((block, columns))
    start = time.perf_counter()
    for _ in range(-(-units // block)):
        total = np.zeros((n, columns))
        for first in range(0, n, step):
            rows = min(step, n - first)
            which = stream.integers(0, block, size=rows * block, dtype=np.uint16)
            times = np.bincount(np.repeat(np.arange(rows) * block, block) + which, minlength=rows * block)
            total[first : first + rows] += times.reshape(rows, block).astype(float) @ dense
    return time.perf_counter() - start


def loop(study: pg.Study) -> float:
    """Seconds for one replicate of a plain loop: attention of every code."""
    tallies = pg.measure_coverage(study).tallies
    stream = np.random.default_rng(SEED)
    start = time.perf_counter()
    for _ in range(LOOPS):
        for tally in tallies.values():
            times = np.bincount(stream.choice(tally.present, len(tally.present)), minlength=len(tally.weight))
            unit, code = tally.touching
            np.bincount(code, weights=(tally.weight * times)[unit]) / (tally.weight * times).sum()
            unit, code = tally.calling
            np.bincount(code, weights=(tally.weight * times)[unit])
            unit, code, part = tally.spread
            np.bincount(code, weights=part * times[unit])
    return (time.perf_counter() - start) / LOOPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--n", type=int, default=2000)
    chosen = parser.parse_args()
    study = build(chosen.units)
    start = time.perf_counter()
    pg.measure_coverage(study)
    measured, before = time.perf_counter() - start, peak()
    start = time.perf_counter()
    pg.bootstrap(study, n=chosen.n, seed=SEED)
    took, after = time.perf_counter() - start, peak()
    least, plain = bare(chosen.units, chosen.n), loop(study) * chosen.n
    print(f"{chosen.units:,} speakers, {len(study.codings):,} codings, {THEMES + AREAS} codes, n = {chosen.n}")
    print(f"coverage alone            {measured:8.1f} s")
    print(f"bootstrap                 {took:8.1f} s, {after - before:,.0f} MiB more than before ({after:,.0f} in all)")
    print(f"random numbers, products  {least:8.1f} s: the bootstrap takes {took / least:.1f} times as long")
    print(f"a plain loop              {plain:8.1f} s: {plain / took:.1f} times as long as the bootstrap")


if __name__ == "__main__":
    main()
