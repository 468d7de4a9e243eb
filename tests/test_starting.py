"""The study to start from: without problems, in another language and field than the bundled one, and complete."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import policygap as pg
from policygap.schema import TABLES


@pytest.fixture
def mine(tmp_path: Path) -> pg.Study:
    pg.start_study(tmp_path / "mine")
    return pg.read_study(tmp_path / "mine")


def test_it_shows_every_table_but_questions(mine: pg.Study) -> None:
    assert {name for name in TABLES if mine.tables[name].empty} == {"questions"}


def test_it_is_in_another_language_than_the_bundled_study(mine: pg.Study, smabystrategi: pg.Study) -> None:
    assert mine.languages[0] not in smabystrategi.languages


def test_every_class_that_a_reader_should_meet_is_in_it(mine: pg.Study) -> None:
    gaps = pg.find_gaps(pg.measure_coverage(mine))
    kinds = {gap.subject: gap.kind for gap in gaps}
    assert kinds["ocio"] == "unmet_call"
    assert kinds["escuela"] == "weakly_met"
    assert kinds["espera"] == "met"
    assert kinds["pantallas"] == "policy_only"
    assert kinds["R1"] == "partly_adopted"
    assert list(pg.check_claims(mine)["verdict"]) == ["holds", "fails"]


def test_its_hole_in_the_grid_is_a_row_without_a_target(mine: pg.Study) -> None:
    evidence = pg.collect_evidence(mine)
    rows = evidence[evidence["statement"] == "s5"]
    assert set(rows["theme"]) == {"ocio"}
    assert rows["target"].isna().all()


def test_its_notices_tell_of_a_stated_count_and_of_a_target_that_nobody_touches(mine: pg.Study) -> None:
    assert [notice.kind for notice in mine.notices] == ["count_against_coded", "unused_targets"]


def test_it_never_writes_into_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(pg.UsageError, match="there already"):
        pg.start_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


# -- another study to start from ---------------------------------------------------------------------------------------


def test_a_study_can_be_started_from_another_whole(tmp_path: Path, smabystrategi: pg.Study) -> None:
    lines = pg.start_study(tmp_path / "copy", source="smabystrategi")
    assert pg.read_study(tmp_path / "copy") == smabystrategi
    assert lines[-1] == f"Next: change it, then run: policygap check {tmp_path / 'copy'}"


def test_a_coder_gets_codebook_and_statements_and_no_trace_of_earlier_codings(
    tmp_path: Path, smabystrategi: pg.Study
) -> None:
    pg.start_study(tmp_path / "blind", source="smabystrategi", codebook_only=True)
    frames = {path.stem: pd.read_csv(path, dtype=str) for path in (tmp_path / "blind").glob("*.csv")}
    tables = {"sources", "groups", "actors", "questions", "themes", "targets", "statements", "codings"}
    assert set(frames) == tables
    assert list(frames["statements"]["id"]) == list(smabystrategi.statements["id"])
    assert set(frames["statements"]) == {
        "id", "speaker", "text", "source", "locator", "question", "voice", "quantifier", "text_nb"
    }  # fmt: skip
    assert not any(name.startswith("note") for name in {*frames["themes"], *frames["targets"], *frames["actors"]})
    assert frames["codings"].empty
    assert "default_coder" not in (tmp_path / "blind" / "datapackage.json").read_text(encoding="utf-8")


def test_what_a_new_coder_fills_in_goes_beside_the_codings_that_are_there(
    tmp_path: Path, smabystrategi: pg.Study
) -> None:
    folder = tmp_path / "blind"
    pg.start_study(folder, source="smabystrategi", codebook_only=True)
    with pytest.raises(pg.StudyError, match="neither statements with codings nor links"):
        pg.read_study(folder)
    with (folder / "codings.csv").open("a", encoding="utf-8") as file:
        file.write("s21-01,strategy-support,,me,for,,\ns21-01,,focus_area,me,,,\n")
    assert len(pg.read_study(folder).codings) == 2
    both = smabystrategi.with_codings(pd.read_csv(folder / "codings.csv", dtype=str))
    agreement = pg.measure_agreement(both, [smabystrategi.default_coder, "me"])
    assert agreement.kinds["statements"].to_dict() == {"theme": 1, "focus_area": 1, "recommendation": 0, "priority": 0}


def test_a_study_to_start_from_has_to_be_there_and_to_have_a_codebook(tmp_path: Path) -> None:
    with pytest.raises(pg.UsageError, match="there is no such study"):
        pg.start_study(tmp_path / "a", source="nowhere")
    with pytest.raises(pg.UsageError, match="there is no codebook; name the study it is from"):
        pg.start_study(tmp_path / "a", codebook_only=True)
    assert not list(tmp_path.iterdir())
