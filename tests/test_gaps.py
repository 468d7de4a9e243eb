"""Every code lands in one class of its table, on figures that a naive loop gives too, in words that fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policygap import (
    DecisionTable,
    DecisionTableError,
    Study,
    UsageError,
    build_study,
    built_in_table,
    find_gaps,
    measure_coverage,
)
from policygap.gaps import Gap, answer_of, describe_answer, describe_callers, recommendation_echo
from policygap.testing import studies

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[dict[str, Any]]
few = settings(max_examples=max(settings.default.max_examples // 18, 1))  # a study takes its time to build
STRENGTH = {
    "presence": ("named", "mentioned", "absent", "excluded", "not_evidenced"),
    "emphasis": ("stronger", "equal", "weaker"),
    "commitment": ("fund", "act", "promote", "consider", "acknowledge", "none"),
}


# -- a study of the smallest kind --------------------------------------------------------------------------------------


def small(  # a study with one call by each of two speakers, one of them a whole group
    *, responses: Rows | None = None, codings: Rows | None = None, links: Rows | None = None, **tables: Any
) -> Study:
    made: dict[str, Any] = {
        "sources": [
            {"id": "memo", "title": "The memo", "kind": "synthesis"},
            {"id": "plan", "title": "The plan", "kind": "strategy"},
        ],
        "groups": [{"id": "towns", "label": "Towns"}, {"id": "firms", "label": "Firms"}],
        "actors": [{"id": "mill", "label": "The mill", "group": "firms"}],
        "themes": [
            {"id": "buses", "label": "More buses", "label_nb": "Flere busser"},
            {"id": "parks", "label": "Parks"},
        ],
        "targets": [
            {"id": "A", "kind": "focus_area", "label": "Transport"},
            {"id": "B", "kind": "focus_area", "label": "Health"},
            {"id": "R", "kind": "recommendation", "label": "Buy buses", "type": "proposal"},
            {"id": "F", "kind": "recommendation", "label": "A field", "type": "field"},
        ],
        "statements": [
            {"id": "s1", "speaker": "mill", "text": "More buses", "kind": "call", "addressees": "state; county"},
            {"id": "s2", "speaker": "towns", "text": "Buses at night", "kind": "call", "addressees": "county"},
            {"id": "s3", "speaker": "towns", "text": "Parks are green", "kind": "example", "addressees": "state"},
        ],
        "codings": codings
        or [
            {"statement": "s1", "code": "buses"},
            {"statement": "s1", "code": "A"},
            {"statement": "s2", "code": "buses"},
            {"statement": "s2", "code": "A"},
            {"statement": "s3", "code": "parks"},
            {"statement": "s3", "code": None, "kind": "focus_area"},
        ],
        "links": links,
        "responses": responses,
    }
    return build_study(name="small", **{name: rows for name, rows in {**made, **tables}.items() if rows})


def gaps_of(study: Study, **options: Any) -> dict[str, Gap]:
    return {gap.subject: gap for gap in find_gaps(measure_coverage(study), **options)}


# -- every code, once, in the class that a naive loop finds ------------------------------------------------------------


def rows_of(study: Study, table: str) -> Rows:
    frame = study.tables[table].astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def counted_statements(study: Study) -> dict[str, dict[str, Any]]:
    return {
        row["id"]: row
        for row in rows_of(study, "statements")
        if row["counted"] is not False and row["voice"] != "synthesis" and row["restates"] is None
    }


def main_codings(study: Study) -> Rows:
    """Coders' codings of counted statements, main reading."""
    counted = counted_statements(study)
    return [
        row
        for row in rows_of(study, "codings")
        if row["statement"] in counted and row["basis"] in (None, "coder") and row["reading"] in (None, "both", "main")
    ]


def calls_for(study: Study, code: str) -> list[str]:
    """Counted calls coded with a code, not against, in the study's order."""
    counted = counted_statements(study)
    called = {row["statement"] for row in main_codings(study) if row["code"] == code and row["polarity"] != "against"}
    return [name for name, row in counted.items() if name in called and row["kind"] == "call"]


def is_assessed(study: Study, kind: str) -> bool:
    kinds = {code.id: code.kind for code in study.codes}
    return any((kinds[row["code"]] if row["code"] else row["kind"]) == kind for row in main_codings(study))


def answer_by_hand(study: Study, subject: str) -> dict[str, str | None]:
    mine = [row for row in rows_of(study, "responses") if row["subject"] == subject]
    return {
        name: next((word for word in words if any(row[name] == word for row in mine)), None)
        for name, words in STRENGTH.items()
    }


@few
@given(studies(shape="statements"))
def test_every_theme_is_in_the_class_that_its_rows_give(study: Study) -> None:
    gaps = gaps_of(study)
    table = built_in_table("theme")
    for theme in study.themes:
        demand = (1.0 if calls_for(study, theme.id) else 0.0) if is_assessed(study, "theme") else None
        gap = gaps[theme.id]
        expected = table.decide(demand=demand, **answer_by_hand(study, theme.id))
        assert (gap.kind, gap.row, gap.table) == (expected.outcome, expected.row, "theme")
        assert gap.is_gap is (gap.kind in ("unmet_call", "weakly_met", "no_answer_found", "excluded"))


@few
@given(studies())
def test_every_code_is_in_exactly_one_class_of_its_table(study: Study) -> None:
    gaps = find_gaps(measure_coverage(study))
    expected = {theme.id: "theme" for theme in study.themes}
    for target in study.targets:
        if target.kind != "recommendation":
            expected[target.id] = "target"
        elif target.type in (None, "proposal"):
            expected[target.id] = "recommendation"
    assert len(gaps) == len(expected)
    assert {gap.subject: gap.table for gap in gaps} == expected
    for gap in gaps:
        assert gap.kind in built_in_table(gap.table).outcomes
        assert built_in_table(gap.table).rows[gap.row - 1].outcome == gap.kind


@few
@given(studies())
def test_a_missing_figure_becomes_no_class_but_not_assessed(study: Study) -> None:
    for gap in find_gaps(measure_coverage(study)):
        figures = gap.figures
        if gap.table == "theme" and figures["demand"] is None:
            assert gap.kind == "not_assessed"
        if gap.table == "target" and (figures["attention"] is None or figures["ratio"] is None):
            assert gap.kind == "not_assessed"
        if gap.table == "recommendation" and figures["echoed"] is None:
            assert gap.kind not in ("unmet_echoed", "not_taken_up")


@few
@given(studies(shape="both"))
def test_a_target_is_decided_on_its_own_ratio(study: Study) -> None:
    coverage = measure_coverage(study)
    for gap in find_gaps(coverage):
        if gap.table == "target":
            ratio = coverage.figure("ratio", gap.subject)
            bands = ((0, "unattended"), (0.6666, "weak_attention"), (1.4999, "as_expected"))
            near = next((name for edge, name in bands if ratio is not None and ratio <= edge), "strong_attention")
            assert gap.kind == ("not_assessed" if ratio is None else near)


@few
@given(studies(shape="both"))
def test_order_is_table_then_row_then_demand_then_id(study: Study) -> None:
    gaps = find_gaps(measure_coverage(study))
    tables = ("theme", "recommendation", "target")
    keys = [(tables.index(gap.table), gap.row, -(gap.figures["demand"] or 0), gap.subject) for gap in gaps]
    assert keys == sorted(keys)


@few
@given(studies(shape="statements"), st.randoms())
def test_the_order_of_rows_never_matters_to_classes(study: Study, random: Any) -> None:
    shuffled = {}
    for name in ("themes", "targets", "codings", "responses", "actors"):
        order = list(range(len(study.tables[name])))
        random.shuffle(order)
        shuffled[name] = study.tables[name].iloc[order]
    other = study.with_tables(**{name: frame for name, frame in shuffled.items() if len(frame)})
    assert [(gap.subject, gap.kind, gap.row) for gap in find_gaps(measure_coverage(study))] == [
        (gap.subject, gap.kind, gap.row) for gap in find_gaps(measure_coverage(other))
    ]


# -- the evidence behind -----------------------------------------------------------------------------------------------


@few
@given(studies(shape="statements"))
def test_behind_a_theme_that_is_called_for_stand_its_calls(study: Study) -> None:
    speaker = {row["id"]: row["speaker"] for row in rows_of(study, "statements")}
    groups = {group.id for group in study.groups}
    for subject, gap in gaps_of(study).items():
        calls = calls_for(study, subject)
        if gap.table == "theme" and calls:
            assert list(gap.statements) == calls
            who = {speaker[name] for name in calls}
            assert (gap.figures["calling_speakers"], gap.figures["calling_groups"]) == (len(who), len(who & groups))


def behind_by_design(study: Study, unit: str) -> dict[str, list[str]]:
    """The statements that a naive reader would lay beside each gap, in the study's order."""
    groups = {group.id for group in study.groups}
    heard = [row for row in rows_of(study, "statements") if unit != "actor" or row["speaker"] not in groups]
    codings = main_codings(study)
    about = {code.id: {row["statement"] for row in codings if row["code"] == code.id} for code in study.codes}
    calls = {code.id: set(calls_for(study, code.id)) for code in study.codes}
    kinds = {code.id: code.kind for code in study.codes}
    assessed = {kinds.get(row["code"], row["kind"]) for row in codings if row["statement"] in {r["id"] for r in heard}}
    behind: dict[str, list[str]] = {}
    for code in study.codes:
        ids = about[code.id]
        if code.kind in ("theme", "recommendation") and any(row["id"] in calls[code.id] for row in heard):
            ids = calls[code.id]
        related = [
            link["theme"]
            for link in rows_of(study, "links")
            if link["target"] == code.id and link["relation"] != "none"
        ]
        if code.kind == "recommendation" and "recommendation" not in assessed:
            ids = {name for theme in related for name in calls[theme]}
        behind[code.id] = [row["id"] for row in heard if row["id"] in ids]
    return behind


@few
@given(studies(), st.sampled_from(["speaker", "actor"]))
def test_every_gap_lays_the_statements_of_a_naive_reader_beside_it(study: Study, unit: str) -> None:
    if not len(study.statements):
        return
    coverage = measure_coverage(study, unit=unit)
    speaker = {row["id"]: row["speaker"] for row in rows_of(study, "statements")}
    groups = {group.id for group in study.groups}
    expected = behind_by_design(study, unit)
    links = [(row["theme"], row["target"], row["relation"] or "related") for row in rows_of(study, "links")]
    for gap in find_gaps(coverage):
        assert list(gap.statements) == expected[gap.subject]
        assert gap.choices == coverage.choices
        of_it = sorted(" ".join(link) for link in links if link[1] == gap.subject)
        assert list(gap.links) == (of_it if gap.table == "recommendation" else [])
        if gap.table == "target" and gap.figures["whole_groups"] is not None:
            assert gap.figures["whole_groups"] == len({speaker[name] for name in gap.statements} & groups)


@few
@given(
    studies(shape="statements"),
    st.sampled_from(["speaker", "actor"]),
    st.sampled_from(["equal", "group"]),
)
def test_whole_groups_are_never_more_than_the_units_they_are_among(study: Study, unit: str, weights: str) -> None:
    for gap in find_gaps(measure_coverage(study, unit=unit, weights=weights)):
        figures = gap.figures
        if figures["calling"] is None:
            continue
        assert figures["calling_speakers"] == figures["calling"]
        assert figures["calling_groups"] <= figures["calling"]
        assert figures["whole_groups"] <= figures["units"] <= figures["assessed"]


@few
@given(studies(shape="statements"))
def test_contested_means_explicit_codings_both_for_and_against(study: Study) -> None:
    said: dict[str, set[str]] = {}
    for row in main_codings(study):
        said.setdefault(row["code"], set()).add(row["polarity"])
    for subject, gap in gaps_of(study).items():
        assert gap.contested is ({"for", "against"} <= said.get(subject, set()))


def test_an_unspecified_polarity_is_not_for() -> None:
    codings = [
        {"statement": "s1", "code": "buses"},
        {"statement": "s2", "code": "buses", "polarity": "against"},
    ]
    assert not gaps_of(small(codings=codings))["buses"].contested
    codings[0]["polarity"] = "for"
    gap = gaps_of(small(codings=codings))["buses"]
    assert gap.contested
    assert gap.sentence().endswith("Contested: explicit codings for and against.")
    assert gap.sentence("nb").endswith("Omstridt: uttrykkelig kodet både for og imot.")


def test_a_gap_names_its_figures_responses_and_links() -> None:
    study = small(
        responses=[
            {"subject": "buses", "presence": "absent", "source": "plan", "locator": "p. 3"},
            {"subject": "R", "presence": "absent"},
        ],
        links=[
            {"theme": "buses", "target": "R", "relation": "equal"},
            {"theme": "parks", "target": "R", "relation": "none"},
        ],
    )
    gaps = gaps_of(study)
    assert (gaps["buses"].kind, gaps["buses"].responses) == ("unmet_call", ("plan p. 3",))
    assert gaps["buses"].figures["presence"] == "absent"
    assert gaps["R"].kind == "unmet_echoed"
    assert gaps["R"].links == ("buses R equal", "parks R none")
    assert gaps["R"].statements == ("s1", "s2")
    flat = gaps["buses"].to_dict()
    assert (flat["statement_ids"], flat["statements"]) == ("s1;s2", 2)  # which, and how many
    assert flat["sentence"] == "More buses: called for by 2 of 2 speakers, 1 of them a whole group; the policy: absent."


def test_a_gap_as_a_flat_record() -> None:
    judged = [
        {"subject": "buses", "presence": "named", "source": "memo", "locator": "3.1"},
        {"subject": "buses", "emphasis": "weaker", "source": "review"},
    ]
    sources = [{"id": name, "title": name, "kind": "synthesis"} for name in ("memo", "review")]
    links = [{"theme": "buses", "target": "R", "relation": "equal"}, {"theme": "parks", "target": "R"}]
    gaps = gaps_of(small(responses=judged, links=links, sources=sources))
    assert gaps["buses"].to_dict() == {
        "kind": "weakly_met", "subject": "buses", "label": "More buses",
        "table": "theme", "row": gaps["buses"].row, "is_gap": True, "contested": False,
        "demand": 1.0, "presence": "named", "emphasis": "weaker", "commitment": None,
        "statements": 2, "speakers": 2, "whole_groups": 1, "assessed": 2, "units": 2, "calling": 2,
        "calling_speakers": 2, "calling_groups": 1, "unit": "speaker",
        "attention": 1.0, "share": gaps["buses"].figures["share"],
        "attributed_to": "memo;review", "benchmark": "", "statement_ids": "s1;s2",
        "responses": "memo 3.1;review", "links": "",
        "sentence": "More buses: called for by 2 of 2 speakers, 1 of them a whole group; the policy: named, "
        "weaker emphasis than the input. (as memo, review judges)",
    }  # fmt: skip
    target = gaps["A"].to_dict()
    assert (target["benchmark"], target["ratio"], target["attributed_to"]) == ("an equal split", 2.0, "")
    assert gaps["R"].to_dict()["links"] == "buses R equal;parks R related"


def test_a_finding_in_norwegian_has_norwegian_words_and_figures() -> None:
    pages = measure_coverage(small(), benchmark={"A": 3, "B": 1}, benchmark_name="andelen av sidene")
    gaps = {gap.subject: gap for gap in find_gaps(pages)}
    assert gaps["A"].sentence("nb") == (
        "Transport: berørt av 2 av 2 avsendere, 1 av dem en hel gruppe; "
        "andelen er 100\N{NO-BREAK SPACE}%, 1,33 ganger andelen av sidene."
    )
    assert gaps["B"].sentence("nb").startswith("Health: berørt av 0 av 2")
    assert gaps["buses"].sentence("nb").endswith("ikke vurdert.")


def test_a_target_says_how_many_of_whom_touch_it_and_names_the_benchmark() -> None:
    gap = gaps_of(small())["A"]
    assert gap.figures["assessed"] == 2
    assert gap.sentence() == (
        "Transport: touched by 2 of 2 speakers, 1 of them a whole group; its share is 100%, 2.00 times an equal split."
    )
    pages = measure_coverage(small(), benchmark={"A": 3, "B": 1}, benchmark_name="the share of pages")
    named = next(gap for gap in find_gaps(pages) if gap.subject == "A")
    assert named.sentence().endswith("1.33 times the share of pages.")


# -- answers -----------------------------------------------------------------------------------------------------------


@few
@given(studies())
def test_an_answer_is_the_strongest_word_in_each_field(study: Study) -> None:
    for code in study.codes:
        answer = answer_of(study, code.id)
        said = {name: getattr(answer, name) for name in STRENGTH}
        assert said == answer_by_hand(study, code.id)


def test_input_echoes_a_recommendation_by_own_calls_else_by_linked_themes_else_nobody_knows() -> None:
    links = [{"theme": "parks", "target": "R", "relation": "subset"}]
    assert recommendation_echo(measure_coverage(small()), "R") == (None, ())
    assert recommendation_echo(measure_coverage(small(links=links)), "R") == (False, ())
    links[0]["theme"] = "buses"
    assert recommendation_echo(measure_coverage(small(links=links)), "R") == (True, ("buses",))
    links[0]["relation"] = "none"
    assert recommendation_echo(measure_coverage(small(links=links)), "R") == (None, ())
    codings = [{"statement": "s1", "code": "buses"}, {"statement": "s3", "code": "R"}]
    links[0]["relation"] = "equal"
    assert recommendation_echo(measure_coverage(small(codings=codings, links=links)), "R") == (False, ())
    codings[1]["statement"] = "s2"
    assert recommendation_echo(measure_coverage(small(codings=codings, links=links)), "R") == (True, ())
    unspecified = [{"theme": "buses", "target": "R"}, {"theme": "parks", "target": None, "relation": "none"}]
    assert recommendation_echo(measure_coverage(small(links=unspecified)), "R") == (True, ("buses",))


# -- words follow the evidence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("presence", ["absent", "excluded", "mentioned", "named", "not_evidenced"])
def test_what_only_a_synthesis_judges_is_told_as_its_judgement_and_never_as_unmet(presence: str) -> None:
    by_memo = {"subject": "buses", "presence": presence, "source": "memo"}
    gap = gaps_of(small(responses=[by_memo, {**by_memo, "locator": "2.1"}]))["buses"]
    assert gap.attributed_to == ("memo",)
    assert gap.sentence().endswith("(as memo judges)")
    assert gap.sentence("nb").endswith("(slik memo vurderer det)")
    assert "unmet" not in gap.sentence().casefold()
    for other in ({**by_memo, "source": "plan"}, {**by_memo, "source": None}):
        plain = gaps_of(small(responses=[by_memo, other]))["buses"]
        assert plain.attributed_to == ()
        assert "judges" not in plain.sentence()


def test_without_any_response_nobody_judges() -> None:
    gap = gaps_of(small())["buses"]
    assert gap.kind == "not_assessed"
    assert gap.attributed_to == ()
    assert describe_answer(gap.figures, "en") == "no answer coded"
    assert describe_answer(gap.figures, "nb") == "ikke noe svar kodet"


def test_who_speaks_for_it_is_not_counted_where_nobody_looked() -> None:
    nowhere = {"assessed": None, "calling": 1, "unit": "speaker"}
    assert describe_callers(nowhere, "nb") == describe_callers({**nowhere, "assessed": 2, "calling": None}, "nb")
    assert describe_callers(nowhere, "nb") != describe_callers(nowhere, "en")


@few
@given(studies())
def test_every_gap_has_a_sentence_in_every_language_without_a_trace_of_python(study: Study) -> None:
    plain = study.with_tables(
        themes=study.tables["themes"].assign(label="L", label_nb="M"),
        targets=study.tables["targets"].assign(label="L", label_nb="M"),
    )
    for gap in find_gaps(measure_coverage(plain)):
        for language, label in (("en", "L"), ("nb", "M")):
            sentence = gap.sentence(language)
            assert sentence.startswith(f"{label}: ")
            assert not re.search(r"True|False|None|\bnan\b|[{}_]", sentence)


# -- one addressee -----------------------------------------------------------------------------------------------------


def test_an_addressee_gets_the_themes_of_the_calls_to_it_alone() -> None:
    gaps = gaps_of(small(), addressee="state")
    assert set(gaps) == {"buses"}  # s3 is addressed to the state too, and calls for nothing
    assert gaps["buses"].statements == ("s1",)
    county = gaps_of(small(), addressee="county")
    assert county["buses"].statements == ("s1", "s2")
    assert county["buses"].figures["demand"] == 1.0


def test_an_addressee_is_counted_as_the_rest_was() -> None:
    by_actor = find_gaps(measure_coverage(small(), unit="actor"), addressee="county")
    assert [(gap.subject, gap.figures["unit"], gap.figures["assessed"]) for gap in by_actor] == [("buses", "actor", 1)]


def test_an_unknown_addressee_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(UsageError) as caught:
        gaps_of(small(), addressee="stat")
    assert str(caught.value) == "addressee: nothing is addressed to 'stat'; did you mean 'state'?"
    with pytest.raises(UsageError) as caught:
        gaps_of(small(), addressee="pope")
    assert str(caught.value) == "addressee: nothing is addressed to 'pope'; use one of county, state"
    quiet = small(statements=[{"id": "s1", "speaker": "mill", "text": "x"}], codings=[{"statement": "s1", "code": "A"}])
    with pytest.raises(UsageError, match="; fill in the column addressees of the statements"):
        gaps_of(quiet, addressee="state")


@few
@given(studies(shape="statements"))
def test_gaps_of_an_addressee_rest_on_statements_to_it(study: Study) -> None:
    lists = {row["id"]: (row["addressees"] or "").split(";") for row in rows_of(study, "statements")}
    for addressee in ("state", "county"):
        if not any(addressee in items for items in lists.values()):
            continue
        for gap in find_gaps(measure_coverage(study), addressee=addressee):
            assert gap.table == "theme"
            assert gap.statements
            for name in gap.statements:
                assert addressee in lists[name]
                assert name in calls_for(study, gap.subject)


# -- tables of one's own -----------------------------------------------------------------------------------------------

LOUD = """
name = "loud"
gaps = ["loud"]

[[inputs]]
name = "calling_speakers"
bands = [{ name = "few", upto = 1 }, { name = "many" }]

[[rows]]
when = { calling_speakers = "many" }
outcome = "loud"

[[rows]]
when = { calling_speakers = ["few", "unknown"] }
outcome = "quiet"
"""


def test_a_table_of_ones_own_decides_in_python_and_from_a_file_alike(tmp_path: Path) -> None:
    file = tmp_path / "loud.toml"
    file.write_text(LOUD, encoding="utf-8")
    from_file = gaps_of(small(), tables={"theme": file})
    assert {name: gap.kind for name, gap in from_file.items() if gap.table == "loud"} == {
        "buses": "loud",
        "parks": "quiet",
    }
    assert from_file["buses"].is_gap
    assert not from_file["parks"].is_gap
    assert from_file["A"].table == "target"
    assert from_file["buses"].sentence() == "More buses: loud; 2 of 2 speakers, 1 of them a whole group."
    table = DecisionTable(
        name="loud",
        gaps=["loud"],
        inputs=[{"name": "calling_speakers", "bands": [{"name": "few", "upto": 1}, {"name": "many"}]}],
        rows=[
            {"when": {"calling_speakers": "many"}, "outcome": "loud"},
            {"when": {"calling_speakers": ["few", "unknown"]}, "outcome": "quiet"},
        ],
    )
    assert gaps_of(small(), tables={"theme": table}) == gaps_of(small(), tables={"theme": str(file)}) == from_file


def test_an_input_that_nobody_computes_is_refused_and_not_taken_for_unknown(tmp_path: Path) -> None:
    file = tmp_path / "loud.toml"
    file.write_text(LOUD.replace("calling_speakers", "calling_speaker"), encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean 'calling_speakers'"):
        gaps_of(small(), tables={"theme": file})


def test_an_unknown_table_or_a_faulty_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'themes' is no table; did you mean 'theme'"):
        gaps_of(small(), tables={"themes": built_in_table("theme")})
    file = tmp_path / "loud.toml"
    file.write_text(LOUD.replace('["few", "unknown"]', '"few"'), encoding="utf-8")
    with pytest.raises(DecisionTableError, match="no row decides calling_speakers=unknown"):
        gaps_of(small(), tables={"theme": file})


def test_a_study_of_links_alone_has_targets_by_themes_and_themes_not_assessed() -> None:
    study = build_study(
        themes=[{"id": "t1", "label": "T1"}, {"id": "t2", "label": "T2"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}, {"id": "B", "kind": "focus_area", "label": "B"}],
        links=[{"theme": "t1", "target": "A", "relation": "equal"}, {"theme": "t2", "relation": "none"}],
    )
    gaps = gaps_of(study)
    assert {name: gap.kind for name, gap in gaps.items()} == {
        "t1": "not_assessed",
        "t2": "not_assessed",
        "A": "strong_attention",
        "B": "unattended",
    }
    assert gaps["A"].links == ("t1 A equal",)
    assert gaps["A"].sentence() == "A: touched by 1 of 2 themes; its share is 100%, 2.00 times an equal split."
    assert gaps["B"].sentence() == "B: touched by 0 of 2 themes, against an equal split."


def test_a_restatement_does_not_step_in_for_an_original_with_another_addressee() -> None:
    study = build_study(
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": name, "label": name, "group": "g"} for name in "ab"],
        themes=[{"id": "t", "label": "T"}, {"id": "u", "label": "U"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        statements=[
            {"id": "s1", "speaker": "a", "text": "1", "kind": "call", "addressees": "county"},
            {"id": "s2", "speaker": "b", "text": "2", "kind": "call", "addressees": "state", "restates": "s1"},
            {"id": "s3", "speaker": "b", "text": "3", "kind": "call", "addressees": "state"},
        ],
        codings=[{"statement": name, "code": code} for name, code in (("s1", "t"), ("s2", "t"), ("s3", "u"))],
    )
    found = find_gaps(measure_coverage(study), addressee="state")
    assert [gap.subject for gap in found] == ["u"]


def test_a_benchmark_for_one_kind_is_not_named_for_another() -> None:
    study = build_study(
        groups=[{"id": "g", "label": "G"}],
        actors=[{"id": "a", "label": "A", "group": "g"}],
        themes=[{"id": "t", "label": "T"}],
        targets=[
            *({"id": name, "kind": "focus_area", "label": name} for name in "XY"),
            *({"id": name, "kind": "priority", "label": name} for name in "PQ"),
        ],
        statements=[{"id": "s1", "speaker": "a", "text": "1"}],
        codings=[{"statement": "s1", "code": code} for code in ("t", "X", "P")],
    )
    coverage = measure_coverage(study, benchmark={"X": 3, "Y": 1}, benchmark_name="its share of pages")
    names = {gap.subject: gap.benchmark for gap in find_gaps(coverage) if gap.table == "target"}
    assert names == {"X": "its share of pages", "Y": "its share of pages", "P": "an equal split", "Q": "an equal split"}
