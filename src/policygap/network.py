"""A bipartite graph comes in; what ecologists measure on such networks goes out, by name.

The measures are those of R's package bipartite (Dormann, Fründ, Blüthgen and Gruber 2009,
doi:10.2174/1874213000902010007), with themes as its lower level and targets as its higher one. Nodes without a link
take no part, and the order of nodes never matters.
"""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from attrs import field, frozen

from .errors import Problem, UsageError

__all__ = ["Network", "describe_network"]

Array = np.ndarray[Any, Any]

_STARTS = 20  # of the search for modules
_SMALL = 1e-12
_DOMINATES = 0.3679  # of all weight: a cell that should have more makes bipartite mend the most even spread


@frozen(kw_only=True, eq=False)
class Network:
    """What can be said of a bipartite network.

    Attributes
    ----------
    measures
        By name: ``themes``, ``targets`` and ``links``, how many there are; ``connectance``, the share of possible links
        that are there; ``links_per_node``; ``shannon_diversity`` of the weights of the links, and ``effective_links``,
        its exponential; ``effective_themes`` and ``effective_targets``, the same of the weights summed by theme and by
        target; ``nodf`` and ``wnodf``, how nested the network is, from 0 to 100 (Almeida-Neto et al. 2008,
        doi:10.1111/j.0030-1299.2008.16644.x; weighted: Almeida-Neto and Ulrich 2011,
        doi:10.1016/j.envsoft.2010.08.003); ``h2``, how much weight goes to particular pairs rather than by activity,
        from 0 to 1 (Blüthgen, Menzel and Blüthgen 2006, doi:10.1186/1472-6785-6-9); ``generality``, effective themes of
        a target, and ``vulnerability``,
        effective targets of a theme, weighted means (Bersier, Banašek-Richter and Cattin 2002,
        doi:10.1890/0012-9658(2002)083[2394:QDOFWM]2.0.CO;2); ``linkage_density``, their mean; ``modularity``, the best
        found (Barber 2007, doi:10.1103/PhysRevE.76.066102, with weights). Missing where it has no value.
    reasons
        Why measures are missing, by name.
    modules
        For each node the number of its module, from 0, in order of size.
    overlap
        A row for each pair of targets: ``target``, ``other``; ``jaccard``, the share of their themes that they have in
        common; ``bray_curtis``, how unlike their weights are, from 0 to 1.
    """

    measures: dict[str, float | None]
    reasons: dict[str, str] = field(factory=dict)
    modules: dict[str, int]
    overlap: pd.DataFrame


def describe_network(graph: nx.Graph[Any], *, weight: str = "weight", seed: int = 0) -> Network:
    """Describe a bipartite graph: how full, even, nested, specialised and modular it is.

    Parameters
    ----------
    graph
        Nodes with ``bipartite=0`` (themes) and ``bipartite=1`` (targets), as
        :func:`policygap.graph.build_graph` makes it; it may fall into parts.
    weight
        The edges' attribute that holds numbers over 0, whole or not; an edge of 0 is no link.
    seed
        Of the search for modules.

    Returns
    -------
    Network
        The measures; ``nodf`` and the rest are exact, ``modularity`` is the best of a search.

    Raises
    ------
    UsageError
        Where the graph is not bipartite in this way, or a weight is no number of 0 or more.

    Examples
    --------
    >>> import policygap as pg
    >>> network = describe_network(pg.build_graph(pg.read_study("smabystrategi")))
    >>> 0 < network.measures["connectance"] < 1
    True
    """
    rows, columns, web = _web(graph, weight)
    measures: dict[str, float | None] = {"themes": len(rows), "targets": len(columns), "links": int((web > 0).sum())}
    reasons: dict[str, str] = {}
    if not web.size:
        missing = ("connectance", "links_per_node", "shannon_diversity", "effective_links", "effective_themes",
                   "effective_targets", "nodf", "wnodf", "h2", "generality", "vulnerability", "linkage_density",
                   "modularity")  # fmt: skip
        return Network(
            measures=measures | dict.fromkeys(missing),
            reasons=dict.fromkeys(missing, "the graph has no link"),
            modules={},
            overlap=_overlap(columns, web),
        )
    web = web / np.exp2(np.floor(np.log2(web.max()))) if not _whole(web) else web  # so that no sum is too great
    labels, modularity = _find_modules(web, seed)
    generality, vulnerability = (_effective_partners(part) for part in (web, web.T))
    h2 = _specialisation(web)
    if h2 is None:
        reasons["h2"] = "the totals of themes and targets leave only one way to spread the weights"
    nested = {"nodf": _nodf(web, weighted=False), "wnodf": _nodf(web, weighted=True)}
    reasons |= {name: "there is one theme and one target" for name, value in nested.items() if value is None}
    diversity = _entropy(web / web.sum())
    measures |= {
        "connectance": float((web > 0).mean()),
        "links_per_node": float((web > 0).sum() / sum(web.shape)),
        "shannon_diversity": diversity,
        "effective_links": math.exp(diversity),
        "effective_themes": math.exp(_entropy(web.sum(axis=1) / web.sum())),
        "effective_targets": math.exp(_entropy(web.sum(axis=0) / web.sum())),
        **nested,
        "h2": h2,
        "generality": generality,
        "vulnerability": vulnerability,
        "linkage_density": (generality + vulnerability) / 2,
        "modularity": modularity,
    }
    modules = dict(zip([*rows, *columns], labels.tolist(), strict=True))
    return Network(measures=measures, reasons=reasons, modules=modules, overlap=_overlap(columns, web))


def _web(graph: nx.Graph[Any], weight: str) -> tuple[list[str], list[str], Array]:
    """The graph as a table of weights, in order of the nodes' names; nodes without a link are left out."""
    side = {node: data.get("bipartite") for node, data in graph.nodes(data=True)}
    problems = [
        Problem(what=f"the node '{node}' is on no side", fix="give each node bipartite=0 or bipartite=1")
        for node, one in side.items()
        if one not in (0, 1)
    ]
    cells: dict[tuple[str, str], float] = {}
    for one, two, data in graph.edges(data=True):
        value = data.get(weight, 1)
        number = value if isinstance(value, int | float | np.number) and not isinstance(value, bool) else math.nan
        if not 0 <= float(number) < math.inf:
            what = f"the edge of '{one}' and '{two}' weighs {value!r}"
            problems.append(Problem(what=what, fix=f"give {weight} a number of 0 or more, or name another attribute"))
        elif side[one] == side[two]:
            what = f"the edge of '{one}' and '{two}' joins nodes of one side"
            problems.append(Problem(what=what, fix="join themes and targets alone"))
        elif number > 0:
            cells[(one, two) if side[one] == 0 else (two, one)] = float(number)
    if problems:
        raise UsageError(problems)
    rows, columns = (sorted({pair[place] for pair in cells}, key=str) for place in (0, 1))
    web = np.zeros((len(rows), len(columns)))
    row, column = ({name: place for place, name in enumerate(names)} for names in (rows, columns))
    for (one, two), value in cells.items():
        web[row[one], column[two]] = value
    return rows, columns, web


def _whole(web: Array) -> bool:
    return bool((web == np.floor(web)).all() and web.sum() < 1e6)  # noqa: PLR2004  # units are dealt out one by one


def _entropy(shares: Array) -> float:
    there = np.sort(shares[shares > 0])
    return float(-(there * np.log(there)).sum())


def _effective_partners(web: Array) -> float:
    """The exponential of the entropy of each column's weights, weighted by the columns' totals."""
    totals = web.sum(axis=0)
    effective = np.array([math.exp(_entropy(column / total)) for column, total in zip(web.T, totals, strict=True)])
    return float((totals * effective).sum() / totals.sum())


def _nodf(web: Array, *, weighted: bool) -> float | None:
    """Of all pairs of rows and of columns, how much of the less filled one lies within the more filled one."""
    found = [_paired(part, weighted=weighted) for part in (web, web.T)]
    pairs = sum(count for _, count in found)
    return 100 * sum(total for total, _ in found) / pairs if pairs else None


def _paired(web: Array, *, weighted: bool) -> tuple[float, int]:
    fill, total = (web > 0).sum(axis=1), 0.0
    for one in range(len(web)):
        fewer = np.flatnonzero(fill < fill[one])
        others = web[fewer]
        within = (others > 0) & ((web[one] > others) if weighted else (web[one] > 0))
        total += float((within.sum(axis=1) / fill[fewer]).sum())
    return total, len(web) * (len(web) - 1) // 2


# -- specialisation


def _specialisation(web: Array) -> float | None:
    """H2': where the entropy lies between the greatest and the least that the same totals allow."""
    total = web.sum()
    seen = _entropy(web / total)
    even = _most_even(web)
    most = max(seen, _entropy(even / total), _entropy(_mended(even, web) / total))
    least = min(seen, _entropy(_most_uneven(web) / total))
    return (most - seen) / (most - least) if most - least > _SMALL else None


def _most_even(web: Array) -> Array:
    """The totals spread as activity alone would spread them; in whole numbers where the weights are such.

    Units are dealt out one by one, as bipartite does it: to the cells that have least, and of these to the one that
    lacks most (the first by name, where bipartite draws one).
    """
    rows, columns, total = web.sum(axis=1), web.sum(axis=0), web.sum()
    expected = np.outer(rows, columns / total)
    if not _whole(web):
        return expected
    even = np.floor(expected + _SMALL)
    while even.sum() < total:
        open_ = np.outer(even.sum(axis=1) < rows, even.sum(axis=0) < columns)
        least = open_ & (even == even[open_].min())
        even.flat[np.argmax(np.where(least, expected - even, -np.inf))] += 1
    return even


def _mended(even: Array, web: Array) -> Array:
    """The spread with one unit moved from the cell that has most too much, where one cell dominates, as bipartite does.

    Three other corners of a rectangle make up for it, so that the totals stay; ties go to the first by name.
    """
    expected = np.outer(web.sum(axis=1), web.sum(axis=0) / web.sum())
    if not _whole(web) or expected.max() <= _DOMINATES * web.sum():
        return even
    lacks = expected - even
    row, column = np.unravel_index(np.argmax(np.where(lacks == lacks.min(), even, -np.inf)), even.shape)
    if lacks[row].max() >= lacks[:, column].max():
        to = row, int(np.argmax(lacks[row]))
        back = int(np.argmin(lacks[:, to[1]])), to[1]
        last = back[0], column
    else:
        to = int(np.argmax(lacks[:, column])), column
        back = to[0], int(np.argmin(lacks[to[0]]))
        last = row, back[1]
    moved = even.copy()
    for place, change in (((row, column), -1), (to, 1), (back, -1), (last, 1)):
        moved[place] += change
    return moved if moved.min() >= 0 else even


def _most_uneven(web: Array) -> Array:
    """The totals heaped up: the greatest row and the greatest column that are left, time and again."""
    rows, columns, heaped = web.sum(axis=1), web.sum(axis=0), np.zeros(web.shape)
    while rows.max() > _SMALL * web.sum() and columns.max() > 0:
        row, column = int(np.argmax(rows)), int(np.argmax(columns))
        heaped[row, column] = least = min(rows[row], columns[column])
        rows[row] -= least
        columns[column] -= least
    return heaped


# -- modules


def _find_modules(web: Array, seed: int) -> tuple[Array, float]:
    """Modules of the greatest modularity found, rows then columns, numbered by size.

    Labels spread to where they fit best, and modules are merged while that helps (Beckett 2016,
    doi:10.1098/rsos.140536), from several starts.
    """
    total = web.sum()
    surplus = web / total - np.outer(web.sum(axis=1), web.sum(axis=0)) / total**2
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(6,)))
    starts = [np.arange(len(web))]
    starts += [stream.integers(0, max(1, min(web.shape)), len(web)) for _ in range(_STARTS - 1)]
    best, found = -np.inf, (starts[0], starts[0])
    for start in starts:
        rows, columns = _spread(surplus, start)
        quality = _quality(surplus, rows, columns)
        if quality > best + _SMALL:
            best, found = quality, (rows, columns)
    labels = np.concatenate(found)
    names, where, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    firsts = np.array([np.argmax(where == name) for name in range(len(names))])
    order = np.lexsort([firsts, -sizes])
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return rank[where], float(best)


def _quality(surplus: Array, rows: Array, columns: Array) -> float:
    return float(surplus[rows[:, None] == columns[None, :]].sum())


def _spread(surplus: Array, rows: Array) -> tuple[Array, Array]:
    """Let labels spread until nothing gains, then merge the two modules that gain most, and so on."""
    size = max(int(rows.max()) + 1, 1)
    while True:
        quality, columns = -np.inf, np.zeros(surplus.shape[1], dtype=np.int64)
        while True:
            columns = np.argmax(np.eye(size)[rows].T @ surplus, axis=0)
            rows = np.argmax(surplus @ np.eye(size)[columns], axis=1)
            reached = _quality(surplus, rows, columns)
            if reached <= quality + _SMALL:
                break
            quality = reached
        between = np.eye(size)[rows].T @ surplus @ np.eye(size)[columns]
        gain = np.triu(between + between.T, k=1)
        one, two = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[one, two] <= _SMALL:
            return rows, columns
        rows = np.where(rows == two, one, rows)


def _overlap(columns: list[str], web: Array) -> pd.DataFrame:
    lines: list[dict[str, Any]] = []
    for one in range(len(columns)):
        for two in range(one + 1, len(columns)):
            left, right = web[:, one], web[:, two]
            either = ((left > 0) | (right > 0)).sum()
            lines.append(
                {
                    "target": columns[one],
                    "other": columns[two],
                    "jaccard": float(((left > 0) & (right > 0)).sum() / either),
                    "bray_curtis": float(np.abs(left - right).sum() / (left + right).sum()),
                }
            )
    return pd.DataFrame(lines, columns=["target", "other", "jaccard", "bray_curtis"])
