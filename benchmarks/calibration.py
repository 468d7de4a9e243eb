"""Made-up consultations with known truth come in; how often an interval holds the truth goes out, by size and share.

Run ``python benchmarks/calibration.py``; ``--runs 200`` is quicker. Nothing is timed.

A population in which a unit touches target ``a`` with a given chance and two others with chance 0.4 each, each by
itself, is drawn from again and again. For each draw the 95% interval of attention to ``a`` is made by Wilson's method
(which the library takes), by percentiles and by BCa; and that of its share (1/k for each of the k targets that a unit
touches) by percentiles and by BCa (which the library takes, where 5 units or more touch it). The table has the share of
draws whose interval holds the true value; for the last two columns, of those draws that the library gives an interval
for, and how many of the draws these are.

The second table: the same where units are drawn within groups.

The third: seven areas, of which one has a true ratio of 0.4 to an equal split and the others more; how often it is
called weak by the built-in table, and how often an area with a true ratio of 1 is.

The last table: statements that say more or less, which touch six themes and four targets with chances in proportion to
that. First nothing else binds themes to targets: the false discovery rate is how often ``find_unusual_cells`` calls
any cell unusual. Then half of those that touch the first theme touch the first target for that reason alone: how often
that cell is found.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from tabulate import tabulate

import policygap as pg
from policygap.decisions import built_in_table
from policygap.intervals import Interval, Jackknife, bca, percentile, wilson
from policygap.resampling import draw_sums, leave_out_each, make_sums
from policygap.uncertainty import FEWEST_UNITS

SEED = 20220310
SIZES = (20, 30, 50, 100, 300, 1000)
CHANCES = (0.05, 0.1, 0.3, 0.5, 0.7, 0.95)
GROUPS = ((20, 2), (10, 4), (8, 5), (4, 10), (10, 10), (20, 20))  # how many, of how many units each
OTHERS = 0.4
LEVEL = 0.95


def true_share(chance: float) -> float:
    """What share of the weight of those who touch any target falls to ``a``."""
    part = chance * sum(
        math.comb(2, others) * OTHERS**others * (1 - OTHERS) ** (2 - others) / (1 + others) for others in range(3)
    )
    return part / (1 - (1 - chance) * (1 - OTHERS) ** 2)


def intervals(touching: np.ndarray, n: int, seed: int, groups: int = 1) -> dict[str, Interval]:
    """Each method's interval for attention and share of the first column of units x targets, groups of one size."""
    units = len(touching)
    count = touching.sum(axis=1)
    part = np.divide(touching[:, 0], count, out=np.zeros(units), where=count > 0)
    every = np.arange(units)
    cells = [(every, 0, touching[:, 0]), (every, 1, np.ones(units)), (every, 2, part), (every, 3, count > 0)]
    sums = make_sums(
        np.concatenate([unit for unit, _, _ in cells]),
        np.concatenate([np.full(units, column) for _, column, _ in cells]),
        np.concatenate([value.astype(float) for _, _, value in cells]),
        columns=4,
        strata=np.arange(units) // (units // groups),
    )
    drawn, left_out = (
        draw_sums(sums, n, seed, np.ones((groups, 4))),
        np.concatenate(list(leave_out_each(sums, np.copy))),
    )
    found = {"attention wilson": wilson(touching[:, 0].mean(), units, LEVEL)}
    for name, (top, under) in {"attention": (0, 1), "share": (2, 3)}.items():
        if sums.total[under] == 0:
            continue
        estimate = sums.total[top] / sums.total[under]
        replicates = drawn[:, top] / np.where(drawn[:, under] > 0, drawn[:, under], np.nan)
        replicates = replicates[~np.isnan(replicates)]
        if replicates.min() == replicates.max():  # the library gives no interval then
            continue
        apart = left_out[:, top] / left_out[:, under] - estimate
        moments = tuple(float((apart**power).sum()) for power in (1, 2, 3))
        jackknife = Jackknife(
            count=units, lowest=estimate + apart.min(), highest=estimate + apart.max(), moments=moments
        )
        found[f"{name} percentile"] = percentile(replicates, LEVEL)
        found[f"{name} bca"] = bca(replicates, estimate, jackknife, LEVEL)
    return found


def coverage(size: int, chance: float, runs: int, n: int) -> dict[str, float]:
    """How often each interval holds the truth; a draw without an interval counts as one that does not."""
    stream = np.random.default_rng([SEED, size, int(1000 * chance)])
    truth = {"attention": chance, "share": true_share(chance)}
    methods = ("attention wilson", "attention percentile", "attention bca", "share percentile", "share bca")
    holds, given = dict.fromkeys((*methods, "given bca"), 0), 0
    for run in range(runs):
        touching = (stream.random((size, 3)) < [chance, OTHERS, OTHERS]).astype(float)
        for name, interval in intervals(touching, n, run).items():
            right = interval.low <= truth[name.split()[0]] <= interval.high
            holds[name] += right
            if name == "share bca" and touching[:, 0].sum() >= FEWEST_UNITS:
                given += 1
                holds["given bca"] += right
    shares = {name: count / runs for name, count in holds.items()}
    return shares | {"given bca": holds["given bca"] / given if given else math.nan, "given": given / runs}


def in_groups(groups: int, size: int, runs: int, n: int) -> list[float]:
    """How often Wilson's interval of attention and the BCa of a share hold the truth, in so many groups of one size.

    The groups differ: units of the first touch ``a`` with chance 0.2, those of the last with 0.6.
    """
    chances = np.repeat(np.linspace(0.2, 0.6, groups), size)
    parts = [
        chance * sum(math.comb(2, k) * OTHERS**k * (1 - OTHERS) ** (2 - k) / (1 + k) for k in range(3))
        for chance in chances
    ]
    truth = {
        "attention wilson": chances.mean(),
        "share bca": sum(parts) / (1 - (1 - chances) * (1 - OTHERS) ** 2).sum(),
    }
    stream = np.random.default_rng([SEED, groups, size])
    holds = dict.fromkeys(truth, 0)
    for run in range(runs):
        touching = (
            stream.random((len(chances), 3)) < np.stack([chances, *[np.full(len(chances), OTHERS)] * 2], 1)
        ) * 1.0
        found = intervals(touching, n, run, groups)
        for name, value in truth.items():
            holds[name] += found[name].low <= value <= found[name].high
    return [held / runs for held in holds.values()]


def called_weak(size: int, runs: int) -> tuple[float, float]:
    """How often an area with a true ratio of 0.4, and one with 1, is called weak, by so many units."""
    table, stream = built_in_table("target"), np.random.default_rng([SEED, size])
    chances = np.array([0.4, 1.0, 1.12, 1.12, 1.12, 1.12, 1.12]) / 7
    weak = [0, 0]
    for _ in range(runs):
        counts = stream.multinomial(size, chances)  # a target for each unit, so that true ratios are exact
        for place in (0, 1):
            weak[place] += (
                table.decide(assessed=True, ratio=7 * counts[place] / size).outcome != "as_expected"
                and counts[place] * 7 < size
            )
    return weak[0] / runs, weak[1] / runs


def unusual(size: int, runs: int, n: int, null: str, bound: float) -> tuple[float, float]:
    """How often any cell is called unusual, and how often the first one is called stronger."""
    any_found = first_found = 0
    codes = [f"t{place}" for place in range(6)], [f"T{place}" for place in range(4)]
    for run in range(runs):
        stream = np.random.default_rng([SEED, size, run])
        activity = stream.uniform(0.4, 1.6, (size, 1))
        themes = stream.random((size, 6)) < activity * [0.35, 0.3, 0.25, 0.2, 0.15, 0.1]
        targets = stream.random((size, 4)) < activity * [0.3, 0.3, 0.2, 0.1]
        targets[:, 0] |= themes[:, 0] & (stream.random(size) < bound)
        codings = [
            {"statement": f"s{unit}", "code": code}
            for names, touches in zip(codes, (themes, targets), strict=True)
            for unit, place in zip(*np.nonzero(touches), strict=True)
            for code in [names[place]]
        ]
        for kind, touches in (("theme", themes), ("focus_area", targets)):
            codings += [{"statement": f"s{unit}", "kind": kind} for unit in np.flatnonzero(~touches.any(axis=1))]
        study = pg.build_study(
            groups=[{"id": "g", "label": "G"}],
            actors=[{"id": "a", "label": "A", "group": "g"}],
            themes=[{"id": code, "label": code} for code in codes[0]],
            targets=[{"id": code, "kind": "focus_area", "label": code} for code in codes[1]],
            statements=[{"id": f"s{unit}", "speaker": "a", "text": "..."} for unit in range(size)],
            codings=codings,
        )
        cells = pg.find_unusual_cells(study, null=null, n=n, seed=run)
        any_found += bool(cells["finding"].isin(["stronger", "weaker"]).any())
        first_found += cells["finding"].iloc[0] == "stronger"
    return any_found / runs, first_found / runs


def print_intervals(runs: int, n: int) -> None:
    lines = []
    for size in SIZES:
        for chance in CHANCES:
            held = coverage(size, chance, runs, n)
            lines.append([size, chance, *(f"{value:.3f}" for value in held.values())])
    print(f"share of {runs} draws whose 95% interval holds the truth (n = {n})\n")
    headings = [
        "units",
        "chance",
        "attention, Wilson",
        "percentile",
        "BCa",
        "share, percentile",
        "BCa",
        "BCa where given",
        "given",
    ]
    print(tabulate(lines, headings, tablefmt="github"))
    print("\nthe same drawn within groups, of which each touches the target a little more often than the one before\n")
    grouped = [[groups, size, *(f"{held:.3f}" for held in in_groups(groups, size, runs, n))] for groups, size in GROUPS]
    print(tabulate(grouped, ["groups", "units in each", "attention, Wilson", "share, BCa"], tablefmt="github"))
    print("\nhow often an area is called weak\n")
    weak = [[size, *(f"{value:.3f}" for value in called_weak(size, 10 * runs))] for size in SIZES]
    print(tabulate(weak, ["units", "true ratio 0.4", "true ratio 1"], tablefmt="github"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--only-cells", action="store_true", help="the last table alone")
    chosen = parser.parse_args()
    if not chosen.only_cells:
        print_intervals(chosen.runs, chosen.n)
    print("\nunusual cells, at a false discovery rate of 5%\n")
    found = []
    for null in ("permutation", "configuration"):
        for size in (30, 100, 300):
            free, bound = (unusual(size, max(1, chosen.runs // 4), chosen.n, null, part) for part in (0, 0.5))
            found.append([null, size, f"{free[0]:.3f}", f"{bound[1]:.3f}"])
    print(tabulate(found, ["null", "statements", "any found under the null", "bound cell found"], tablefmt="github"))


if __name__ == "__main__":
    main()
