"""Crosswalk files as their publishers write them, and as hostile hands do: nothing may be misread or lost in silence.

The shapes are those of published files: the examples of the SSSOM standard, mapping collections of OSCAL Compass, and
the mappings of the Center for Threat-Informed Defense. The contents are made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.io.crosswalks.slots import join, split

Triples = set[tuple[str, ...]]


def save(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    data = (
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    path.write_bytes(data)
    return path


def triples(study: pg.Study) -> Triples:
    links = study.links[["theme", "target", "relation"]].astype(object)
    return {
        tuple("" if cell is None else str(cell) for cell in row) for row in links.where(links.notna(), None).to_numpy()
    }


def said(study: pg.Study) -> str:
    return "\n".join(map(str, study.notices))


# -- SSSOM

HEADER = "subject_id\tpredicate_id\tobject_id\tmapping_justification"
PAIR = "a:1\tskos:exactMatch\tb:1\tsemapv:ManualMappingCuration"


def sssom(*rows: str, header: str = HEADER, metadata: str = "") -> str:
    return metadata + "\n".join([header, *rows]) + "\n"


def test_a_term_that_is_not_found_is_none_of_its_framework_alone(tmp_path: Path) -> None:
    text = sssom(
        "a:1\tskos:exactMatch\tsssom:NoTermFound\tx\tplan:A",
        "a:1\tskos:exactMatch\tb:1\tx\tplan:B",
        "a:2\tskos:exactMatch\tc:1\tx\tplan:A",
        header=f"{HEADER}\tobject_source",
    )
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", text))
    assert triples(study) == {("a:1", "b:1", "equal"), ("a:2", "c:1", "equal"), ("a:1", "c:1", "none")}
    assert "ontradiction" not in said(study)
    assert "Themes that fit no target of one of several frameworks (1): a:1" in said(study)


def test_no_equal_term_and_a_near_one_is_only_perhaps_a_contradiction(tmp_path: Path) -> None:
    text = sssom("a:1\tskos:exactMatch\tsssom:NoTermFound\tx", "a:1\tskos:closeMatch\tb:1\tx")
    assert "\nPossible contradiction: " in "\n" + said(pg.read_study(save(tmp_path, "x.sssom.tsv", text)))
    text = sssom("a:1\tskos:exactMatch\tsssom:NoTermFound\tx", "a:1\tskos:exactMatch\tb:1\tx")
    assert "\nContradiction: " in "\n" + said(pg.read_study(save(tmp_path, "x.sssom.tsv", text)))


def test_a_text_without_an_id_is_its_own(tmp_path: Path) -> None:
    text = sssom(
        "alice\tskos:closeMatch\tb:1\tx\trdfs literal",
        header="subject_label\tpredicate_id\tobject_id\tmapping_justification\tsubject_type",
    )
    assert triples(pg.read_study(save(tmp_path, "x.sssom.tsv", text))) == {("alice", "b:1", "intersects")}


def test_a_value_of_the_set_is_that_of_each_mapping_unless_one_has_its_own(tmp_path: Path) -> None:
    metadata = "#curation_rule_text: by hand\n#mapping_tool: tool\n#comment: of the set\n"
    text = sssom(f"{PAIR}\tother", f"{PAIR.replace('1', '2')}\t", header=f"{HEADER}\tmapping_tool", metadata=metadata)
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", text))
    assert study.links["curation_rule_text"].tolist() == ["by hand", "by hand"]
    assert study.links["mapping_tool"].dropna().tolist() == ["other"]
    assert study.meta["sssom"] == {"mapping_tool": "tool", "comment": "of the set"}


@pytest.mark.parametrize(
    "metadata",
    ["#curie_map:\t\t\t\n#  a: http://a/\t\t\n", "# mapping_set_title: x\n\n# license: y\n", "#a: b\r\n"],
)
def test_metadata_that_a_spreadsheet_has_touched_is_read(tmp_path: Path, metadata: str) -> None:
    assert triples(pg.read_study(save(tmp_path, "x.sssom.tsv", sssom(PAIR, metadata=metadata)))) == {
        ("a:1", "b:1", "equal")
    }


@pytest.mark.parametrize("name", ["x.sssom.tsv", "x.tsv", "x.sssom.csv", "x.csv"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mapping_set_is_known_by_its_header(tmp_path: Path, name: str, codec: str) -> None:
    text = sssom(f"{PAIR}\t0.5", header=f"{HEADER}\tconfidence", metadata="#mapping_set_title: Set\n")
    content = (text.replace("\t", ",") if name.endswith("csv") else text).encode(codec)
    study = pg.read_study(save(tmp_path, name, content))
    assert study.title == "Set"
    assert study.links["confidence"].tolist() == ["0.5"]


def test_columns_that_are_called_like_our_own_are_told_apart(tmp_path: Path) -> None:
    header = f"{HEADER}\ttheme\tweight\tself\tsources\t"
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", sssom(f"{PAIR}\tq\theavy\ts\tr\tlast", header=header)))
    names = ["file_theme", "file_weight", "self", "file_sources", "column_9"]
    assert study.links[names].to_numpy().tolist() == [["q", "heavy", "s", "r", "last"]]
    study.write(tmp_path / "folder")
    assert pg.read_study(tmp_path / "folder") == study


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            sssom(f"{PAIR}\ta:2", header=f"{HEADER}\tsubject_id"),
            "column subject_id: there are two columns of this name",
        ),
        (
            sssom('"a:1\tskos:exactMatch\tb:1\tx', 'a:2"\tskos:exactMatch\tb:1\tx'),
            "a quote opens here and is not closed",
        ),
        (sssom(PAIR, '"a:2\tskos:exactMatch\tb:1'), "a quote opens here and is not closed"),
        (sssom(PAIR, metadata=f"#a: {'[' * 100_000}\n"), "more than 2,000 brackets"),
        (sssom(PAIR, metadata=f"#a: {'x' * 400_000}\n"), "more than 300,000 characters"),
        ("", "it holds no mappings"),
    ],
)
def test_what_would_be_misread_or_never_end_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, "x.sssom.tsv", text))


def test_a_quote_within_a_cell_is_a_letter(tmp_path: Path) -> None:
    text = sssom(f'{PAIR}\t5" pipe', header=f"{HEADER}\tcomment")
    assert pg.read_study(save(tmp_path, "x.sssom.tsv", text)).links["comment"].tolist() == ['5" pipe']


def test_a_tab_and_a_line_break_in_a_label_are_no_stray_quote(tmp_path: Path) -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "one\n\ttwo"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A, and\nmore"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )
    study.write(tmp_path / "x.sssom.tsv")
    assert len(pg.read_study(tmp_path / "x.sssom.tsv").links) == 1


def test_a_line_break_within_quotes_stays(tmp_path: Path) -> None:
    text = sssom(f'{PAIR}\t"one\nand ""two"""', header=f"{HEADER}\tcomment")
    assert pg.read_study(save(tmp_path, "x.sssom.tsv", text)).links["comment"].tolist() == ['one\nand "two"']


def test_negated_mappings_are_none_only_where_nothing_is_left_open(tmp_path: Path) -> None:
    rows = [
        "a:1\tskos:relatedMatch\tb:1\tx\tNot",
        "a:1\tex:helps\tb:2\tx\tNot",
        "a:1\tskos:exactMatch\tsssom:NoTermFound\tx\tNot",
        "a:1\towl:disjointWith\tb:3\tx\t",
    ]
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", sssom(*rows, header=f"{HEADER}\tpredicate_modifier")))
    assert triples(study) == {("a:1", "b:1", "none"), ("a:1", "b:3", "none")}
    assert "Negated mappings (2) were left out" in said(study)


def test_bars_in_a_list_are_told_from_bars_between_its_items() -> None:
    # the two cells of the standard's own example of escaping
    assert split(r"Alice\|Bob|Charlie") == ["Alice|Bob", "Charlie"]
    assert split(r"Alice\\Bob|Charlie\\|David\\\|Eve\\") == ["Alice\\Bob", "Charlie\\", "David\\|Eve\\"]
    for items in (["a|b", "c\\"], ["\\|"], []):
        assert split(join(items)) == items


def test_a_mapping_set_says_again_what_it_said(tmp_path: Path) -> None:
    metadata = (
        '#curie_map:\n#  a: "https://example.org/a/"\n#  b: "https://example.org/b/"\n#mapping_set_id: https://example.org/s\n'
        "#creator_id:\n#  - orcid:1\n#extension_definitions:\n#  - slot_name: ours\n#mapping_set_title: Set\n"
    )
    header = f"{HEADER}\tauthor_label\tconfidence\tours\tnot_declared"
    rows = [
        "a:1\towl:equivalentClass\tb:1\tsemapv:LogicalReasoning\tAnn\\|Bo|Cy\t0.5\tmine\tlost",
        "a:2\tskos:exactMatch\tsssom:NoTermFound\tsemapv:LogicalReasoning\t\t\t\t",
    ]
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", sssom(*rows, header=header, metadata=metadata)))
    losses = study.write(tmp_path / "again.sssom.tsv")
    text = (tmp_path / "again.sssom.tsv").read_text(encoding="utf-8")
    assert "a:1\t\towl:equivalentClass\t\tb:1\t" not in text  # empty columns of the set are not invented
    body = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    first = dict(zip(body[0], body[1], strict=True))
    assert (first["subject_id"], first["predicate_id"], first["object_id"]) == ("a:1", "owl:equivalentClass", "b:1")
    assert (first["author_label"], first["confidence"], first["ours"]) == ("Ann\\|Bo|Cy", "0.5", "mine")
    assert '#creator_id: ["orcid:1"]' in text
    assert '#mapping_set_id: "https://example.org/s"' in text
    assert any("columns of links: source, not_declared" in loss for loss in losses)
    again = pg.read_study(tmp_path / "again.sssom.tsv")
    assert triples(again) == triples(study)
    assert set(again.links["coder"].dropna()) == {"Ann|Bo, Cy"}


# -- the Mapping Explorer


def mapping_object(
    theme: str | None, target: str | None, kind: str | None = "mitigates", **more: Any
) -> dict[str, Any]:
    return {
        "comments": "",
        "attack_object_id": target,
        "attack_object_name": target and f"name of {target}",
        "references": [],
        "capability_description": theme and f"about {theme}",
        "capability_id": theme,
        "mapping_type": kind,
        "capability_group": theme and "AC",
        "status": "complete",
        **more,
    }


METADATA = {
    "mapping_version": "",
    "attack_version": "16.1",
    "technology_domain": "enterprise",
    "author": "",
    "last_update": "01/13/2022",
    "mapping_framework": "nist_800_53",
    "mapping_framework_version": "rev5",
    "mapping_types": {"mitigates": {"name": "Mitigates", "description": ""}},
    "capability_groups": {"AC": "Access Control"},
}
FILE = {
    "metadata": METADATA,
    "mapping_objects": [
        mapping_object(None, "T3", None, status="non_mappable", comments="no mitigations"),
        mapping_object("AC-1", "T1", score_category="protect", score_value="partial", related_score="T0"),
        mapping_object("AC-1", "T1", score_category="detect", references=["https://example.org/a;b", "https://c"]),
        mapping_object("AC-2", None, None, status="non_mappable"),
        mapping_object("AC-3", "T1", None, status="non_mappable", tags=["x", "y"]),
    ],
}


def test_what_the_status_alone_calls_non_mappable_is_none(tmp_path: Path) -> None:
    study = pg.read_study(save(tmp_path, "nist.json", FILE))
    assert triples(study) == {
        ("AC-1", "T1", "intersects"),
        ("AC-2", "", "none"),
        ("AC-3", "T1", "none"),
        *{(theme, "T3", "none") for theme in ("AC-1", "AC-2", "AC-3")},
    }
    assert "ontradiction" not in said(study)
    assert study.links["tags"].dropna().tolist() == ["x;y"]


def test_scores_and_metadata_of_a_mapping_are_written_again(tmp_path: Path) -> None:
    study = pg.read_study(save(tmp_path, "nist.json", FILE))
    study.write(tmp_path / "again.mapping.json")
    written = json.loads((tmp_path / "again.mapping.json").read_text(encoding="utf-8"))
    kept = ("attack_version", "technology_domain", "mapping_framework", "last_update")
    assert {name: written["metadata"][name] for name in kept} == {name: METADATA[name] for name in kept}
    assert written["metadata"]["mapping_types"]["mitigates"]["name"] == "Mitigates"
    pair, twin = (one for one in written["mapping_objects"] if one["mapping_type"] == "mitigates")
    assert (pair["score_category"], pair["score_value"], pair["related_score"]) == ("protect", "partial", "T0")
    assert twin["references"] == ["https://example.org/a%3Bb", "https://c"]
    assert all(
        (one["status"] == "non_mappable") == (one["mapping_type"] == "non_mappable")
        for one in written["mapping_objects"]
    )
    assert triples(pg.read_study(tmp_path / "again.mapping.json")) == triples(study)


def test_an_infinite_number_is_no_id(tmp_path: Path) -> None:
    text = '{"mapping_objects": [{"capability_id": 1e999, "attack_object_id": "b"}]}'
    with pytest.raises(pg.StudyError, match="1e999 is larger than any number"):
        pg.read_study(save(tmp_path, "x.json", text))


@pytest.mark.parametrize(
    ("objects", "problem"),
    [([], "it maps nothing"), ([mapping_object(None, "T1", "non_mappable")], "it has no themes")],
)
def test_a_file_that_maps_nothing_says_so(tmp_path: Path, objects: list[Any], problem: str) -> None:
    with pytest.raises(pg.StudyError, match=f"^x.json: {problem}"):
        pg.read_study(save(tmp_path, "x.json", {"mapping_objects": objects}))


# -- OSCAL


def item(name: str, key: str = "id-ref") -> list[dict[str, str]]:
    return [{"type": "control", key: name}]


def collection(*mappings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mapping-collection": {"metadata": {"title": "T"}, "mappings": list(mappings), **more}}


def mapping(target: str, *maps: dict[str, Any], unmapped: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    gaps = {"source-gap-summary": {"unmapped-controls": [{"with-ids": list(unmapped)}]}} if unmapped else {}
    return {
        "source-resource": {"type": "catalog", "href": "a.json"},
        "target-resource": {"type": "catalog", "href": target},
        "maps": list(maps),
        **gaps,
        **more,
    }


def oscal_map(source: str, target: str, relationship: str = "equal-to", **more: Any) -> dict[str, Any]:
    return {"relationship": relationship, "sources": item(source), "targets": item(target), **more}


def test_a_gap_of_one_mapping_is_none_in_another(tmp_path: Path) -> None:
    content = collection(
        mapping("b.json", oscal_map("a-1", "b-1"), unmapped=("a-2", "a-3")),
        mapping("c.json", oscal_map("a-2", "c-1"), unmapped=("a-3",)),
    )
    study = pg.read_study(save(tmp_path, "x.oscal.json", content))
    assert triples(study) == {
        ("a-1", "b-1", "equal"),
        ("a-2", "c-1", "equal"),
        ("a-2", "b-1", "none"),
        ("a-3", "", "none"),  # a gap of every mapping
    }
    assert "ontradiction" not in said(study)


def test_an_id_of_two_frameworks_is_told(tmp_path: Path) -> None:
    content = collection(mapping("b.json", oscal_map("a-1", "x-1")), mapping("c.json", oscal_map("a-1", "x-1")))
    study = pg.read_study(save(tmp_path, "x.oscal.json", content))
    assert "Targets whose id stands in several frameworks (1): x-1 are read as one." in said(study)


def test_what_a_map_says_beside_its_relation_is_kept_or_told(tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "qualifiers": [{"subject": "target", "predicate": "has-requirement", "category": "r", "description": "More"}],
        "confidence-score": {"category": "high", "percentage": 0.98},
        "coverage": {"target-coverage": 0.7},
        "props": [{"name": "a", "value": "b"}],
    }
    content = collection(
        mapping("#b", oscal_map("a-1", "b-1", **more), status="draft"),
        **{"back-matter": {"resources": [{"uuid": "b", "title": "Framework B"}]}},
    )
    study = pg.read_study(save(tmp_path, "x.oscal.json", content))
    link = study.links.iloc[0]
    assert (link["confidence"], link["coverage"]) == ("0.98", "0.7")
    assert link["qualifiers"] == "target has-requirement r: More"
    assert "Framework B" in set(study.tables["sources"]["title"])
    assert "have no place in a study were left out: props (1), status (1)" in said(study)


def test_the_name_that_a_library_gives_to_id_ref_is_understood(tmp_path: Path) -> None:
    one = {"relationship": "subset-of", "sources": item("a-1", "id_ref"), "targets": item("b-1", "id_ref")}
    study = pg.read_study(save(tmp_path, "x.oscal.json", collection(mapping("b.json", one))))
    assert triples(study) == {("a-1", "b-1", "subset")}


def test_a_relationship_of_another_namespace_is_told(tmp_path: Path) -> None:
    one = oscal_map("a-1", "b-1", "feeds", ns="https://example.org/ns")
    study = pg.read_study(save(tmp_path, "x.oscal.json", collection(mapping("b.json", one))))
    assert triples(study) == {("a-1", "b-1", "intersects")}
    assert "'feeds' of map 1 of mapping 1 is of another namespace" in said(study)


def test_a_wide_file_of_json_is_known_by_what_it_holds(tmp_path: Path) -> None:
    text = json.dumps(collection(mapping("b.json", oscal_map("a-1", "b-1"))))
    assert triples(pg.read_study(save(tmp_path, "x.json", text.encode("utf-16")))) == {("a-1", "b-1", "equal")}


@pytest.mark.parametrize(
    ("name", "problem"),
    [("x.oscal.json", "holds no mapping-collection"), ("x.mapping.json", "holds no list of mapping_objects")],
)
def test_a_file_of_another_kind_under_the_name_of_a_format_is_told_by_its_reader(
    tmp_path: Path, name: str, problem: str
) -> None:
    with pytest.raises(pg.StudyError, match=problem):
        pg.read_study(save(tmp_path, name, [1]))


# -- plain tables


@pytest.mark.parametrize(
    ("text", "expected", "remark"),
    [
        ("Theme,CSF\nAC-1,PR.1\n", {("AC-1", "PR.1", "intersects")}, "no column of relations"),
        (
            "NIST Control,CSF\nAC-1,PR.1\n",
            {("NIST Control", "CSF", "intersects"), ("AC-1", "PR.1", "intersects")},
            r"the first row (NIST Control, CSF) is read as a pair too",
        ),
        (
            "Focal Document Element;Relationship Type;Reference Document Element\nAC-1;subset of;PR.1\n",
            {("AC-1", "PR.1", "subset")},
            "",
        ),
        (
            "theme,target,relation\nA,B,equal\nA,B,subset\nA,B,subset\n",
            {("A", "B", "equal"), ("A", "B", "subset")},
            "Pairs with more than one relation (1): A – B. All are kept.\nRows that repeat another in every column: 1.",
        ),
        ('theme,target\n"a;b\nc",d\n', {("a,b c", "d", "intersects")}, "are spelt without them ((1): a,b c)"),
        ("theme,target\n=cmd|x!A0,@SUM(1)\n", {("=cmd|x!A0", "@SUM(1)", "intersects")}, ""),
    ],
)
def test_odd_tables_are_read_and_told(tmp_path: Path, text: str, expected: Triples, remark: str) -> None:
    study = pg.read_study(save(tmp_path, "crosswalk.csv", text))
    assert triples(study) == expected
    assert remark in said(study)


def test_other_columns_of_a_table_are_kept(tmp_path: Path) -> None:
    text = "theme,target,relation,Comment,weight,coder\nA,B,equal,why,3,ann\nC,,none,looked,,bo\n"
    study = pg.read_study(save(tmp_path, "crosswalk.csv", text))
    assert study.links["Comment"].tolist() == ["why", "looked"]
    assert study.links["coder"].tolist() == ["ann", "bo"]
    assert study.links["file_weight"].dropna().tolist() == ["3"]


# -- anything at all

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def with_anything(keys: tuple[str, ...], one: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object some of whose values are anything."""
    return st.dictionaries(st.sampled_from(keys), ANYTHING, max_size=3).map(lambda change: {**one, **change})


OBJECTS = with_anything(
    (*mapping_object("a", "b"), "score_value", "theme", "weight", "self"), mapping_object("AC-1", "T1", "mitigates")
)
MAPS = with_anything(
    ("relationship", "sources", "targets", "qualifiers", "coverage", "confidence-score", "remarks", "ns"),
    oscal_map("a-1", "b-1"),
)
MAPPINGS = st.builds(
    lambda maps, change: {**mapping("b.json", *maps), **change},
    st.lists(MAPS, max_size=3),
    st.dictionaries(
        st.sampled_from(("source-resource", "target-resource", "maps", "source-gap-summary", "target-gap-summary")),
        ANYTHING,
        max_size=2,
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.builds(lambda said, rows: {"metadata": said, "mapping_objects": rows}, ANYTHING, st.lists(OBJECTS))
    | st.builds(lambda rows, end: collection(*rows, **{"back-matter": end}), st.lists(MAPPINGS), ANYTHING)
)
def test_json_of_any_shape_is_a_study_or_an_error_and_what_is_read_can_be_written(tmp_path: Path, content: Any) -> None:
    path = save(tmp_path, "x.json", content)
    try:
        study = pg.read_study(path)
    except pg.PolicyGapError:
        return
    study.write(tmp_path / "y.zip")
    assert pg.read_study(tmp_path / "y.zip") == study
    study.write(tmp_path / "y.sssom.tsv")
    assert triples(pg.read_study(tmp_path / "y.sssom.tsv")) == triples(study)


CELLS = st.sampled_from(
    ["a:1", "sssom:NoTermFound", "skos:exactMatch", "Not", '"', "x|y", "rdfs literal", "0.5", "", "'"]
)
COLUMNS = ("subject_id", "subject_label", "subject_type", "predicate_id", "object_id", "object_source", "theme", "")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.permutations(COLUMNS),
    rows=st.lists(st.lists(CELLS, max_size=9), max_size=4),
    metadata=st.dictionaries(st.sampled_from(("curie_map", "object_source", "license", "a")), ANYTHING, max_size=3),
)
def test_a_table_of_any_cells_is_a_study_or_an_error_and_what_is_read_can_be_written(
    tmp_path: Path, columns: list[str], rows: list[list[str]], metadata: dict[str, Any]
) -> None:
    above = "".join(f"#{key}: {json.dumps(value)}\n" for key, value in metadata.items())
    table = "\n".join("\t".join(row) for row in [columns, *rows])
    path = save(tmp_path, "x.sssom.tsv", above + table)
    try:
        study = pg.read_study(path)
    except pg.PolicyGapError:
        return
    study.write(tmp_path / "folder")
    assert pg.read_study(tmp_path / "folder") == study
    study.write(tmp_path / "y.sssom.tsv")
    assert triples(pg.read_study(tmp_path / "y.sssom.tsv")) == triples(study)


@pytest.mark.filterwarnings("ignore")  # of another library, about itself
def test_an_independent_library_accepts_a_set_that_is_written_again(tmp_path: Path) -> None:
    from sssom.parsers import parse_sssom_table
    from sssom.validators import validate

    metadata = (
        '#curie_map:\n#  a: "https://example.org/a/"\n#  b: "https://example.org/b/"\n#  s: "https://example.org/s/"\n'
        "#mapping_set_id: https://example.org/s\n#license: https://example.org/l\n#mapping_date: 2020-01-01\n"
        "#object_source: s:b\n#creator_id:\n#  - s:me\n"
    )
    header = f"{HEADER}\tauthor_label\tconfidence\tpredicate_modifier"
    rows = [
        "a:1\towl:equivalentClass\tb:1\tsemapv:ManualMappingCuration\tAnn|Bo\t0.5\t",
        "a:2\tskos:exactMatch\tsssom:NoTermFound\tsemapv:ManualMappingCuration\tAnn\t\t",
        "a:1\tskos:closeMatch\tb:2\tsemapv:ManualMappingCuration\t\t\tNot",
    ]
    study = pg.read_study(save(tmp_path, "x.sssom.tsv", sssom(*rows, header=header, metadata=metadata)))
    study.write(tmp_path / "y.sssom.tsv")
    read = parse_sssom_table(tmp_path / "y.sssom.tsv")
    validate(read)
    assert sorted(read.df["subject_id"]) == ["a:1", "a:1", "a:2"]
    assert set(read.df["mapping_date"].astype(str)) == {"2020-01-01"}
    study.write(tmp_path / "z.oscal.json")
    pg.read_study(tmp_path / "z.oscal.json").write(tmp_path / "z.mapping.json")
    pg.read_study(tmp_path / "z.mapping.json").write(tmp_path / "z.csv")
    expected = {(theme, target.removeprefix("b:"), relation) for theme, target, relation in triples(study)}
    assert {
        (theme, target.removeprefix("b:"), relation)
        for theme, target, relation in triples(pg.read_study(tmp_path / "z.csv"))
    } == expected
