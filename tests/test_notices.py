"""Each kind of notice comes where it is deserved, stays away where it is not, and mends nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from policygap import Notice, Study, build_study
from policygap.fingerprints import fingerprint
from policygap.messages import names
from policygap.study import read_study
from policygap.testing import studies

Tables = dict[str, list[dict[str, Any]]]
few = settings(max_examples=max(settings.default.max_examples // 18, 1))  # a study takes its time to build

KINDS = {
    "reading", "several_coders", "counts_differ", "count_against_coded", "group_and_member", "look_alike",
    "unused_themes", "unused_targets", "unmatched_themes", "unmatched_targets", "stale",
    "silent_actors", "silent_groups", "bare_parents", "responses_differ",
}  # fmt: skip


def quiet() -> Tables:
    """A study about which there is nothing to remark."""
    return {
        "sources": [{"id": "memo", "title": "Memo"}, {"id": "plan", "title": "Plan"}],
        "groups": [{"id": "towns", "label": "Towns"}],
        "actors": [{"id": "oslo", "label": "O", "group": "towns"}, {"id": "bergen", "label": "B", "group": "towns"}],
        "themes": [{"id": "buses", "label": "Buses"}],
        "targets": [{"id": "A", "kind": "focus_area", "label": "A"}],
        "statements": [{"id": "s1", "speaker": "oslo", "text": "x"}, {"id": "s2", "speaker": "bergen", "text": "y"}],
        "codings": [
            {"statement": "s1", "code": "buses", "coder": "first"},
            {"statement": "s2", "code": "A", "coder": "first"},
        ],
        "responses": [
            {"subject": "buses", "presence": "named", "source": "memo"},
            {"subject": "buses", "presence": "not_evidenced", "source": "plan"},
        ],
        "stated_counts": [
            {"subject": "towns", "count": 2, "source": "memo"},
            {"subject": "towns", "count": 2, "unit": "submissions", "source": "plan"},
            {"subject": "all", "count": 2},
            {"subject": "all", "count": 900, "unit": "votes"},
        ],
    }


def notices_of(tables: Tables, **meta: Any) -> dict[str, Notice]:
    """Notices by kind, of which each must be the only one."""
    found = build_study(meta=meta, **tables).notices
    by_kind = {notice.kind: notice for notice in found}
    assert len(by_kind) == len(found)
    return by_kind


def only(tables: Tables, kind: str, **meta: Any) -> Notice:
    found = notices_of(tables, **meta)
    assert set(found) == {kind}
    return found[kind]


def test_where_nothing_is_odd_nothing_is_said() -> None:
    assert notices_of(quiet()) == {}


def test_counts_that_differ_within_a_source_are_all_told_with_their_places() -> None:
    tables = quiet()
    tables["stated_counts"] += [
        {"subject": "all", "count": 901.5, "unit": "votes", "source": "memo", "locator": "2.1"},
        {"subject": "all", "count": 12, "unit": "votes", "source": "memo", "locator": "1.3"},
        {"subject": "all", "count": 12, "unit": "votes", "source": "memo", "locator": "1.3"},
    ]
    notice = only(tables, "counts_differ")
    assert notice.subjects == ("all",)
    assert str(notice) == (
        "Stated counts of votes differ for all: 12 (memo 1.3); 900 (?); 901.5 (memo 2.1). All are kept."
    )


def test_a_count_without_a_unit_is_one_of_submissions() -> None:
    tables = quiet()
    tables["stated_counts"].append({"subject": "towns", "count": 3})
    assert only(tables, "counts_differ").values["unit"] == "submissions"
    tables["stated_counts"][-1]["unit"] = "towns of a kind"
    assert notices_of(tables) == {}


@pytest.mark.parametrize("unit", [None, "submissions", "actors"])
def test_a_count_that_is_not_the_number_of_actors_recorded_is_told(unit: str | None) -> None:
    tables = quiet()
    tables["stated_counts"] = [{"subject": "towns", "count": 5, "unit": unit}]
    notice = only(tables, "count_against_coded")
    assert str(notice) == "Stated number of towns: 5; actors recorded: 2."


def test_a_count_of_a_group_is_held_against_the_actors_of_all_groups_under_it() -> None:
    tables = quiet()
    tables["groups"] = [{"id": "land", "label": "L"}, {"id": "towns", "label": "T", "parent": "land"}]
    tables["stated_counts"] = [{"subject": "land", "count": 2}]
    assert notices_of(tables) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"kind": "theme", "code": None}, False),
        ({"code": "A"}, False),
        ({"reading": "alternative"}, False),
        ({"basis": "umbrella"}, False),
        ({"basis": "printed"}, False),
        ({"basis": "coder"}, True),
    ],
)
def test_a_group_that_speaks_as_one_beside_its_member_is_told_where_both_touch_a_code(
    change: dict[str, Any], expected: Any
) -> None:
    tables = quiet()
    tables["statements"].append({"id": "s3", "speaker": "towns", "text": "z"})
    tables["codings"].append({"statement": "s3", "code": "buses", "coder": "first"} | change)
    if change.get("code") == "A":
        tables["statements"][1]["counted"] = "false"  # the only other statement about A does not count
    found = notices_of(tables)
    assert set(found) == ({"group_and_member"} if expected else set())
    if expected:
        assert found["group_and_member"].subjects == ("towns", "oslo")
        assert "1 code is touched by both (buses)" in str(found["group_and_member"])


def test_an_umbrella_and_a_group_under_it_are_told_too() -> None:
    tables = quiet()
    tables["groups"].append({"id": "land", "label": "L"})
    tables["groups"][0]["parent"] = "land"
    tables["statements"].append({"id": "s3", "speaker": "land", "text": "z"})
    tables["codings"].append({"statement": "s3", "code": "buses", "coder": "first"})
    assert only(tables, "group_and_member").subjects == ("land", "oslo")


@pytest.mark.parametrize(
    ("table", "column", "one", "other", "what"),
    [
        ("themes", "id", "buses", "Büses", "codes"),
        ("themes", "id", "buses", "BUSES", "codes"),
        ("actors", "id", "oslo", "Oslo", "speakers"),
        ("sources", "id", "memo", "Memo", "sources"),
        ("statements", "id", "s1", "S1", "statements"),
        ("codings", "coder", "first", "First", "coders"),
        ("statements", "addressees", "state", "State", "addressees"),
    ],
)
def test_ids_that_differ_by_case_or_accents_alone_are_told(
    table: str, column: str, one: str, other: str, what: str
) -> None:
    tables = quiet()
    tables[table][0] |= {column: one}
    more = {"id": "s3"} if table == "statements" and column != "id" else {}
    tables[table].append({**tables[table][0], **more, column: other})
    found = [
        notice
        for notice in build_study(meta={"default_coder": "first"}, **tables).notices
        if notice.kind == "look_alike"
    ]
    assert [(notice.subjects, notice.values["what"]) for notice in found] == [(tuple(sorted((one, other))), what)]


def test_ids_of_different_letters_are_not_alike() -> None:
    tables = quiet()
    tables["sources"] += [{"id": "memø", "title": "M"}, {"id": "mem", "title": "M"}]
    assert notices_of(tables) == {}


def test_codes_that_are_never_used_are_told_and_told_from_those_that_were_compared_and_fit_nothing() -> None:
    tables = quiet()
    tables["themes"] += [{"id": "parks", "label": "P"}, {"id": "roads", "label": "R"}]
    tables["targets"].append({"id": "B", "kind": "focus_area", "label": "B"})
    tables["links"] = [
        {"theme": "parks", "target": "A", "relation": "subset"},
        {"theme": "roads", "target": "B", "relation": "none"},
    ]
    found = notices_of(tables)
    assert set(found) == {"unmatched_themes", "unmatched_targets"}
    assert found["unmatched_themes"].subjects == ("roads",)
    assert str(found["unmatched_targets"]) == "1 target was compared and fits no theme: B."
    unused = tables["links"].pop()
    assert set(notices_of(tables)) == {"unused_themes", "unused_targets"}
    tables["links"].append({**unused, "relation": "intersects"})
    assert notices_of(tables) == {}


def test_a_coding_of_a_text_that_has_changed_is_told() -> None:
    tables = quiet()
    text = tables["statements"][0]["text"]
    tables["codings"][0]["fingerprint"] = fingerprint(text)
    assert notices_of(tables) == {}
    tables["statements"][0]["text"] = f"{text} no more"
    found = notices_of(tables)
    assert set(found) == {"stale"}
    assert found["stale"].subjects == (tables["codings"][0]["statement"],)


def test_speakers_that_never_speak_are_told_and_a_group_whose_actors_speak_is_not() -> None:
    tables = quiet()
    tables["stated_counts"] = []
    tables["groups"] += [{"id": "firms", "label": "F"}, {"id": "mills", "label": "M", "parent": "firms"}]
    tables["actors"].append({"id": "skien", "label": "S", "group": "towns"})
    found = notices_of(tables)
    assert {kind: notice.subjects for kind, notice in found.items()} == {
        "silent_actors": ("skien",),
        "silent_groups": ("mills",),
    }


def test_a_crosswalk_without_statements_has_no_silent_speakers() -> None:
    tables = quiet()
    crosswalk = {name: tables[name] for name in ("groups", "actors", "themes", "targets")}
    assert notices_of(crosswalk | {"links": [{"theme": "buses", "target": "A", "relation": "equal"}]}) == {}


def test_a_parent_that_is_coded_through_its_children_alone_is_told() -> None:
    tables = quiet()
    tables["themes"] = [{"id": "travel", "label": "T"}, {"id": "buses", "label": "B", "parent": "travel"}]
    tables["links"] = [{"theme": "travel", "target": "A", "relation": "superset"}]
    assert only(tables, "bare_parents").subjects == ("travel",)
    tables["codings"].append({"statement": "s2", "code": "travel", "coder": "first"})
    assert notices_of(tables) == {}


@pytest.mark.parametrize("column", ["presence", "emphasis", "commitment"])
def test_answers_that_differ_are_told_but_for_what_a_source_cannot_tell(column: str) -> None:
    tables = quiet()
    one, other = {
        "presence": ("named", "absent"), "emphasis": ("equal", "weaker"), "commitment": ("act", "none")
    }[column]  # fmt: skip
    tables["responses"] = [{"subject": "buses", column: one}, {"subject": "buses", column: other}]
    notice = only(tables, "responses_differ")
    assert notice.values == {"subject": "buses", "column": column, "answers": ", ".join(sorted((one, other)))}
    tables["responses"][1][column] = "not_evidenced" if column == "presence" else None
    assert notices_of(tables) == {}


def test_several_coders_without_a_default_coder_are_told() -> None:
    tables = quiet()
    tables["codings"].append({"statement": "s2", "code": "A", "coder": "second"})
    assert only(tables, "several_coders").subjects == ("first", "second")
    assert notices_of(tables, default_coder="first") == {}


def test_a_long_list_is_cut_and_says_how_long_it_is() -> None:
    tables = quiet()
    tables["stated_counts"] = []
    tables["actors"] += [{"id": f"a{number:02}", "label": "A", "group": "towns"} for number in range(30)]
    notice = only(tables, "silent_actors")
    assert len(notice.subjects) == 30
    assert str(notice) == f"30 actors never speak for themselves: {', '.join(f'a{n:02}' for n in range(12))}, ... (30)."


def test_nothing_is_mended(smabystrategi: Study) -> None:
    before = smabystrategi.fingerprint
    assert smabystrategi.notices
    assert smabystrategi.fingerprint == before == read_study("smabystrategi").fingerprint


@few
@given(studies())
def test_every_notice_has_a_known_kind_and_a_sentence_in_every_language(study: Study) -> None:
    for notice in study.notices:
        assert notice.kind in KINDS
        for language in ("en", "nb"):
            assert notice.sentence(language)
    for kind in KINDS:
        assert f"notice.{kind}" in names("en") & names("nb")
