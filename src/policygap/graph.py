"""A study and choices come in; the bipartite graph of themes and targets goes out, as a plain ``networkx.Graph``."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd

from .choices import Choices
from .evidence import collect_evidence
from .study import Study

__all__ = ["build_graph"]


def build_graph(
    study: Study, choices: Choices | None = None, *, kinds: tuple[str, ...] | str | None = None, **options: Any
) -> nx.Graph:
    """Build the bipartite graph: themes (``bipartite=0``) against targets (``bipartite=1``).

    Parameters
    ----------
    study
        The study.
    kinds
        Kinds of target to take; ``None``: all.
    choices, **options
        Which statements and codings count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    networkx.Graph
        A node a code, with ``bipartite``, ``kind`` and ``label``. An edge where a counted statement is coded with both, or where a
        link relates them: ``statements`` and ``speakers`` (distinct counts), ``weight`` (speakers, or the link's weight where
        there is a link alone), ``relation`` (of the link, or ``""``) and ``basis`` (all, separated by ``;``). An explicit ``none`` is
        no edge. :func:`policygap.trace` gives the statements behind an edge.

    Examples
    --------
    >>> import networkx as nx, policygap as pg
    >>> graph = pg.build_graph(pg.read_study("smabystrategi"))
    >>> nx.is_bipartite(graph)
    True
    >>> graph.nodes["A"]["bipartite"]
    1
    """
    wanted = study.target_kinds if kinds is None else (kinds,) if isinstance(kinds, str) else tuple(kinds)
    graph: nx.Graph = nx.Graph(name=study.name)
    for code in study.codes:
        if code.is_theme or code.kind in wanted:
            graph.add_node(code.id, bipartite=0 if code.is_theme else 1, kind=code.kind, label=code.label)
    evidence = collect_evidence(study, choices, **options)
    pairs = evidence[evidence["theme"].notna() & evidence["target_kind"].isin(wanted) & evidence["target"].notna()]
    pairs = pairs.assign(theme=pairs["theme"].astype(object), target=pairs["target"].astype(object))
    _add_statements(graph, pairs[pairs["statement"].notna()])
    _add_links(graph, pairs[pairs["statement"].isna() & pairs["relation"].ne("none").fillna(True)])
    return graph


def _add_statements(graph: nx.Graph, rows: pd.DataFrame) -> None:
    grouped = rows.groupby(["theme", "target"], sort=True, observed=True)
    counts = grouped.agg(statements=("statement", "nunique"), speakers=("speaker", "nunique"))
    bases = grouped.agg(own=("basis", _words), theirs=("target_basis", _words))
    for (theme, target), count in counts.iterrows():  # type: ignore[misc]  # the index is of pairs
        basis = ";".join(sorted({*bases.at[(theme, target), "own"], *bases.at[(theme, target), "theirs"]}))
        statements, speakers = int(count["statements"]), int(count["speakers"])
        graph.add_edge(
            theme, target, statements=statements, speakers=speakers, weight=float(speakers), relation="", basis=basis
        )


def _words(cells: pd.Series) -> tuple[str, ...]:
    return tuple(sorted({word for cell in cells.dropna().unique() for word in str(cell).split(";")}))


def _add_links(graph: nx.Graph, rows: pd.DataFrame) -> None:
    ordered = rows.sort_values(["theme", "target", "relation", "weight"])
    for row in ordered[["theme", "target", "relation", "weight", "basis"]].to_dict("records"):
        relation = row["relation"] if isinstance(row["relation"], str) else ""
        basis = row["basis"] if isinstance(row["basis"], str) else ""
        if not graph.has_edge(row["theme"], row["target"]):
            graph.add_edge(
                row["theme"],
                row["target"],
                statements=0,
                speakers=0,
                weight=row["weight"],
                relation=relation,
                basis=basis,
            )
            continue
        edge = graph.edges[row["theme"], row["target"]]
        edge["relation"] = ";".join(sorted({word for word in (*edge["relation"].split(";"), relation) if word}))
        edge["basis"] = ";".join(sorted({word for word in (*edge["basis"].split(";"), basis) if word}))
