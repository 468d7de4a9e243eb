"""The graph against the evidence and the matrix, and through networkx's own exporters."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings

import policygap as pg
from policygap.cli import main
from policygap.testing import studies

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
FEW = settings(max_examples=max(1, settings().max_examples // 33))


def words(*cells: Any) -> str:
    found = {word for cell in cells if not pd.isna(cell) for word in str(cell).split(";")}
    return ";".join(sorted(found))


@FEW
@given(studies())
def test_edges_are_the_pairs_of_the_evidence_with_its_counts(study: pg.Study) -> None:
    graph = pg.build_graph(study)
    rows = [row for row in pg.collect_evidence(study).to_dict("records") if row["relation"] != "none"]
    expected: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in rows:
        if not pd.isna(row["theme"]) and not pd.isna(row["target"]):
            expected.setdefault(frozenset((row["theme"], row["target"])), []).append(row)
    assert {frozenset(edge) for edge in graph.edges} == set(expected)
    for pair, mine in expected.items():
        stated = [row for row in mine if not pd.isna(row["statement"])]
        speakers = len({row["speaker"] for row in stated})
        assert graph.edges[tuple(pair)] == {
            "statements": len({row["statement"] for row in stated}),
            "speakers": speakers,
            "weight": speakers or max(row["weight"] for row in mine),
            "relation": words(*(row["relation"] for row in mine)),
            "basis": words(*(row[name] for row in mine for name in ("basis", "target_basis"))),
        }


@FEW
@given(studies())
def test_edges_hold_the_numbers_of_the_matrix(study: pg.Study) -> None:
    graph = pg.build_graph(study)
    states = pg.build_matrix(study, "theme", "target", "class").states
    for name in ("statements", "speakers") if len(study.statements) else ():
        matrix = pg.gap_matrix(study, "theme", "target", name).fillna(0)
        for theme in matrix.index:
            for target in matrix.columns:
                edge = graph.edges[theme, target] if graph.has_edge(theme, target) else {name: 0}
                assert edge[name] == matrix.loc[theme, target]
    for theme in states.index:
        for target in states.columns:
            assert graph.has_edge(theme, target) == (states.loc[theme, target] in ("evidence", "linked"))


@FEW
@given(studies())
def test_every_code_is_a_node_of_a_plain_bipartite_graph(study: pg.Study) -> None:
    graph = pg.build_graph(study)
    assert type(graph) is nx.Graph
    assert set(graph) == {code.id for code in study.codes}
    assert {name for name, side in graph.nodes(data="bipartite") if side == 0} == {theme.id for theme in study.themes}
    assert dict(graph.nodes(data="kind")) == {code.id: code.kind for code in study.codes}
    assert nx.bipartite.is_bipartite_node_set(graph, {theme.id for theme in study.themes})


@FEW
@given(studies())
def test_exporters_of_networkx_write_what_reads_back(study: pg.Study) -> None:
    graph = pg.build_graph(study)
    assert nx.utils.graphs_equal(nx.node_link_graph(json.loads(json.dumps(nx.node_link_data(graph)))), graph)
    for write, read in ((nx.write_graphml, nx.read_graphml), (nx.write_gexf, nx.read_gexf)):
        file = BytesIO()
        write(graph, file)
        file.seek(0)
        back = read(file)
        assert {frozenset(edge) for edge in back.edges} == {frozenset(edge) for edge in graph.edges}
        assert dict(back.nodes(data="bipartite")) == dict(graph.nodes(data="bipartite"))
        assert {frozenset(edge[:2]): edge[2] for edge in back.edges(data="weight")} == {
            frozenset(edge[:2]): edge[2] for edge in graph.edges(data="weight")
        }


def crosswalk(*links: dict[str, Any]) -> pg.Study:
    return pg.build_study(
        themes=[{"id": "buses", "label": "More\x1b[31m buses\x00\u202e"}, {"id": "trains", "label": "Trains"}],
        targets=[
            {"id": "A", "kind": "focus_area", "label": "|A`"},
            {"id": "=1+1", "kind": "recommendation", "label": "=1+1"},
        ],
        links=links,
    )


def test_an_explicit_none_is_no_edge_and_codes_without_any_stay_nodes() -> None:
    graph = pg.build_graph(crosswalk({"theme": "buses", "target": "A", "relation": "none"}))
    assert (list(nx.isolates(graph)), graph.size()) == (["buses", "trains", "A", "=1+1"], 0)


def test_links_of_one_pair_are_one_edge_with_the_greatest_weight() -> None:
    one = {"theme": "buses", "target": "A", "relation": "subset", "weight": 2, "basis": "printed"}
    two = {"theme": "buses", "target": "A", "relation": "equal", "weight": 3, "basis": "coder"}
    for links in ((one, two), (two, one)):
        edge = pg.build_graph(crosswalk(*links)).edges["buses", "A"]
        assert (edge["relation"], edge["weight"], edge["basis"]) == ("equal;subset", 3.0, "coder;printed")
        assert (edge["statements"], edge["speakers"]) == (0, 0)


def test_kinds_choose_the_targets() -> None:
    link = {"theme": "buses", "target": "=1+1", "relation": "equal"}
    assert list(pg.build_graph(crosswalk(link), kinds="recommendation")) == ["buses", "trains", "=1+1"]
    with pytest.raises(pg.UsageError, match="did you mean 'focus_area'"):
        pg.build_graph(crosswalk(link), kinds=("focus_aera",))


def test_control_characters_in_labels_do_not_break_an_export() -> None:
    graph = pg.build_graph(crosswalk({"theme": "buses", "target": "=1+1", "relation": "equal"}))
    file = BytesIO()
    nx.write_graphml(graph, file)
    file.seek(0)
    assert nx.read_graphml(file).nodes["buses"]["label"] == "More\\x1b[31m buses\\x00\u202e"


def test_control_characters_in_a_kind_do_not_break_a_file(tmp_path: Path) -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "odd\x0bkind", "label": "A"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )
    for ending, read in READERS.items():
        pg.write_graph(pg.build_graph(study), tmp_path / f"g{ending}")
        assert read(tmp_path / f"g{ending}").nodes["A"]["kind"] == "odd\\x0bkind"


READERS = {
    ".graphml": nx.read_graphml,
    ".gexf": nx.read_gexf,
    ".json": lambda path: nx.node_link_graph(json.loads(path.read_bytes()), edges="edges"),
}


@FEW
@given(studies())
def test_what_is_written_reads_back_with_all_it_carries(
    tmp_path_factory: pytest.TempPathFactory, study: pg.Study
) -> None:
    graph, folder = pg.build_graph(study), tmp_path_factory.mktemp("graph")
    for ending, read in READERS.items():
        pg.write_graph(graph, folder / f"a{ending}")
        pg.write_graph(graph, folder / f"b{ending}")
        assert (folder / f"a{ending}").read_bytes() == (folder / f"b{ending}").read_bytes()
        again = read(folder / f"a{ending}")
        assert {
            name: (data["label"], data["kind"], int(data["bipartite"])) for name, data in again.nodes(data=True)
        } == {name: (data["label"], data["kind"], data["bipartite"]) for name, data in graph.nodes(data=True)}
        for theme, target, edge in graph.edges(data=True):
            assert {name: again.edges[theme, target][name] for name in edge} == edge
        assert again.number_of_edges() == graph.number_of_edges()


def test_a_graph_of_today_has_no_date(tmp_path: Path) -> None:
    pg.write_graph(pg.build_graph(pg.read_study("smabystrategi")), tmp_path / "g.gexf")
    assert "lastmodified" not in (tmp_path / "g.gexf").read_text(encoding="utf-8")


def test_a_graph_is_written_whole_or_refused(tmp_path: Path) -> None:
    graph = pg.build_graph(pg.read_study("smabystrategi"))
    with pytest.raises(pg.UsageError, match=r"use \.graphml, \.gexf, \.json"):
        pg.write_graph(graph, tmp_path / "g.dot")
    with pytest.raises(pg.UsageError, match="can't be written"):
        pg.write_graph(graph, tmp_path / "missing" / "g.gexf")
    assert not list(tmp_path.iterdir())


def test_the_command_converts_to_a_graph_and_says_what_that_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "smabystrategi", str(tmp_path / "g.graphml")]) == 0
    assert "and not sources (3), groups (10), actors (17)" in capsys.readouterr().err
    assert nx.read_graphml(tmp_path / "g.graphml").nodes["A"]["kind"] == "focus_area"
