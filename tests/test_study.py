"""A study is a value: equal where it says the same, never changed, and what it says survives being written."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policygap import (
    Study,
    StudyError,
    UsageError,
    build_study,
    find_problems,
    list_bundled,
    measure_coverage,
    read_study,
)
from policygap.schema import TABLES
from policygap.testing import studies, tables

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[dict[str, Any]]
few = settings(max_examples=max(settings.default.max_examples // 18, 1))  # a study takes its time to build


def small(**more: Any) -> Study:
    made: dict[str, Any] = {
        "groups": [{"id": "towns", "label": "Towns"}],
        "themes": [
            {"id": "travel", "label": "Travel", "label_nb": "Reise", "colour": "red"},
            {"id": "buses", "label": "Buses", "parent": "travel"},
            {"id": "night", "label": "Night buses", "parent": "buses"},
        ],
        "targets": [
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "P", "kind": "priority", "label": "P", "parent": "A"},
        ],
        "statements": [
            {"id": "s1", "speaker": "towns", "text": "x", "kind": "call"},
            {"id": "s2", "speaker": "towns", "text": "y", "restates": "s1"},
            {"id": "s3", "speaker": "towns", "text": "z"},
        ],
        "codings": [
            {"statement": "s1", "code": "night", "coder": "first"},
            {"statement": "s1", "code": "P", "coder": "first"},
            {"statement": "s2", "code": "buses", "coder": "first"},
            {"statement": "s3", "code": None, "kind": "theme", "coder": "first"},
        ],
    }
    return build_study(name="small", **{**made, **more})


def shuffled(study: Study, random: Any) -> dict[str, pd.DataFrame]:
    """The tables of a study with rows and columns in another order."""
    out = {}
    for name in TABLES:
        frame = study.tables[name]
        rows, columns = list(range(len(frame))), list(frame.columns)
        random.shuffle(rows)
        random.shuffle(columns)
        if rows:
            out[name] = frame.iloc[rows][columns]
    return out


# -- equality and fingerprint ------------------------------------------------------------------------------------------


@few
@given(studies(), st.randoms())
def test_equality_and_fingerprint_ignore_the_order_of_rows_and_columns(study: Study, random: Any) -> None:
    other = build_study(name="another name", **shuffled(study, random))
    assert other == study
    assert other.fingerprint == study.fingerprint


@few
@given(tables(), st.data())
def test_equality_and_fingerprint_notice_any_changed_cell(made: dict[str, Rows], data: st.DataObject) -> None:
    given_rows = {name: rows for name, rows in made.items() if rows}
    before = build_study(**given_rows)
    free = [
        (name, place, column)
        for name, column in (
            ("themes", "label"), ("themes", "definition"), ("targets", "label_nb"), ("targets", "colour"),
            ("groups", "population"), ("statements", "text"), ("statements", "counted"), ("statements", "locator"),
            ("codings", "note"), ("links", "weight"), ("responses", "note"), ("stated_counts", "count"),
        )
        for place in range(len(given_rows.get(name, ())))
    ]  # fmt: skip
    table, place, column = data.draw(st.sampled_from(free))
    old = given_rows[table][place].get(column)
    new = {"population": 7.5, "weight": 6.5, "count": 51, "counted": old is False}.get(column, "another text, no doubt")
    assume(new != old)
    assume(column != "counted" or old is not None)
    rows = [dict(row) for row in given_rows[table]]
    rows[place][column] = new
    after = build_study(**{**given_rows, table: rows})
    assert after != before
    assert after.fingerprint != before.fingerprint


def test_a_row_more_or_twice_the_same_row_is_another_study() -> None:
    codings = [{"statement": "s1", "code": "A"}, {"statement": "s2", "code": "A"}]
    one, two = small(codings=codings), small(codings=[*codings, codings[0]])
    three = small(codings=[*codings, codings[1]])
    assert one != two
    assert two != three
    assert len({study.fingerprint for study in (one, two, three)}) == 3


def test_metadata_are_a_part_of_the_study_and_empty_words_are_not() -> None:
    study = small()
    assert study.with_meta(sampling="random") != study
    assert study.with_meta(sampling="random").fingerprint != study.fingerprint
    assert study.with_meta(note="", languages=[]) == study
    assert study.with_meta(note="", languages=[]).fingerprint == study.fingerprint


def test_no_text_equals_a_missing_cell() -> None:
    codings = [{"statement": "s1", "code": "A", "note": None}, {"statement": "s2", "code": "A", "note": "n"}]
    missing = small(codings=codings)
    for text in ("\0", "nan", "None", "<NA>", "NaN", "="):
        held = small(codings=[codings[0] | {"note": text}, codings[1]])
        assert held != missing
        assert held.fingerprint != missing.fingerprint
    blank = small(codings=[codings[0] | {"note": ""}, codings[1]])
    assert blank == missing


def test_a_study_equals_no_other_kind_of_thing_and_has_no_hash() -> None:
    assert small() != "small"
    assert (small() == 1) is False
    with pytest.raises(TypeError):
        hash(small())


def test_a_study_says_its_size() -> None:
    assert repr(small()) == "<Study 'small': 1 groups, 3 themes, 2 targets, 3 statements, 4 codings>"


def test_a_study_survives_pickling() -> None:
    study = small()
    again = pickle.loads(pickle.dumps(study))
    assert again == study
    assert again.fingerprint == study.fingerprint


# -- a study never changes ---------------------------------------------------------------------------------------------


def test_whoever_changes_a_frame_changes_their_own() -> None:
    study, same = small(), small()
    for take in (
        lambda: study.statements,
        lambda: study.codings,
        lambda: study.tables["themes"],
        lambda: study.tables["statements"],
    ):
        frame = take()
        frame["colour"] = "blue"
        frame.iloc[0, -1] = "green"
        frame.loc[0, frame.columns[0]] = frame.iloc[1, 0]
        frame.columns = [f"{name}_x" for name in frame.columns]
    assert study == same
    assert study.fingerprint == same.fingerprint
    assert "colour" not in study.statements.columns
    with pytest.raises(TypeError):
        study.tables["themes"] = study.tables["targets"]  # type: ignore[index]  # that is the point
    with pytest.raises(AttributeError):
        study.name = "other"  # type: ignore[misc]  # that is the point


def test_whoever_changes_the_frames_a_study_was_built_from_changes_no_study() -> None:
    themes = pd.DataFrame({"id": ["t"], "label": ["T"]})
    codings = pd.DataFrame({"statement": ["s1"], "code": ["t"]})
    meta: dict[str, Any] = {"sampling": "random", "languages": ["en"]}
    study = small(themes=themes, codings=codings, meta=meta)
    before = study.fingerprint
    themes.loc[0, "label"] = "changed"
    codings["code"] = "A"
    meta["sampling"] = "census"
    meta["languages"].append("nb")
    assert study.theme("t").label == "T"
    assert list(study.codings["code"]) == ["t"]
    assert (study.sampling, study.languages) == ("random", ("en",))
    again = small(themes=[{"id": "t", "label": "T"}], codings=[{"statement": "s1", "code": "t"}], meta=study.meta)
    assert again.fingerprint == before


@few
@given(studies(shape="statements"), st.data())
def test_every_change_is_a_new_study_and_leaves_the_old_one(study: Study, data: st.DataObject) -> None:
    before, size = study.fingerprint, len(study.statements)
    mask = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    first = study.statements["id"].iloc[0]
    code = study.codes[0].id
    changed = [
        study.with_codings([{"statement": first, "code": code, "coder": "another"}]),
        study.with_tables(
            sources=[{"id": "a new source", "title": "S"}], responses=None, targets=study.tables["targets"]
        )
        if study.tables["sources"].empty
        else study,
        study.with_meta(title="Another title"),
        study.with_parent_codings(),
        study.select_statements(mask),
    ]
    assert study.fingerprint == before
    assert changed[0] != study
    assert changed[2] != study
    assert len(changed[0].codings) == len(study.codings) + 1
    assert changed[2].title == "Another title"


def test_codings_are_added_to_those_there_are_and_checked() -> None:
    study = small()
    more = study.with_codings(pd.DataFrame({"statement": ["s3"], "code": ["A"], "certainty": ["high"]}))
    assert len(more.codings) == 5
    assert list(more.codings["certainty"].dropna()) == ["high"]
    assert "certainty" not in study.codings.columns
    assert study.with_codings([]) == study
    with pytest.raises(StudyError, match="'busses' is not an id in themes or targets; did you mean 'buses'"):
        study.with_codings([{"statement": "s3", "code": "busses"}])


def test_tables_take_the_place_of_those_there_are_and_are_checked() -> None:
    study = small(meta={"title": "Towns"})
    other = study.with_tables(groups=[{"id": "towns", "label": "Other"}])
    assert (other.groups[0].label, other.title, other.name) == ("Other", "Towns", "small")
    assert other.codings.equals(study.codings)
    with pytest.raises(StudyError, match="'towns' is not an id in actors or groups"):
        study.with_tables(groups=[{"id": "cities", "label": "Cities"}])
    with pytest.raises(StudyError, match="a study has no table 'theme'; did you mean 'themes'"):
        study.with_tables(theme=[{"id": "t", "label": "T"}])


def test_words_about_the_study_are_kept_but_for_those_that_are_given() -> None:
    study = small(meta={"title": "Towns", "sampling": "census", "own": {"deep": [1]}})
    other = study.with_meta(default_coder="first", sampling="random")
    assert (other.title, other.sampling, other.default_coder) == ("Towns", "random", "first")
    assert other.meta["own"] == {"deep": [1]}
    assert (study.sampling, study.default_coder) == ("census", None)
    with pytest.raises(StudyError, match="did you mean 'census'"):
        study.with_meta(sampling="cencus")


def test_what_was_remarked_in_reading_stays_with_every_later_study(tmp_path: Path) -> None:
    small().write(tmp_path / "towns")
    themes = tmp_path / "towns" / "themes.csv"
    themes.write_text(themes.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    study = read_study(tmp_path / "towns")
    remarks = study.remarks
    assert remarks
    for later in (
        study.with_meta(title="T"),
        study.with_codings([]),
        study.with_parent_codings(),
        study.select_statements([True, False, True]),
    ):
        assert later.remarks == remarks
        assert [notice.kind for notice in later.notices].count("reading") == len(remarks)


# -- rolling up, and parts ---------------------------------------------------------------------------------------------


def test_codings_roll_up_to_all_parents_of_the_same_kind() -> None:
    study = small().with_parent_codings()
    pairs = set(zip(study.codings["statement"], study.codings["code"].astype(object).fillna("-"), strict=True))
    assert pairs == {
        ("s1", "night"), ("s1", "buses"), ("s1", "travel"),
        ("s1", "P"),  # A is of another kind: another axis
        ("s2", "buses"), ("s2", "travel"),
        ("s3", "-"),
    }  # fmt: skip


@few
@given(studies(shape="statements"))
def test_rolling_up_gives_parents_the_touches_of_their_children_and_twice_is_once(study: Study) -> None:
    parent = {code.id: code.parent for code in study.codes}
    kind = {code.id: code.kind for code in study.codes}
    expected = set()
    for statement, code in zip(study.codings["statement"], study.codings["code"].astype(object), strict=True):
        over = code if isinstance(code, str) else None
        while over is not None:
            expected.add((statement, over))
            over = parent[over] if parent[over] and kind[parent[over]] == kind[over] else None
    rolled = study.with_parent_codings()
    found = rolled.codings[rolled.codings["code"].notna()]
    assert set(zip(found["statement"], found["code"], strict=True)) == expected
    once, twice = measure_coverage(rolled), measure_coverage(rolled.with_parent_codings())
    pd.testing.assert_frame_equal(once.targets, twice.targets)
    pd.testing.assert_frame_equal(once.themes, twice.themes)


@few
@given(studies(shape="statements"), st.data())
def test_a_part_has_the_statements_asked_for_with_their_codings_and_all_else(study: Study, data: st.DataObject) -> None:
    size = len(study.statements)
    mask = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    part = study.select_statements(pd.Series(mask, dtype=bool))
    kept = [name for name, chosen in zip(study.statements["id"], mask, strict=True) if chosen]
    assert list(part.statements["id"]) == kept
    mine = study.codings[study.codings["statement"].isin(kept)]
    assert list(part.codings["statement"]) == list(mine["statement"])
    assert set(part.statements["restates"].dropna()) <= set(kept)
    assert list(part.statements.index) == list(range(len(kept)))
    for name in set(TABLES) - {"statements", "codings"}:
        assert part.tables[name].equals(study.tables[name])
    assert study.select_statements([True] * size) == study


# -- nouns -------------------------------------------------------------------------------------------------------------


def test_nouns_come_as_records_in_the_studys_order() -> None:
    study = small()
    assert [code.id for code in study.codes] == ["travel", "buses", "night", "A", "P"]
    assert study.target_kinds == ("focus_area", "priority")
    assert study.theme("travel").in_language("label", "nb") == "Reise"
    assert study.theme("buses").in_language("label", "nb") == "Buses"
    assert study.theme("travel").extra["colour"] == "red"
    assert study.speaker_label("towns") == "Towns"
    assert study.speaker_label("nobody") == "nobody"


def test_an_unknown_code_is_refused_and_the_nearest_is_named() -> None:
    with pytest.raises(UsageError, match="no theme or target has the id 'busses'; did you mean 'buses'"):
        small().code("busses")
    with pytest.raises(UsageError, match="'A' is a focus_area, no theme; name a theme"):
        small().theme("A")
    with pytest.raises(UsageError, match="'buses' is a theme, no target; name a target"):
        small().target("buses")


def test_without_metadata_a_study_has_its_name_for_a_title_and_an_unknown_sampling() -> None:
    study = small()
    assert (study.title, study.languages, study.sampling, study.default_coder) == ("small", (), "unknown", None)
    assert small(meta={"languages": "nb; en"}).languages == ("nb", "en")
    assert small(title="Towns").title == "Towns"


def test_an_umbrella_is_a_group_with_groups_under_it() -> None:
    groups = [{"id": "all-towns", "label": "All"}, {"id": "towns", "label": "Towns", "parent": "all-towns"}]
    assert small(groups=groups).umbrellas == {"all-towns"}


# -- out and in --------------------------------------------------------------------------------------------------------


@few
@given(made=studies())
def test_what_is_written_reads_back_equal_with_columns_of_its_own(
    made: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = made.tables["themes"].assign(colour="rød", shade=None)
    study = made.with_tables(themes=own).with_meta(title="Towns", languages=["en", "nb"], ours={"deep": [1, None]})
    folder = tmp_path_factory.mktemp("study") / "towns"
    study.write(folder)
    again = read_study(folder)
    assert again == study
    assert again.fingerprint == study.fingerprint
    assert list(again.tables["themes"]["colour"]) == ["rød"] * len(own)
    assert again.meta["ours"] == {"deep": [1, None]}
    assert find_problems(folder) == ()


def test_there_is_a_bundled_study_and_its_id_is_enough() -> None:
    assert "smabystrategi" in list_bundled()
    assert find_problems("smabystrategi") == ()


def test_where_there_is_no_study_the_bundled_ones_are_named() -> None:
    with pytest.raises(UsageError, match=r"there is no such study; give the path .* bundled study .*smabystrategi"):
        read_study("smabystrategy")


def test_tables_may_be_lists_mappings_of_columns_or_frames() -> None:
    rows = [{"id": "t", "label": "T"}]
    links = [{"theme": "t", "target": "A", "relation": "equal"}]
    targets = [{"id": "A", "kind": "focus_area", "label": "A"}]
    as_rows = build_study(themes=rows, targets=targets, links=links)
    as_columns = build_study(themes={"id": ["t"], "label": ["T"]}, targets=iter(targets), links=pd.DataFrame(links))
    odd_index = pd.DataFrame(rows, index=[7])
    assert as_rows == as_columns == build_study(themes=odd_index, targets=targets, links=links)
    with pytest.raises(StudyError, match="themes: this can't be made into a table"):
        build_study(themes=5, targets=targets, links=links)
