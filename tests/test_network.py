"""The description of a network: R's figures, a search through all modules, and what must hold."""

from __future__ import annotations

import itertools
import random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg

FULL = [[12, 3, 0, 1], [7, 0, 2, 0], [4, 5, 0, 0], [1, 0, 0, 9], [0, 2, 0, 0], [3, 1, 6, 0]]
APART = [[5, 0, 0], [0, 4, 0], [0, 0, 7], [1, 0, 0], [0, 2, 1]]


def made(web: Any, *, shuffle: int | None = None) -> nx.Graph:
    """A graph of a table of weights, its nodes and edges in any order."""
    web = np.array(web)
    nodes = [(f"r{n}", 0) for n in range(web.shape[0])] + [(f"c{n}", 1) for n in range(web.shape[1])]
    edges = [(f"r{row}", f"c{column}", web[row, column].item()) for row, column in zip(*np.nonzero(web), strict=True)]
    if shuffle is not None:
        order = random.Random(shuffle)
        order.shuffle(nodes)
        order.shuffle(edges)
        edges = [(two, one, weight) if order.random() < 0.5 else (one, two, weight) for one, two, weight in edges]
    graph = nx.Graph()
    for name, side in nodes:
        graph.add_node(name, bipartite=side)
    graph.add_weighted_edges_from(edges)
    return graph


# R 4.2.2 with vegan 2.6-4: nestednodf(web)$statistic and nestednodf(web, weighted=TRUE)$statistic; H2fun(web) of
# bipartite 2.21 (with H2_integer=FALSE for the last), its weighted generality and vulnerability; vegdist(t(web)).
IN_R = [
    (FULL, 0.54166667, 1.3, 55.952381, 30.952381, 0.53148206, 2.2945935, 3.0546664, 1.8906454),
    (APART, 0.4, 0.75, 15.384615, 0, 1, 1.5657307, 1.62075, 1.1334822),
    (np.array(FULL) * 0.37, 0.54166667, 1.3, 55.952381, 30.952381, 0.54604393, 2.2945935, 3.0546664, 1.8906454),
]


@pytest.mark.parametrize("row", IN_R, ids=["whole", "disconnected", "fractions"])
def test_measures_are_those_of_r(row: tuple[Any, ...]) -> None:
    web, *expected = row
    names = ("connectance", "links_per_node", "nodf", "wnodf", "h2", "shannon_diversity", "generality", "vulnerability")
    found = pg.describe_network(made(web)).measures
    assert [found[name] for name in names] == pytest.approx(expected, rel=1e-6)
    assert found["linkage_density"] == pytest.approx((expected[-1] + expected[-2]) / 2)


# H2fun of the same version, whose last step (one unit moved where one cell dominates) raises the greatest entropy here;
# 12 seeds gave the same digits.
DOMINATED = [
    ([[95, 1, 0], [0, 0, 2]], 1),
    ([[1, 3], [3, 73]], 0.050087277174),
    ([[5, 7, 4], [2, 66, 4], [7, 8, 3], [5, 4, 1]], 0.23418715153),
    ([[4, 101, 2, 9, 5], [4, 2, 3, 2, 8], [6, 1, 4, 6, 3], [1, 7, 2, 2, 3], [2, 8, 3, 2, 4]], 0.218599755455),
]


@pytest.mark.parametrize(("web", "h2"), DOMINATED)
def test_specialisation_is_that_of_r_where_one_cell_dominates(web: Any, h2: float) -> None:
    assert pg.describe_network(made(web)).measures["h2"] == pytest.approx(h2, abs=1e-10)


def test_overlap_is_that_of_r() -> None:
    overlap = pg.describe_network(made(FULL)).overlap
    assert overlap["bray_curtis"].tolist() == pytest.approx(
        [0.578947, 0.714286, 0.891892, 0.894737, 0.904762, 1], abs=5e-7
    )
    assert overlap["jaccard"].tolist() == pytest.approx([0.5, 0.4, 0.4, 0.2, 0.2, 0])


def best_modularity(web: Any) -> float:
    """By going through every way to put the nodes into modules."""
    web = np.array(web, dtype=float)
    surplus = web / web.sum() - np.outer(web.sum(1), web.sum(0)) / web.sum() ** 2
    size = sum(web.shape)

    def ways(place: int, used: int) -> Any:
        if place == size:
            yield ()
            return
        for label in range(used + 1):
            for rest in ways(place + 1, max(used, label + 1)):
                yield (label, *rest)

    rows = web.shape[0]
    return max(
        surplus[np.array(labels[:rows])[:, None] == np.array(labels[rows:])[None, :]].sum() for labels in ways(0, 0)
    )


@pytest.mark.parametrize("web", [APART, [[3, 1, 0], [0, 2, 2], [1, 0, 5], [4, 0, 0]], [[1, 1], [1, 1]]])
def test_modularity_is_the_greatest_there_is(web: Any) -> None:
    assert pg.describe_network(made(web)).measures["modularity"] == pytest.approx(best_modularity(web))


def test_parts_that_have_nothing_in_common_are_modules() -> None:
    web = np.kron(np.eye(3), np.ones((4, 2)))
    network = pg.describe_network(made(web))
    assert network.measures["modularity"] == pytest.approx(2 / 3)
    assert len(set(network.modules.values())) == 3
    assert network.modules["r0"] == network.modules["c0"] != network.modules["r4"]


tables = st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 4), min_size=columns, max_size=columns), min_size=1, max_size=6
    ).filter(lambda web: any(any(row) for row in web))
)


@settings(max_examples=settings().max_examples // 2)
@given(tables, st.integers(0, 99))
def test_the_order_of_nodes_and_edges_never_matters(web: list[list[int]], seed: int) -> None:
    one, two = (pg.describe_network(made(web, shuffle=shuffle)) for shuffle in (None, seed))
    assert one.measures == two.measures
    assert one.modules == two.modules
    assert one.overlap.equals(two.overlap)


@settings(max_examples=settings().max_examples // 2)
@given(tables)
def test_measures_stay_in_their_bounds(web: list[list[int]]) -> None:
    network = pg.describe_network(made(web))
    found = network.measures
    for name, most in (("connectance", 1), ("nodf", 100), ("wnodf", 100), ("h2", 1), ("modularity", 1)):
        value = found[name]
        assert (value is None) == (name in network.reasons)
        assert value is None or -1e-9 <= value <= most + 1e-9
    assert 1 - 1e-9 <= found["effective_targets"] <= found["targets"] + 1e-9
    assert found["wnodf"] is None or found["wnodf"] <= found["nodf"] + 1e-9


def test_a_perfectly_nested_web_has_100_and_a_chequered_one_0() -> None:
    nested = [[1] * (5 - row) + [0] * row for row in range(5)]
    assert pg.describe_network(made(nested)).measures["nodf"] == pytest.approx(100)
    assert pg.describe_network(made(np.eye(4))).measures["nodf"] == 0


def test_the_bundled_studys_graph_is_described(smabystrategi: pg.Study) -> None:
    network = pg.describe_network(pg.build_graph(smabystrategi))
    assert all(value is not None for value in network.measures.values())
    assert set(itertools.chain(network.overlap["target"], network.overlap["other"])) <= set(network.modules)


def test_a_graph_without_links_says_why_nothing_can_be_told() -> None:
    network = pg.describe_network(made([[0, 0]]))
    assert network.measures["links"] == 0
    assert network.measures["nodf"] is None
    assert set(network.reasons.values()) == {"the graph has no link"}
    pair = pg.describe_network(made([[3]]))
    assert (
        {name for name, value in pair.measures.items() if value is None} == {"nodf", "wnodf", "h2"} == set(pair.reasons)
    )


def test_what_is_no_bipartite_graph_of_weights_is_refused_all_at_once() -> None:
    graph = made([[1, 2]])
    graph.add_node("x")
    graph.add_edge("c0", "c1", weight=1)
    graph.add_edge("r0", "c0", weight=-1)
    graph.add_edge("r0", "c1", weight="many")
    with pytest.raises(pg.UsageError) as error:
        pg.describe_network(graph)
    lines = str(error.value).split("\n")
    assert len(lines) == 4
    assert lines[0] == "the node 'x' is on no side; give each node bipartite=0 or bipartite=1"
