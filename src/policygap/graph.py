"""A study and choices come in; the bipartite graph of themes and targets goes out, as a plain ``networkx.Graph``."""

from __future__ import annotations

import re
from typing import Any

import networkx as nx
import pandas as pd

from .choices import Choices
from .errors import Problem, UsageError, printable
from .evidence import collect_evidence
from .spelling import suggest
from .study import Study

__all__ = ["build_graph"]

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def build_graph(
    study: Study, choices: Choices | None = None, *, kinds: tuple[str, ...] | str | None = None, **options: Any
) -> nx.Graph[str]:
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
        A node a code, with ``bipartite``, ``kind`` and ``label``. An edge where a counted statement is coded with both,
        or where a link relates them: ``statements`` and ``speakers`` (distinct counts), ``weight`` (speakers, or the
        greatest weight of its links where there are links alone), ``relation`` (of the links, or ``""``) and ``basis``
        (of all codings and links), separated by ``;``. An explicit ``none`` is no edge. :func:`policygap.trace` gives
        the statements behind an edge.

    Raises
    ------
    UsageError
        Where the study has no targets of a kind.

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
    _check_kinds(study, wanted)
    graph: nx.Graph[str] = nx.Graph(name=_for_exporters(study.name))
    for code in study.codes:
        if code.is_theme or code.kind in wanted:
            side, label = (0 if code.is_theme else 1), _for_exporters(code.label)
            graph.add_node(code.id, bipartite=side, kind=_for_exporters(code.kind), label=label)
    evidence = collect_evidence(study, choices, **options)
    pairs = evidence[evidence["theme"].notna() & evidence["target_kind"].isin(wanted) & evidence["target"].notna()]
    _add_statements(graph, pairs[pairs["statement"].notna()])
    _add_links(graph, pairs[pairs["statement"].isna() & pairs["relation"].ne("none")])
    return graph


def _for_exporters(text: str) -> str:
    """Text without the characters that XML, and so GraphML and GEXF, can't hold."""
    return _NOT_IN_XML.sub(lambda found: printable(found.group()), text)


def _check_kinds(study: Study, wanted: tuple[str, ...]) -> None:
    known = study.target_kinds
    problems = [
        Problem(
            file="kinds",
            what=f"the study has no targets of the kind '{name}'",
            fix=suggest(name, known, otherwise=f"use one of {', '.join(known)}"),
        )
        for name in wanted
        if name not in known
    ]
    if problems:
        raise UsageError(problems)


def _add_statements(graph: nx.Graph[str], rows: pd.DataFrame) -> None:
    grouped = rows.groupby(["theme", "target"], sort=True, observed=True)
    edges = grouped.agg(
        statements=("statement", "nunique"),
        speakers=("speaker", "nunique"),
        own=("basis", _words),
        theirs=("target_basis", _words),
    )
    for (theme, target), edge in zip(edges.index, edges.to_dict("records"), strict=True):
        speakers = int(edge["speakers"])
        graph.add_edge(
            theme,
            target,
            statements=int(edge["statements"]),
            speakers=speakers,
            weight=float(speakers),
            relation="",
            basis=_joined(*edge["own"], *edge["theirs"]),
        )


def _add_links(graph: nx.Graph[str], rows: pd.DataFrame) -> None:
    grouped = rows.groupby(["theme", "target"], sort=True, observed=True)
    edges = grouped.agg(weight=("weight", "max"), relation=("relation", _words), basis=("basis", _words))
    for (theme, target), link in zip(edges.index, edges.to_dict("records"), strict=True):
        if not graph.has_edge(theme, target):
            graph.add_edge(theme, target, statements=0, speakers=0, weight=float(link["weight"]), relation="", basis="")
        edge = graph.edges[theme, target]
        edge["relation"] = _joined(*link["relation"])
        edge["basis"] = _joined(*edge["basis"].split(";"), *link["basis"])


def _words(cells: pd.Series) -> tuple[str, ...]:
    return tuple({word for cell in cells.dropna().unique() for word in str(cell).split(";")})


def _joined(*words: str) -> str:
    return ";".join(sorted({word for word in words if word}))
