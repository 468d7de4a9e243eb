"""The graph or the evidence comes in; a file that other programs open goes out, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import networkx as nx
import pandas as pd

from .arrow import load_parquet, write_parquet
from .errors import Problem, UsageError
from .io.atomic import replace_files
from .io.csvfile import why_not

__all__ = ["GRAPHS", "write_evidence", "write_graph"]

EVIDENCE: Final = ".parquet"
_TODAY: Final = re.compile(r' lastmodifieddate="[^"]*"')


def _graphml(graph: nx.Graph[str]) -> bytes:
    stream = io.BytesIO()
    nx.write_graphml_xml(graph, stream)  # the other writer writes other bytes, where lxml is there
    return stream.getvalue()


def _gexf(graph: nx.Graph[str]) -> bytes:
    text = "\n".join(nx.generate_gexf(graph))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_TODAY.sub("", text, count=1)}\n'.encode()


def _node_link(graph: nx.Graph[str]) -> bytes:
    return f"{json.dumps(nx.node_link_data(graph, edges='edges'), ensure_ascii=False, indent=1)}\n".encode()


GRAPHS: Final[dict[str, Callable[[nx.Graph[str]], bytes]]] = {".graphml": _graphml, ".gexf": _gexf, ".json": _node_link}


def write_graph(graph: nx.Graph[str], path: str | os.PathLike[str]) -> None:
    """Write the bipartite graph, with everything its nodes and edges carry.

    Parameters
    ----------
    graph
        What :func:`policygap.build_graph` gives.
    path
        A file that ends in ``.graphml`` or ``.gexf`` (Gephi, igraph in R, Cytoscape), or in ``.json`` (node-link JSON,
        for the web). The same graph gives the same bytes.

    Raises
    ------
    UsageError
        Where the name ends otherwise, or can't be written to.

    Examples
    --------
    >>> import tempfile
    >>> import networkx as nx, policygap as pg
    >>> graph = pg.build_graph(pg.read_study("smabystrategi"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pg.write_graph(graph, f"{folder}/towns.graphml")
    ...     again = nx.read_graphml(f"{folder}/towns.graphml")
    >>> dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
    True
    """
    place = Path(path)
    make = GRAPHS.get(place.suffix.lower())
    if make is None:
        fix = f"use {', '.join(GRAPHS)}"
        raise UsageError([Problem(file=str(place), what=f"no graph is written as '{place.suffix}'", fix=fix)])
    data = make(graph)
    _replace(place, lambda stream: stream.write(data))


def write_evidence(evidence: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write the evidence as a Parquet file, for polars, DuckDB, R or Spark.

    Parameters
    ----------
    evidence
        What :func:`policygap.collect_evidence` gives; ids and words become dictionaries of text.
    path
        A file that ends in ``.parquet``. The same evidence gives the same bytes.

    Raises
    ------
    UsageError
        Where the name ends otherwise or can't be written to, or the extra ``arrow`` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd, policygap as pg
    >>> evidence = pg.collect_evidence(pg.read_study("smabystrategi"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_evidence(evidence, f"{folder}/evidence.parquet")
    ...     again = pd.read_parquet(f"{folder}/evidence.parquet")
    >>> len(again) == len(evidence), list(again.columns) == list(evidence.columns)
    (True, True)
    """
    place = Path(path)
    if place.suffix.lower() != EVIDENCE:
        fix = f"end the name in {EVIDENCE}"
        raise UsageError([Problem(file=str(place), what=f"evidence is not written as '{place.suffix}'", fix=fix)])
    load_parquet()  # before a file is made, so that none is left where it is not installed
    _replace(place, lambda stream: write_parquet(evidence, stream))


def _replace(place: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        replace_files({place: write})
    except OSError as error:
        raise UsageError([Problem(file=str(place), what=f"it can't be written: {why_not(error)}")]) from None
