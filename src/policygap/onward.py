"""The graph comes in; a file that Gephi, R or a web page opens goes out, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import networkx as nx

from .errors import Problem, UsageError
from .io.atomic import replace_files
from .io.csvfile import why_not

__all__ = ["GRAPHS", "write_graph"]

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

    def write(stream: BinaryIO) -> Any:
        return stream.write(data)

    try:
        replace_files({place: write})
    except OSError as error:
        raise UsageError([Problem(file=str(place), what=f"it can't be written: {why_not(error)}")]) from None
