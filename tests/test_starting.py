"""The study to start from: without problems, in another language and field than the bundled one, and complete."""

from __future__ import annotations

from pathlib import Path

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
