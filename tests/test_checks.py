"""Every problem between the tables of a study is found at once, each with its file, row, column and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policygap import Problem, StudyError, build_study, find_problems

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]
few = settings(max_examples=max(settings.default.max_examples // 8, 1))  # a study takes its time to build


def sound() -> Tables:
    """A small study without a problem."""
    return {
        "sources": [{"id": "memo", "title": "Memo"}],
        "groups": [{"id": "towns", "label": "Towns"}, {"id": "small", "label": "Small", "parent": "towns"}],
        "actors": [{"id": "oslo", "label": "Oslo", "group": "towns"}],
        "questions": [{"id": "q1", "label": "First", "prompts": "buses; A"}],
        "themes": [{"id": "buses", "label": "Buses"}, {"id": "parks", "label": "Parks"}],
        "targets": [
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "R", "kind": "recommendation", "label": "R", "source": "memo"},
        ],
        "statements": [
            {"id": "s1", "speaker": "oslo", "text": "x", "source": "memo", "question": "q1"},
            {"id": "s2", "speaker": "small", "text": "y", "restates": "s1"},
        ],
        "codings": [
            {"statement": "s1", "code": "buses", "coder": "first"},
            {"statement": "s1", "code": "A", "kind": "focus_area", "coder": "first"},
            {"statement": "s2", "code": None, "kind": "recommendation", "coder": "first"},
        ],
        "links": [
            {"theme": "buses", "target": "R", "relation": "equal", "source": "memo"},
            {"theme": "parks", "target": None, "relation": "none"},
        ],
        "responses": [{"subject": "buses", "presence": "named", "source": "memo"}, {"subject": "R"}],
        "stated_counts": [{"subject": "towns", "count": 3, "source": "memo"}, {"subject": "all", "count": 9}],
        "claims": [{"id": "c1", "text": "x", "source": "memo", "assertion": 'attention("A") > 0'}],
    }


def problems_of(tables: Tables, **meta: Any) -> list[Problem]:
    try:
        build_study(meta=meta, **tables)
    except StudyError as error:
        return list(error.problems)
    return []


def places_of(problems: list[Problem]) -> list[tuple[str | None, int | None, str | None]]:
    return [(problem.file, problem.row, problem.column) for problem in problems]


def test_a_sound_study_has_no_problem() -> None:
    assert problems_of(sound()) == []


# -- references --------------------------------------------------------------------------------------------------------

REFERENCES = [
    ("groups", "parent", "Tows", "groups"),
    ("actors", "group", "towns ", None),  # blanks at the ends are tidied
    ("actors", "group", "twns", "groups"),
    ("actors", "group", "all", "groups"),
    ("actors", "group", "oslo", "groups"),
    ("questions", "parent", "q9", "questions"),
    ("questions", "prompts", "buses;bsses", "themes or targets"),
    ("themes", "parent", "A", "themes"),
    ("targets", "parent", "buses", "targets"),
    ("targets", "source", "meno", "sources"),
    ("statements", "speaker", "osl", "actors or groups"),
    ("statements", "source", "meno", "sources"),
    ("statements", "question", "q9", "questions"),
    ("statements", "restates", "s9", "statements"),
    ("codings", "statement", "s9", "statements"),
    ("codings", "code", "busses", "themes or targets"),
    ("links", "theme", "A", "themes"),
    ("links", "target", "parks", "targets"),
    ("links", "source", "meno", "sources"),
    ("responses", "subject", "busses", "themes or targets"),
    ("responses", "source", "meno", "sources"),
    ("stated_counts", "subject", "town", "groups"),
    ("stated_counts", "subject", "everyone", "groups"),
    ("stated_counts", "source", "meno", "sources"),
    ("claims", "source", "meno", "sources"),
]


@pytest.mark.parametrize(("table", "column", "name", "where"), REFERENCES)
def test_a_dangling_id_is_a_problem_in_its_cell(table: str, column: str, name: str, where: str | None) -> None:
    tables = sound()
    tables[table][-1][column] = name
    found = [problem for problem in problems_of(tables) if problem.column == column]
    if where is None:
        assert found == []
        return
    (problem,) = found
    assert (problem.file, problem.row) == (table, len(tables[table]) + 1)
    assert problem.what == f"'{name.rpartition(';')[2]}' is not an id in {where}"
    assert problem.fix


def test_the_nearest_id_is_named() -> None:
    tables = sound()
    tables["codings"][0]["code"] = "Busses"
    (problem,) = problems_of(tables)
    assert problem.fix == "did you mean 'buses'?"


def test_one_wrong_id_in_many_rows_is_a_problem_in_each() -> None:
    tables = sound()
    tables["codings"] += [{"statement": "s1", "code": "busses", "coder": "first"} for _ in range(3)]
    assert places_of(problems_of(tables)) == [("codings", row, "code") for row in (5, 6, 7)]


# -- circles -----------------------------------------------------------------------------------------------------------


def chain(size: int, *, last: str | None) -> Rows:
    """Themes t0 -> t1 -> ... and from the last one to ``last``."""
    ids = [f"t{number}" for number in range(size)]
    over = [*ids[1:], last]
    return [{"id": name, "label": name, "parent": parent} for name, parent in zip(ids, over, strict=True)]


@pytest.mark.parametrize("table", ["groups", "questions", "themes", "targets"])
def test_parents_that_go_in_a_circle_are_named(table: str) -> None:
    tables = sound()
    kind = {"kind": "focus_area"} if table == "targets" else {}
    rows = tables[table]
    rows += [{"id": "x", "label": "X", "parent": "y", **kind}, {"id": "y", "label": "Y", "parent": "x", **kind}]
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == (table, len(rows), "parent")
    assert problem.what == "parent goes in a circle: x -> y -> x"
    assert problem.fix == "empty the parent of one of them"


def test_restatements_that_go_in_a_circle_are_named() -> None:
    tables = sound()
    tables["statements"][0]["restates"] = "s2"
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("statements", 2, "restates")
    assert problem.what == "restates goes in a circle: s1 -> s2 -> s1"


def test_what_is_its_own_parent_goes_in_a_circle() -> None:
    tables = sound()
    tables["themes"][1]["parent"] = "parks"
    (problem,) = problems_of(tables)
    assert problem.what == "parent goes in a circle: parks -> parks"


def test_a_long_line_is_no_circle_and_a_long_circle_is_one_problem_of_readable_length() -> None:
    tables = sound()
    tables["themes"] += chain(3_000, last=None)
    assert problems_of(tables) == []
    tables["themes"][-1]["parent"] = "t0"
    (problem,) = problems_of(tables)
    assert problem.row == 4
    assert problem.what.startswith("parent goes in a circle: t0 -> t1 -> ")
    assert problem.what.endswith("... (3000 in all) -> t0")
    assert len(problem.what) < 200


def test_a_tail_that_leads_into_a_circle_is_no_part_of_it() -> None:
    tables = sound()
    tables["themes"] += [
        {"id": "tail", "label": "T", "parent": "two"},
        {"id": "one", "label": "1", "parent": "two"},
        {"id": "two", "label": "2", "parent": "one"},
    ]
    (problem,) = problems_of(tables)
    assert (problem.row, problem.what) == (5, "parent goes in a circle: one -> two -> one")


def test_many_circles_at_once_are_each_named_once() -> None:
    tables = sound()
    for number in range(400):
        tables["themes"] += [
            {"id": f"a{number}", "label": "A", "parent": f"b{number}"},
            {"id": f"b{number}", "label": "B", "parent": f"a{number}"},
        ]
    found = problems_of(tables)
    assert [problem.what for problem in found] == [
        f"parent goes in a circle: a{number} -> b{number} -> a{number}" for number in range(400)
    ]


def test_doubled_ids_with_parents_of_every_kind_do_not_multiply_circles() -> None:
    tables = sound()
    ids = [f"t{number}" for number in range(25)]
    tables["themes"] += [{"id": name, "label": "T", "parent": parent} for name in ids for parent in ids]
    found = problems_of(tables)
    assert sum("goes in a circle" in problem.what for problem in found) <= len(ids)
    assert sum("already" in problem.what for problem in found) == len(ids) * (len(ids) - 1)


@few
@given(st.lists(st.integers(-1, 11), min_size=1, max_size=12))
def test_every_circle_is_found_once_and_nothing_else_is(parents: list[int]) -> None:
    size = len(parents)
    parents = [parent if parent < size else -1 for parent in parents]
    rows = [
        {"id": f"t{place}", "label": "T", "parent": None if parent < 0 else f"t{parent}"}
        for place, parent in enumerate(parents)
    ]
    found = problems_of({**sound(), "questions": rows, "statements": sound()["statements"][1:]} | {"claims": []})
    named = [problem for problem in found if problem.file == "questions"]
    circles = set()
    for start in range(size):  # by following every line for as many steps as there are rows
        place = start
        for _ in range(size):
            place = parents[place] if place >= 0 else place
        if place >= 0:
            circle, step = {place}, parents[place]
            while step != place:
                circle.add(step)
                step = parents[step]
            circles.add(frozenset(circle))
    assert len(named) == len(circles)
    for problem in named:
        steps = problem.what.removeprefix("parent goes in a circle: ").split(" -> ")
        assert steps[0] == steps[-1] == f"t{problem.row - 2}"
        if "..." not in problem.what:
            assert frozenset(int(step[1:]) for step in steps) in circles
            assert problem.row - 2 == min(int(step[1:]) for step in steps)


# -- ids that clash ----------------------------------------------------------------------------------------------------


def test_a_theme_and_a_target_may_not_share_an_id() -> None:
    tables = sound()
    tables["targets"].append({"id": "parks", "kind": "focus_area", "label": "P"})
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("targets", 4, "id")
    assert problem.what == "'parks' is an id in themes too"


def test_an_actor_and_a_group_may_not_share_an_id() -> None:
    tables = sound()
    tables["actors"].append({"id": "small", "label": "S", "group": "towns"})
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("actors", 3, "id")


def test_no_group_is_called_all_since_that_is_the_whole() -> None:
    tables = sound()
    tables["groups"].append({"id": "all", "label": "Everyone"})
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("groups", 4, "id")


# -- codings, links, responses, counts ---------------------------------------------------------------------------------


def test_an_empty_code_needs_a_kind() -> None:
    tables = sound()
    tables["codings"][2]["kind"] = None
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("codings", 4, "kind")
    assert "focus_area, recommendation, theme" in problem.fix


def test_an_unknown_kind_is_a_problem_that_names_the_nearest() -> None:
    tables = sound()
    tables["codings"][2]["kind"] = "recomendation"
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("codings", 4, "kind")
    assert problem.fix == "did you mean 'recommendation'?"


def test_a_kind_that_is_not_the_codes_own_is_a_problem() -> None:
    tables = sound()
    tables["codings"][1]["kind"] = "theme"
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("codings", 3, "kind")
    assert problem.what == "'A' is a focus_area, but the kind says theme"


@pytest.mark.parametrize("relation", ["equal", "subset", "superset", "intersects", None])
def test_a_link_without_a_target_says_none_or_is_a_problem(relation: str | None) -> None:
    tables = sound()
    tables["links"][1]["relation"] = relation
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("links", 3, "target")


def test_a_response_is_to_a_theme_or_a_recommendation() -> None:
    tables = sound()
    tables["responses"].append({"subject": "A", "presence": "named"})
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("responses", 4, "subject")
    assert problem.what == "'A' is a focus_area; responses are to themes and recommendations"


def test_a_population_of_nobody_is_a_problem() -> None:
    tables = sound()
    tables["groups"][0]["population"] = 0
    (problem,) = problems_of(tables)
    assert (problem.file, problem.row, problem.column) == ("groups", 2, "population")


# -- the study as a whole ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["themes", "targets"])
def test_a_study_needs_themes_and_targets(table: str) -> None:
    tables = sound()
    tables[table] = []
    assert any(problem.what == f"the table {table} is missing or has no rows" for problem in problems_of(tables))


def test_a_study_needs_statements_with_codings_or_links() -> None:
    tables = sound()
    only = {name: tables[name] for name in ("sources", "themes", "targets")}
    (problem,) = problems_of(only)
    assert problem.what == "the study has neither statements with codings nor links"
    assert problems_of(only | {"links": tables["links"]}) == []
    speaking = {name: tables[name] for name in ("groups", "actors", "questions", "statements")}
    (problem,) = problems_of(only | speaking)
    assert problem.what == "the study has neither statements with codings nor links"
    assert problems_of(only | speaking | {"codings": tables["codings"]}) == []


def test_unknown_words_about_the_study_are_problems_that_name_the_nearest() -> None:
    sampling, coder = problems_of(sound(), sampling="self-selected", default_coder="frist")
    assert (sampling.column, sampling.fix) == ("sampling", "did you mean 'self_selected'?")
    assert (coder.column, coder.fix) == ("default_coder", "did you mean 'first'?")
    (other,) = problems_of(sound(), default_coder="zzz")
    assert other.fix == "name one of first"
    (languages,) = problems_of(sound(), languages=5)
    assert languages.column == "languages"


def test_all_problems_are_named_at_once_and_each_says_what_to_do() -> None:
    tables = sound()
    tables["groups"][1]["parent"] = "nowhere"
    tables["targets"].append({"id": "parks", "kind": "focus_area", "label": "P"})
    tables["themes"][0]["parent"] = "buses"
    tables["statements"][1]["speaker"] = "nobody"
    tables["codings"][0]["code"] = "busses"
    tables["codings"][1]["kind"] = "theme"
    tables["links"][1]["relation"] = "equal"
    tables["responses"][1]["subject"] = "A"
    tables["claims"][0]["assertion"] = 'attention("Z") > 0'
    found = problems_of(tables, sampling="some")
    assert set(places_of(found)) == {
        ("groups", 3, "parent"),
        ("targets", 4, "id"),
        ("themes", 2, "parent"),
        ("statements", 3, "speaker"),
        ("codings", 2, "code"),
        ("codings", 3, "kind"),
        ("links", 3, "target"),
        ("responses", 3, "subject"),
        ("claims", 2, "assertion"),
        ("datapackage.json", None, "sampling"),
    }
    assert all(problem.what and problem.fix for problem in found)


def test_in_files_the_row_is_that_of_the_file_and_the_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "towns"
    build_study(**sound()).write(folder)
    file = folder / "codings.csv"
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    # an empty line in between does not shift the numbers of the rows that follow
    wrong = first.replace("buses", "busses")
    file.write_text("\n".join([header, first, "", wrong, *rest]) + "\n", encoding="utf-8")
    (problem,) = find_problems(folder)
    assert (problem.file, problem.row, problem.column) == ("codings.csv", 4, "code")


def test_finding_problems_never_raises_for_a_broken_study(tmp_path: Path) -> None:
    (tmp_path / "themes.csv").write_text("id,label\n;,\n", encoding="utf-8")
    assert find_problems(tmp_path)
