"""Crosswalk files of every kind, whole and broken, come in; studies of links, or every problem in them, must go out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.testing import studies

ENDS = ("sssom.tsv", "oscal.json", "mapping.json", "csv")


def triples(study: pg.Study) -> list[tuple[str, ...]]:
    links = study.links[["theme", "target", "relation"]].astype(object)
    return sorted(
        tuple("" if cell is None else str(cell) for cell in row) for row in links.where(links.notna(), None).to_numpy()
    )


def said(study: pg.Study) -> str:
    return "\n".join(map(str, study.notices))


def save(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


# -- there and back


@pytest.mark.parametrize("end", ENDS)
def test_the_links_of_the_bundled_study_come_back(tmp_path: Path, end: str) -> None:
    study = pg.read_study("smabystrategi")
    losses = study.write(tmp_path / f"towns.{end}")
    assert "The format has no place for statements (472)." in losses
    again = pg.read_study(tmp_path / f"towns.{end}")
    assert triples(again) == triples(study)
    labels = {theme.id: theme.label for theme in study.themes}
    assert {theme.id: theme.label for theme in again.themes}.items() <= labels.items()
    study.write(tmp_path / f"again.{end}")
    assert (tmp_path / f"again.{end}").read_bytes() == (tmp_path / f"towns.{end}").read_bytes()


@pytest.mark.parametrize("end", ENDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies(shape="links"))
def test_links_come_back_whatever_the_ids(tmp_path: Path, end: str, study: pg.Study) -> None:
    """Equal but for links that stand there twice, links without a relation, and what the losses name."""
    if study.links["relation"].isna().any() or study.links["target"].isna().all():
        return
    study.write(tmp_path / f"study.{end}")
    assert set(triples(pg.read_study(tmp_path / f"study.{end}"))) == set(triples(study))


@pytest.mark.parametrize("end", ENDS)
def test_one_command_makes_a_report_of_it(tmp_path: Path, end: str) -> None:
    assert main(["convert", "smabystrategi", str(tmp_path / f"towns.{end}")]) == 0
    path, out = str(tmp_path / f"towns.{end}"), str(tmp_path / "report")
    assert main(["report", path, "--out", out, "--quick", "--formats", "md", "--unit", "theme"]) == 0


@pytest.mark.filterwarnings("ignore")  # of other libraries, about themselves
def test_independent_libraries_accept_what_is_written(tmp_path: Path) -> None:
    from sssom.parsers import parse_sssom_table
    from sssom.validators import validate
    from trestle.oscal.mapping import Model

    study = pg.read_study("smabystrategi")
    study.write(tmp_path / "x.sssom.tsv")
    mappings = parse_sssom_table(tmp_path / "x.sssom.tsv")
    validate(mappings)
    assert len(mappings.df) == len(study.links)
    study.write(tmp_path / "x.oscal.json")
    model: Any = Model(**json.loads((tmp_path / "x.oscal.json").read_text(encoding="utf-8")))
    found = [one for mapping in model.mapping_collection.mappings for one in mapping.maps]
    assert len(found) == int(study.links["target"].notna().sum())


@pytest.mark.filterwarnings("ignore")  # of other libraries, about themselves
def test_what_sssom_py_writes_is_read(tmp_path: Path) -> None:
    import pandas as pd
    from curies import Converter
    from sssom import MappingSetDataFrame
    from sssom.writers import write_table

    frame = pd.DataFrame(
        [
            {"subject_id": "a:1", "predicate_id": "skos:exactMatch", "object_id": "b:1"},
            {"subject_id": "a:2", "predicate_id": "skos:broadMatch", "object_id": "b:1"},
        ]
    ).assign(mapping_justification="semapv:ManualMappingCuration")
    converter = Converter.from_prefix_map(
        {"a": "https://example.org/a/", "b": "https://example.org/b/", "skos": "http://www.w3.org/2004/02/skos/core#"}
    )
    metadata = {"mapping_set_id": "https://example.org/set", "license": "https://example.org/license"}
    with (tmp_path / "x.sssom.tsv").open("w", encoding="utf-8") as stream:
        write_table(MappingSetDataFrame(df=frame, converter=converter, metadata=metadata), stream)
    study = pg.read_study(tmp_path / "x.sssom.tsv")
    assert triples(study) == [("a:1", "b:1", "equal"), ("a:2", "b:1", "subset")]


# -- SSSOM

SSSOM = """#sssom_version: "1.1"
#mapping_set_id: https://example.org/sets/1
#mapping_set_title: Goals and plans
#license: https://creativecommons.org/licenses/by/4.0/
#object_source: plan:all
#curie_map:
#  goal: https://example.org/goal/
subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tobject_label\tmapping_justification\tauthor_label\tconfidence
goal:1\tClean water\tskos:broadMatch\t\tplan:6\tWater\tsemapv:ManualMappingCuration\tAnn\t0.9
goal:2\tLess waste\thttp://www.w3.org/2004/02/skos/core#exactMatch\t\tplan:12\tWaste\tsemapv:ManualMappingCuration\tAnn\t
goal:3\tLight\tskos:exactMatch\t\tsssom:NoTermFound\t\tsemapv:ManualMappingCuration\tAnn\t
sssom:NoTermFound\t\tskos:exactMatch\t\tplan:14\tSea\tsemapv:ManualMappingCuration\tAnn\t
goal:2\tLess waste\tskos:relatedMatch\tNot\tplan:6\tWater\tsemapv:ManualMappingCuration\tAnn\t
goal:1\tClean water\tskos:exactMatch\tNot\tplan:6\tWater\tsemapv:ManualMappingCuration\tAnn\t
goal:1\tClean water\tex:helps\t\tplan:12\tWaste\tsemapv:ManualMappingCuration\tAnn\t
goal:3\tLight\tskos:narrowMatch\t\tplan:12\tWaste\tsemapv:ManualMappingCuration\tBo\t
"""


def test_a_mapping_set_becomes_links_and_nothing_goes_in_silence(tmp_path: Path) -> None:
    study = pg.read_study(save(tmp_path, "goals.sssom.tsv", SSSOM))
    assert triples(study) == [
        ("goal:1", "plan:12", "intersects"),
        ("goal:1", "plan:14", "none"),
        ("goal:1", "plan:6", "subset"),
        ("goal:2", "plan:12", "equal"),
        ("goal:2", "plan:14", "none"),
        ("goal:2", "plan:6", "none"),
        ("goal:3", "", "none"),
        ("goal:3", "plan:12", "superset"),
        ("goal:3", "plan:14", "none"),
    ]
    assert study.title == "Goals and plans"
    assert study.theme("goal:1").label == "Clean water"
    assert set(study.links["coder"].dropna()) == {"Ann", "Bo"}
    assert study.links["confidence"].dropna().tolist() == ["0.9"]
    assert study.links["object_source"].dropna().unique().tolist() == ["plan:all"]
    text = said(study)
    assert (
        "Possible contradiction: marked as fitting nothing by one relation, and mapped by another (1): goal:3" in text
    )
    assert "The predicate ex:helps (1) is no set relation" in text
    assert "Negated mappings (1) were left out" in text
    assert "Targets that fit no theme (1): plan:14" in text


def test_metadata_may_stand_beside_a_mapping_set(tmp_path: Path) -> None:
    top = SSSOM.index("subject_id\tsubject_label")
    save(tmp_path, "goals.sssom.yml", SSSOM[:top].replace("#", ""))
    study = pg.read_study(save(tmp_path, "goals.sssom.tsv", SSSOM[top:]))
    assert study.title == "Goals and plans"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subject_id\tobject_id\na:1\tb:1\n", "the columns predicate_id are not there"),
        (SSSOM.replace("#object_source: plan:all", "#a: &a [1]\n#b: *a"), "YAML aliases"),
        (SSSOM.replace("#curie_map:", "#  [}"), "the metadata is no YAML"),
        (
            SSSOM.replace("goal:1\tClean water\tskos:broadMatch", "\tClean water\tskos:broadMatch"),
            "subject_id is empty",
        ),
        (SSSOM.replace("\t0.9", "\t0.9\tmore\tand more"), "the row has 11 cells, and the header 9"),
    ],
)
def test_a_broken_mapping_set_says_where(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "goals.sssom.tsv", text))


# -- OSCAL


def collection(*maps: dict[str, Any], **more: Any) -> dict[str, Any]:
    one = {
        "uuid": "b5cdd9a0-8f5a-4c0e-9d55-5d5c5a1e7c10",
        "source-resource": {"type": "catalog", "href": "#goals"},
        "target-resource": {"type": "catalog", "href": "#plan"},
        "maps": list(maps),
        **more,
    }
    return {"mapping-collection": {"uuid": "x", "metadata": {"title": "Goals"}, "provenance": {}, "mappings": [one]}}


def oscal_map(relationship: Any, sources: list[str], targets: list[str]) -> dict[str, Any]:
    return {
        "uuid": "x",
        "relationship": relationship,
        "sources": [{"type": "control", "id-ref": name} for name in sources],
        "targets": [{"type": "control", "id-ref": name} for name in targets],
        "confidence-score": {"percentage": 0.5},
    }


def test_a_mapping_collection_becomes_links_with_its_gaps(tmp_path: Path) -> None:
    content = collection(
        oscal_map("equal-to", ["g-1"], ["p-1"]),
        oscal_map("equivalent-to", ["g-2", "g-3"], ["p-2"]),
        oscal_map("subset-of", ["g-1"], ["p-2", "p-3"]),
        oscal_map("superset-of", ["g-4"], ["p-1", "p-2"]),
        oscal_map("no-relationship", ["g-4"], ["p-3"]),
        **{
            "source-gap-summary": {"uuid": "x", "unmapped-controls": [{"with-ids": ["g-5", "g-1"]}]},
            "target-gap-summary": {"uuid": "x", "unmapped-controls": [{"matching": [{"pattern": "p-4"}]}]},
        },
    )
    study = pg.read_study(save(tmp_path, "goals.json", content))
    found = triples(study)
    assert [row for row in found if row[1] != "p-4"] == [
        ("g-1", "", "none"),
        ("g-1", "p-1", "equal"),
        ("g-1", "p-2", "intersects"),
        ("g-1", "p-3", "intersects"),
        ("g-2", "p-2", "subset"),
        ("g-3", "p-2", "subset"),
        ("g-4", "p-1", "superset"),
        ("g-4", "p-2", "superset"),
        ("g-4", "p-3", "none"),
        ("g-5", "", "none"),
    ]
    assert [row for row in found if row[1] == "p-4"] == [(f"g-{n}", "p-4", "none") for n in range(1, 6)]
    assert "marked as fitting no target (1): g-1" in said(study)
    assert "Maps between sets of several (3)" in said(study)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"mapping-collection": []}, "holds no mapping-collection"),
        ({"mapping-collection": {"mappings": [1]}}, "mapping 1 is no object"),
        (collection(oscal_map("likes", ["a"], ["b"])), "the relationship 'likes' of map 1"),
        (collection(oscal_map("equal-to", [], ["b"])), "has no sources with an id-ref"),
        (collection(**{"source-gap-summary": {"unmapped-controls": 3}}), "has no list of unmapped-controls"),
    ],
)
def test_a_broken_collection_says_what(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "goals.json", content))


# -- the Mapping Explorer


def explorer(*objects: Any) -> dict[str, Any]:
    metadata = {
        "mapping_framework": "goals",
        "mapping_framework_version": "2",
        "author": None,
        "capability_groups": {"w": "Water"},
    }
    return {"metadata": metadata, "mapping_objects": list(objects)}


def mapping_object(theme: str | None, target: str | None, kind: str = "mitigates", **more: Any) -> dict[str, Any]:
    return {
        "capability_id": theme,
        "capability_description": f"about {theme}",
        "capability_group": "w",
        "mapping_type": kind,
        "attack_object_id": target,
        "attack_object_name": f"name of {target}",
        "comments": "",
        "references": [],
        "status": "complete",
        **more,
    }


def test_mapping_objects_become_links(tmp_path: Path) -> None:
    content = explorer(
        mapping_object("C-1", "T1", score_value="partial"),
        mapping_object("C-2", None, "non_mappable", attack_object_name=None),
        mapping_object(None, "T2", "non_mappable"),
        mapping_object("C-1", "T1", "non_mappable"),
    )
    study = pg.read_study(save(tmp_path, "goals.json", content))
    assert triples(study) == [
        ("C-1", "T1", "intersects"),
        ("C-1", "T1", "none"),
        ("C-1", "T2", "none"),
        ("C-2", "", "none"),
        ("C-2", "T2", "none"),
    ]
    assert study.links["score_value"].dropna().tolist() == ["partial"]
    assert study.target("T1").kind == "attack_object"
    assert "pairs are both mapped and marked as none (1): C-1 – T1" in said(study)


@pytest.mark.parametrize(
    ("objects", "problem"),
    [
        ([3], "mapping object 1 is no object"),
        ([mapping_object(None, None)], "neither a capability_id nor an attack_object_id"),
        ([mapping_object("C-1", None)], "has no attack_object_id, and is not non_mappable"),
    ],
)
def test_broken_mapping_objects_say_which(tmp_path: Path, objects: list[Any], problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "goals.json", explorer(*objects)))


def test_ids_on_both_sides_are_told_apart(tmp_path: Path) -> None:
    content = explorer(mapping_object("AC-1", "AC-1"), mapping_object("AC-2", "AC-1"))
    study = pg.read_study(save(tmp_path, "goals.json", content))
    assert triples(study) == [("AC-1", "to:AC-1", "intersects"), ("AC-2", "to:AC-1", "intersects")]
    assert "Ids that stand on both sides (1): AC-1 begin with 'to:' as targets." in said(study)


# -- plain tables

WATER = ("water", "G6", "subset")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("water,G6\nwaste,G12\n", [("waste", "G12", "intersects"), ("water", "G6", "intersects")]),
        ("water,G6,⊂\nwaste,G12,=\n", [("waste", "G12", "equal"), ("water", "G6", "subset")]),
        (
            "Source;Target;Relationship\nwater;G6;Subset of\nlight;;\n",
            [("light", "", "none"), ("water", "G6", "subset")],
        ),
        ("to\tfrom\nG6\twater\n", [("water", "G6", "intersects")]),
        (
            "from,to,relation\nlight,,none\nwater,G6,skos:narrowMatch\n",
            [("light", "", "none"), ("water", "G6", "superset")],
        ),
        ("x,G6\n,G7\n", [("x", "G6", "intersects"), ("x", "G7", "none")]),
    ],
)
def test_plain_tables_become_links(tmp_path: Path, text: str, expected: list[tuple[str, ...]]) -> None:
    study = pg.read_study(save(tmp_path, "crosswalk.csv", text))
    assert triples(study) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theme,target,relation\nwater,G6,likes\n", "row 2, column relation: 'likes' is no relation that is known"),
        (
            "theme,target,relation\nwater,,equal\n",
            "row 2, column target: the relation is equal, but",
        ),
        ("theme,target,relation\n,G6,equal\n", "row 2, column theme: there is no theme"),
        ("one,two,three,four,five\n1,2,3,4,5\n", "a crosswalk has columns for a theme and a target"),
        ("theme,target\n", "there is no pair"),
        ("", "the file is empty"),
    ],
)
def test_a_broken_table_says_where(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "crosswalk.csv", text))


def test_one_table_of_a_study_is_no_crosswalk(tmp_path: Path) -> None:
    with pytest.raises(pg.StudyError, match="give the folder that holds it"):
        pg.read_study(save(tmp_path, "links.csv", "theme,target\nwater,G6\n"))


def test_a_study_without_links_is_not_written_as_a_crosswalk(tmp_path: Path) -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        groups=[{"id": "g", "label": "G"}],
        statements=[{"id": "s", "speaker": "g", "text": "More"}],
        codings=[{"statement": "s", "code": "t"}],
    )
    for end in ENDS:
        with pytest.raises(pg.StudyError, match="the study has no links"):
            study.write(tmp_path / f"x.{end}")
    assert not list(tmp_path.iterdir())


# -- strangers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def replace_some(value: Any, draw: Callable[[Any], Any]) -> Any:
    """The same JSON with pieces of another shape."""
    if draw(st.integers(0, 12)) == 0:
        return draw(JSON)
    if isinstance(value, dict):
        return {key: replace_some(inner, draw) for key, inner in value.items() if draw(st.integers(0, 20))}
    if isinstance(value, list):
        return [replace_some(inner, draw) for inner in value]
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), which=st.sampled_from(["oscal", "explorer"]))
def test_json_of_any_shape_is_a_study_or_an_error(tmp_path: Path, data: st.DataObject, which: str) -> None:
    gap = {"source-gap-summary": {"unmapped-controls": [{"with-ids": ["g-5"]}]}}
    whole = {
        "oscal": collection(oscal_map("equal-to", ["g-1"], ["p-1"]), **gap),
        "explorer": explorer(mapping_object("C-1", "T1"), mapping_object("C-2", None, "non_mappable")),
    }[which]
    path = save(tmp_path, "x.json", replace_some(whole, data.draw))
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, len(SSSOM)), junk=st.binary(max_size=6), name=st.sampled_from(["x.sssom.tsv", "x.csv", "x.json"])
)
def test_bytes_that_are_damaged_are_a_study_or_an_error(tmp_path: Path, cut: int, junk: bytes, name: str) -> None:
    whole = SSSOM.encode() if name != "x.json" else json.dumps(explorer(mapping_object("C-1", "T1"))).encode()
    (tmp_path / name).write_bytes(whole[:cut] + junk + whole[cut + len(junk) :])
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(tmp_path / name)
    (tmp_path / name).unlink()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"mapping_objects": ' + "[" * 100_000, "nested too deep"),
        ('{"mapping_objects": ' + "[" * 200 + "]" * 200 + "}", "nested deeper than"),
        ('{"mapping_objects": [NaN]}', "NaN is no number"),
        ('{"mapping_objects": [], "mapping_objects": []}', "stands twice"),
        ('{"mapping_objects": [' + "9" * 10_000 + "]}", "not JSON that can be read"),
        ('{"mapping_objects": [', "this is not JSON"),
    ],
)
def test_json_of_strangers_is_bounded(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "x.json", text))


def test_limits_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path, "x.json", explorer(mapping_object("C-1", "T1")))
    with pytest.raises(pg.StudyError, match="more than the 0 MB that are read"):
        pg.read_study(path, limits=pg.Limits(text=10))
    assert main(["check", str(path), "--max-mb", "0"]) == 1
    assert "raise the limit" in capsys.readouterr().err
    with pytest.raises(pg.StudyError, match="has no codes to be mapped"):
        pg.read_study(path, mapping=pg.CodeMapping())
