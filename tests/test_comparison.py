"""Two studies come in; what changed between them, and nothing else, must go out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.fingerprints import fingerprint
from policygap.testing import studies


def small(**changed: Any) -> pg.Study:
    tables: dict[str, Any] = {
        "groups": [{"id": "towns", "label": "Towns"}],
        "actors": [{"id": name, "label": name, "group": "towns"} for name in ("ann", "bo")],
        "themes": [{"id": "homes", "label": "Homes"}, {"id": "roads", "label": "Roads"}],
        "targets": [{"id": "A", "kind": "focus_area", "label": "Building"}],
        "statements": [
            {"id": "s1", "speaker": "ann", "text": "More homes", "kind": "call"},
            {"id": "s2", "speaker": "bo", "text": "More roads", "kind": "call"},
        ],
        "codings": [
            {"statement": "s1", "code": "homes", "coder": "x"},
            {"statement": "s2", "code": "roads", "coder": "x"},
            {"statement": "s1", "code": "A", "coder": "x"},
        ],
        "responses": [{"subject": "homes", "presence": "absent"}, {"subject": "roads", "presence": "absent"}],
    }
    return pg.build_study(**{**tables, **changed})


def rows(frame: pd.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame[list(names)].astype(object).where(frame[list(names)].notna(), None).to_numpy()]


def renamed(diff: pg.StudyDiff, *tables: str) -> dict[str, str]:
    """New ids by old ones: what is only called otherwise is the same thing in all that is compared."""
    told = diff.nouns[(diff.nouns["change"] == "renamed") & diff.nouns["table"].isin(tables)]
    return dict(zip(told["old"], told["new"], strict=True))


@settings(max_examples=20)
@given(studies())
def test_a_study_does_not_differ_from_itself(study: pg.Study) -> None:
    assert not pg.diff_studies(study, study)
    assert pg.diff_studies(study, study).summary().empty


@settings(max_examples=12)
@given(study=studies(), data=st.data())
def test_the_order_of_rows_is_no_difference(study: pg.Study, data: st.DataObject) -> None:
    tables = {name: frame for name, frame in study.tables.items() if len(frame)}
    shuffled = {
        name: frame.iloc[data.draw(st.permutations(range(len(frame))))].reset_index(drop=True)
        for name, frame in tables.items()
    }
    again = pg.build_study(**shuffled)
    diff = pg.diff_studies(study, again)
    assert not len(diff.nouns)
    assert not len(diff.codings)
    assert not len(diff.stale)


@settings(max_examples=12)
@given(old=studies(), new=studies())
def test_a_difference_seen_from_the_other_side_is_its_mirror(old: pg.Study, new: pg.Study) -> None:
    there, back = pg.diff_studies(old, new), pg.diff_studies(new, old)
    ids = renamed(back, "themes", "targets", "statements")
    mirror = {"added": "removed", "removed": "added", "opened": "closed", "closed": "opened"}
    for name, key in (("codings", "statement"), ("gaps", "subject")):
        one, two = getattr(there, name), getattr(back, name)
        assert sorted((str(ids.get(a, a)), mirror.get(b, b)) for a, b in rows(one, key, "change")) == sorted(
            (str(a), b) for a, b in rows(two, key, "change")
        )


@settings(max_examples=12)
@given(old=studies(), new=studies())
def test_classes_are_those_of_each_study_alone(old: pg.Study, new: pg.Study) -> None:
    first, second = (
        {gap.subject: gap.kind for gap in pg.find_gaps(pg.measure_coverage(study))} for study in (old, new)
    )
    diff = pg.diff_studies(old, new)
    ids = renamed(diff, "themes", "targets")
    first = {ids.get(name, name): kind for name, kind in first.items()}
    expected = {
        (name, first.get(name), second.get(name)) for name in {*first, *second} if first.get(name) != second.get(name)
    }
    assert set(rows(diff.gaps, "subject", "old", "new")) == expected


@settings(max_examples=12)
@given(old=studies(), new=studies())
def test_removing_and_adding_what_is_told_makes_the_new_codings(old: pg.Study, new: pg.Study) -> None:
    """By how often each statement and code stand together, counted without the library."""
    names = ["statement", "code"]

    def counts(frame: pd.DataFrame) -> dict[tuple[str, ...], int]:
        keys = frame[names].astype(object).where(frame[names].notna(), "").itertuples(index=False, name=None)
        return dict(pd.Series([" ".join(map(str, key)) for key in keys], dtype=object).value_counts())

    diff = pg.diff_studies(old, new)
    added, removed = (counts(diff.codings[diff.codings["change"] == change]) for change in ("added", "removed"))
    statements, codes = renamed(diff, "statements"), renamed(diff, "themes", "targets")
    was = old.codings.astype({"statement": object, "code": object})
    was = was.assign(statement=was["statement"].replace(statements), code=was["code"].replace(codes))
    before, after = counts(was), counts(new.codings)
    for key in {*before, *after}:
        assert before.get(key, 0) - removed.get(key, 0) + added.get(key, 0) == after.get(key, 0)


def test_a_strategy_that_answers_closes_a_gap() -> None:
    answered = small(
        responses=[
            {"subject": "homes", "presence": "named", "emphasis": "equal", "commitment": "act"},
            {"subject": "roads", "presence": "absent"},
        ]
    )
    diff = pg.diff_studies(small(), answered)
    assert rows(diff.gaps, "subject", "old", "new", "change", "because") == [
        ("homes", "unmet_call", "met", "closed", "policy")
    ]
    assert not len(diff.coverage)
    assert ("responses", "homes", "changed", "presence", "absent", "named") in rows(
        diff.nouns, "table", "id", "change", "column", "old", "new"
    )


def test_a_coding_that_is_taken_back_changes_demand() -> None:
    before = small()
    after = small(codings=before.codings.iloc[[0, 2]].reset_index(drop=True))
    diff = pg.diff_studies(before, after)
    assert rows(diff.codings, "statement", "code", "change") == [("s2", "roads", "removed")]
    demand = diff.coverage[diff.coverage["measure"] == "demand"].set_index("code")
    assert rows(demand.loc[["homes"]], "old", "new", "difference") == [(0.5, 1.0, 0.5)]
    assert "input" in diff.gaps.set_index("subject").loc["roads", "because"]


def test_what_is_not_assessed_stays_missing() -> None:
    before, after = small(), small(codings=[{"statement": "s1", "code": "homes", "coder": "x"}])
    coverage = pg.diff_studies(before, after).coverage.set_index(["code", "measure"])
    assert coverage.loc[("A", "attention"), "old"] == 1.0
    assert pd.isna(coverage.loc[("A", "attention"), "new"])
    assert pd.isna(coverage.loc[("A", "attention"), "difference"])


def test_another_id_under_the_same_label_is_told_as_renamed() -> None:
    links = [{"theme": "homes", "target": "A", "relation": "equal"}]
    before = small(links=links)
    after = small(
        targets=[{"id": "B", "kind": "focus_area", "label": "Building"}],
        links=[{**links[0], "target": "B"}],
        codings=before.codings.iloc[:2].reset_index(drop=True),
    )
    nouns = pg.diff_studies(before, after).nouns
    assert ("targets", "A", "renamed", "id", "A", "B") in rows(nouns, "table", "id", "change", "column", "old", "new")
    assert not len(nouns[(nouns["table"] == "targets") & (nouns["change"] != "renamed")])


def test_what_is_only_called_otherwise_is_no_change_of_what_was_coded(tmp_path: Path) -> None:
    before, folder = small(), tmp_path / "new"
    before.write(folder)
    for file in folder.glob("*.csv"):
        text = re.sub(r"\bhomes\b", "housing", re.sub(r"\bs1\b", "1-1", file.read_text(encoding="utf-8")))
        file.write_text(text.replace("More housing", "More homes"), encoding="utf-8")
    diff = pg.diff_studies(before, pg.read_study(folder))
    assert rows(diff.nouns, "table", "change", "old", "new") == [
        ("themes", "renamed", "homes", "housing"),
        ("statements", "renamed", "s1", "1-1"),
    ]
    assert not any(len(frame) for frame in (diff.codings, diff.coverage, diff.gaps, diff.stale))


def test_codings_of_a_text_that_changed_are_stale() -> None:
    texts = small().statements.assign(text=["More homes now", "More  roads"])
    before, after = small(), small(statements=texts)
    diff = pg.diff_studies(before, after)
    assert rows(diff.stale, "statement", "code", "why", "old_text", "new_text") == [
        ("s1", "homes", "text", "More homes", "More homes now"),
        ("s1", "A", "text", "More homes", "More homes now"),
    ]
    stamped = pg.stamp_codings(before)
    later = pg.build_study(**{**{n: f for n, f in stamped.tables.items() if len(f)}, "statements": texts})
    assert rows(pg.find_stale(later), "statement", "code", "old_text") == [("s1", "homes", None), ("s1", "A", None)]
    diff = pg.diff_studies(before, later)
    assert rows(diff.stale, "statement", "code", "why", "old_text") == [
        ("s1", "homes", "fingerprint", "More homes"),
        ("s1", "A", "fingerprint", "More homes"),
    ]
    assert pg.stamp_codings(later) == later


def test_fingerprints_survive_files(tmp_path: Path) -> None:
    stamped = pg.stamp_codings(small())
    for name in ("folder", "book.xlsx", "project.qdpx", "study.zip"):
        stamped.write(tmp_path / name)
        assert pg.read_study(tmp_path / name) == stamped


def test_an_analyst_who_stamps_and_then_edits_a_text_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    small().write(old)
    assert main(["convert", str(old), str(new), "--stamp"]) == 0
    assert main(["diff", str(old), str(new), "--show", "stale", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    file = new / "statements.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("More homes", "Fewer homes"), encoding="utf-8")
    assert main(["check", str(new)]) == 0
    assert "2 codings judge a text that has changed since they were made" in capsys.readouterr().err
    assert main(["diff", str(old), str(new), "--show", "stale", "--format", "json"]) == 0
    told = [(row["statement"], row["code"], row["why"]) for row in json.loads(capsys.readouterr().out)]
    assert told == [("s1", "homes", "fingerprint"), ("s1", "A", "fingerprint")]
    assert len(pg.find_stale(pg.read_study(new))) == 2


def test_a_fingerprint_is_of_what_is_read_and_not_of_how_it_is_stored() -> None:
    assert fingerprint("caf\u00e9  now\r\n") == fingerprint("cafe\u0301 now")
    assert fingerprint("a b") != fingerprint("ab")
    # SHA-256 of "abc" as FIPS 180-4 gives it
    assert fingerprint("abc") == "ba7816bf8f01cfea"


@pytest.mark.parametrize("show", ["summary", "gaps", "codings", "nouns", "coverage", "stale"])
def test_the_command_line_shows_each_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], show: str) -> None:
    small().write(tmp_path / "old")
    small(codings=small().codings.iloc[:2].reset_index(drop=True)).write(tmp_path / "new")
    arguments = ["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--show", show]
    assert main([*arguments, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, list)
    assert bool(found) == (show not in ("nouns", "stale"))
    assert main(arguments) == 0


def test_nothing_changed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small().write(tmp_path / "old")
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "old")]) == 0
    assert capsys.readouterr().out == "nothing changed\n"


def test_the_summary_counts_rows_and_not_cells() -> None:
    counts = [{"subject": "all", "count": number} for number in (40, 41)]
    summary = pg.diff_studies(small(stated_counts=counts), small()).summary()
    assert rows(summary, "what", "change", "count") == [("stated_counts", "removed", 2)]
    other = small().statements.assign(text=["One", "More roads"], kind=["challenge", "call"])
    summary = pg.diff_studies(small(), small(statements=other)).summary()
    assert ("statements", "changed", 1) in rows(summary, "what", "change", "count")


def test_a_study_that_can_not_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small().write(tmp_path / "old")
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "nowhere")]) == 2
    assert "there is no such study" in capsys.readouterr().err
