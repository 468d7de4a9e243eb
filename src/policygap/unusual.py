"""A study comes in; which themes and targets meet more or less often than their activity alone has it, goes out.

A theme that much is said of meets a target that much is said of more often than others do, for no other reason than
that. Two null models take that away. The bipartite configuration model is the most random network in which every unit
and every code has on average as many codings as it has (Saracco, Di Clemente, Gabrielli and Squartini 2015,
doi:10.1038/srep10595; how often two codes meet in it: Saracco et al. 2017, doi:10.1088/1367-2630/aa6b38). The
permutation null swaps targets between units, so that every unit and target keeps exactly as many (Gotelli 2000,
doi:10.1890/0012-9658(2000)081[2606:NMAOSC]2.0.CO;2), and leaves the themes where they are.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .errors import Problem, UsageError, missing_extra
from .intervals import judge_draws
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches
from .units import collect_units, distinct_pairs

__all__ = ["NULLS", "find_unusual_cells"]

Array = np.ndarray[Any, Any]

NULLS = ("permutation", "configuration")
UNITS = ("statement", "speaker", "actor")
FEWEST_DRAWS = 1000
_SWAPS = 10  # tried for each coding of a unit with a target, from one draw's start to its end
_CELLS = 20_000_000  # of chains x units x targets held at a time


def find_unusual_cells(
    study: Study,
    choices: Choices | None = None,
    *,
    columns: str = "focus_area",
    null: str = "permutation",
    n: int | None = None,
    seed: int = 0,
    level: float = 0.05,
    **options: Any,
) -> pd.DataFrame:
    """Find the themes and targets that meet more, or less, often than their activity alone would make them.

    Parameters
    ----------
    study
        The study; links have no units to swap.
    columns
        The kind of target.
    null
        ``permutation`` (every unit and target keeps exactly as many codings, drawn ``n`` times) or ``configuration``
        (on average as many, worked out exactly; needs the extra ``stats``).
    n, seed
        How many permutations, from which seed; no matter for ``configuration``. No ``p`` can be under 2 / (n + 1);
        unless said otherwise it is as many as let one cell alone be told apart from all others, 1000 at least.
    level
        What share of the cells that are called stronger or weaker may be so by chance (false discovery rate).
    choices, **options
        How to count: see :class:`policygap.choices.Choices`. The unit is ``statement`` unless said otherwise; units
        other than statements meet a theme and a target in any two of their statements.

    Returns
    -------
    pandas.DataFrame
        A row a theme and target: ``theme``, ``target``; ``observed``, on how many units they meet; ``expected`` under
        the null model; ``z``, by how many of its standard deviations they differ (missing where it has none); ``p``,
        two-sided; ``p_adjusted`` over all cells that can vary, by Benjamini and Hochberg (1995,
        doi:10.1111/j.2517-6161.1995.tb02031.x); ``finding``: ``stronger``, ``weaker``, ``as_expected`` or
        ``not_testable``; ``reason``, why a cell can't be tested: the null model leaves it one number, or there are so
        many cells that no ``p`` from ``n`` draws could be small enough.

    Raises
    ------
    UsageError
        Where an argument is not usable, nobody assessed both, or the extra ``stats`` is not installed.

    Examples
    --------
    >>> import policygap as pg
    >>> cells = pg.find_unusual_cells(pg.read_study("smabystrategi"), null="configuration")
    >>> transport = cells.query("theme == 'transport' and target == 'E'").iloc[0]
    >>> transport["finding"], bool(transport["observed"] > transport["expected"])
    ('stronger', True)
    """
    chosen = _judge(study, choices, options, columns=columns, null=null, n=n, seed=seed, level=level)
    touches = collect_touches(study, chosen)
    themes, targets = _incidence(touches, columns)
    least = 0.0
    if null == "permutation":
        draws = max(FEWEST_DRAWS, _fewest(themes.shape[1] * targets.shape[1], level)) if n is None else int(n)
        ids = [touches.codes[touches.positions(kind)].to_numpy() for kind in ("theme", columns)]
        expected, spread, p = _permuted_in_order(themes, targets, ids, draws, int(seed))
        least = 2 / (draws + 1)
    else:
        expected, spread, p = _configured(themes, targets)
    return _listed(touches, columns, themes.T @ targets, (expected, spread, p), level=float(level), least=least)


def _judge(study: Study, choices: Choices | None, options: Any, **given: Any) -> Choices:
    """The choices, or every problem of the arguments at once."""
    problems: list[Problem] = []
    for name, known in (("null", NULLS), ("columns", study.target_kinds)):
        if given[name] not in known:
            fix = suggest(str(given[name]), known, otherwise=f"use one of {', '.join(known)}")
            problems.append(Problem(file=name, what=f"'{given[name]}' is not known", fix=fix))
    chosen = Choices()
    try:
        chosen = choose(choices, {"unit": "statement", **options} if choices is None else options)
    except UsageError as error:
        problems += error.problems
    if chosen.unit not in (None, *UNITS):
        fix = f"use one of {', '.join(UNITS)}"
        problems.append(Problem(file="unit", what=f"'{chosen.unit}' can't be swapped between", fix=fix))
    if not isinstance(chosen.weights, str) or chosen.weights != "equal":
        problems.append(Problem(file="weights", what="cells count units as they are", fix="leave weights out"))
    n = FEWEST_DRAWS if given["n"] is None else given["n"]
    judge_draws(n=n, seed=given["seed"], level=given["level"], usual=FEWEST_DRAWS, others=tuple(problems))
    return chosen.but(unit=chosen.unit or "statement")


def _incidence(touches: Touches, kind: str) -> tuple[Array, Array]:
    """Units by themes, and the same units by targets: which touches which, of those assessed for both."""
    units = collect_units(touches)
    looked = touches.assessed("theme"), touches.assessed(kind)
    present = np.intersect1d(units.present(looked[0]), units.present(looked[1]))
    if not len(present):
        what = f"no {units.unit} was assessed for themes and for {kind}"
        raise UsageError([Problem(file="columns", what=what, fix="choose another kind of target")])
    place = np.full(len(units.ids) + 1, -1)
    place[present] = np.arange(len(present))
    tables: list[Array] = []
    for one in ("theme", kind):
        rows, codes = touches.of_kind(one), touches.positions(one)
        unit, code = distinct_pairs(
            place[units.of_statement[touches.statement[rows]]], touches.code[rows], len(touches.codes)
        )
        table = np.zeros((len(present), len(codes)))
        table[unit, np.searchsorted(codes, code)] = 1
        tables.append(table)
    return tables[0], tables[1]


def _permuted_in_order(
    themes: Array, targets: Array, ids: list[Array], n: int, seed: int
) -> tuple[Array, Array, Array]:
    """The permutation null whatever the order in which units, themes and targets stand in the study."""
    columns = [np.argsort(names) for names in ids]
    themes, targets = themes[:, columns[0]], targets[:, columns[1]]
    units = np.lexsort([*targets.T, *themes.T])
    back = np.ix_(*(np.argsort(order) for order in columns))
    expected, spread, p = _permuted(themes[units], targets[units], n, seed)
    return expected[back], spread[back], p[back]


def _permuted(themes: Array, targets: Array, n: int, seed: int) -> tuple[Array, Array, Array]:
    """Mean and spread of how often codes meet when targets are swapped between units, and two-sided p."""
    observed = themes.T @ targets
    sums = np.zeros((4, *observed.shape))
    chains = max(1, min(n, _CELLS // max(targets.size, 1)))
    for block, first in enumerate(range(0, n, chains)):
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(5, block)))
        met = np.einsum("ut,cua->cta", themes, _swapped(targets, min(chains, n - first), stream), optimize=True)
        sums += [met.sum(axis=0), (met**2).sum(axis=0), (met >= observed).sum(axis=0), (met <= observed).sum(axis=0)]
    mean = sums[0] / n
    spread = np.sqrt(np.maximum(sums[1] / n - mean**2, 0))
    return mean, spread, np.minimum(1, 2 * (np.minimum(sums[2], sums[3]) + 1) / (n + 1))


def _fewest(cells: int, level: float) -> int:
    """How many draws it takes for one cell of so many to be called unusual."""
    return math.ceil(2 * cells / level)


def _swapped(targets: Array, chains: int, stream: np.random.Generator) -> Array:
    """Copies of an incidence in which rows and columns keep their sums: many small swaps in each.

    Two codings are drawn; where neither unit has the other's target, they change targets.
    """
    tables = np.repeat(targets[None].astype(np.int8), chains, axis=0)
    row, column = (np.repeat(part[None], chains, axis=0) for part in np.nonzero(targets))
    edges, every = row.shape[1], np.arange(chains)
    for _ in range(_SWAPS * edges if edges > 1 else 0):
        one, two = stream.integers(0, edges, (2, chains))
        first, second = row[every, one], row[every, two]
        left, right = column[every, one], column[every, two]
        free = (tables[every, first, right] == 0) & (tables[every, second, left] == 0)
        chain, first, second, left, right = (part[free] for part in (every, first, second, left, right))
        tables[chain, first, left] = tables[chain, second, right] = 0
        tables[chain, first, right] = tables[chain, second, left] = 1
        column[chain, one[free]], column[chain, two[free]] = right, left
    return tables.astype(float)


def _configured(themes: Array, targets: Array) -> tuple[Array, Array, Array]:
    """The same when units and codes keep their numbers on average: a sum of independent, unequal chances."""
    chances = [_chances(table) for table in (themes, targets)]
    expected = chances[0].T @ chances[1]
    spread = np.sqrt(np.maximum(expected - (chances[0] ** 2).T @ (chances[1] ** 2), 0))
    observed, p = themes.T @ targets, np.ones(expected.shape)
    for theme, target in np.ndindex(expected.shape):
        pmf = _poisson_binomial(np.round(chances[0][:, theme] * chances[1][:, target], 12))
        seen = int(observed[theme, target])
        p[theme, target] = min(1.0, 2 * min(float(pmf[seen:].sum()), float(pmf[: seen + 1].sum())))
    return expected, spread, p


def _chances(table: Array) -> Array:
    """The bipartite configuration model's chance of each unit and code to meet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numba, about itself
            from bicm import BipartiteGraph
    except ImportError as error:
        raise missing_extra("null='bicm'", "stats", otherwise="choose null='permutation'") from error
    network = BipartiteGraph()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it reports its progress there
        warnings.simplefilter("ignore")
        network.set_biadjacency_matrix(table.astype(int))
        network.solve_tool(print_error=False)
        return np.asarray(network.get_bicm_matrix(), dtype=float)


def _poisson_binomial(chances: Array) -> Array:
    """How likely each number of successes is: binomial numbers for equal chances, convolved."""
    from scipy.stats import binom

    pmf = np.ones(1)
    for chance, count in zip(*np.unique(chances, return_counts=True), strict=True):
        pmf = np.convolve(pmf, binom.pmf(np.arange(count + 1), count, chance))
    return pmf


def _listed(
    touches: Touches, kind: str, observed: Array, found: tuple[Array, Array, Array], *, level: float, least: float
) -> pd.DataFrame:
    """The cells with what was found; ``least`` is the least p that the draws can give."""
    expected, spread, p = found
    try:
        from scipy.stats import false_discovery_control
    except ImportError as error:
        raise missing_extra("finding unusual cells", "stats") from error
    varies = spread > 1e-9  # noqa: PLR2004  # under it there is rounding alone
    z = np.divide(observed - expected, spread, out=np.full(p.shape, np.nan), where=varies)
    adjusted = np.ones(p.shape)
    if varies.any():
        adjusted[varies] = false_discovery_control(p[varies])
    themes, targets = (touches.codes[touches.positions(one)] for one in ("theme", kind))
    more, unusual = observed > expected, adjusted <= level
    too_few = varies & ~unusual & (p <= least)
    finding = np.select(
        [~varies | too_few, unusual & more, unusual], ["not_testable", "stronger", "weaker"], default="as_expected"
    )
    fewest = _fewest(int(varies.sum()), level)
    reasons = np.full(p.shape, None, dtype=object)
    reasons[~varies] = "the null model leaves this cell one number"
    reasons[too_few] = f"no draw is as extreme, but {varies.sum()} cells need n={fewest} or more to tell"
    return pd.DataFrame(
        {
            "theme": np.repeat(themes.to_numpy(), len(targets)),
            "target": np.tile(targets.to_numpy(), len(themes)),
            "observed": observed.ravel().astype(np.int64),
            "expected": expected.ravel(),
            "z": z.ravel(),
            "p": p.ravel(),
            "p_adjusted": adjusted.ravel(),
            "finding": finding.ravel(),
            "reason": reasons.ravel(),
        }
    )
