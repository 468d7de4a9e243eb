"""A study that is written reads back equal, as a folder and as a workbook, whatever its shape."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.testing import studies


@settings(max_examples=12)
@given(studies(), st.sampled_from(["study", "study.xlsx"]))
def test_what_is_written_reads_back_equal(study: pg.Study, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study.write(Path(folder, name))
        read = pg.read_study(Path(folder, name))
    assert read == study
    assert read.fingerprint == study.fingerprint


@pytest.mark.parametrize("name", ["study", "study.xlsx"])
def test_the_bundled_study_reads_back_equal_and_says_the_same(
    name: str, tmp_path: Path, smabystrategi: pg.Study
) -> None:
    smabystrategi.write(tmp_path / name)
    read = pg.read_study(tmp_path / name)
    assert read == smabystrategi
    assert [gap.to_dict() for gap in pg.find_gaps(pg.measure_coverage(read))] == [
        gap.to_dict() for gap in pg.find_gaps(pg.measure_coverage(smabystrategi))
    ]


def test_two_writes_of_the_bundled_study_give_the_same_bytes(tmp_path: Path, smabystrategi: pg.Study) -> None:
    for name in ("one", "two"):
        smabystrategi.write(tmp_path / name)
        smabystrategi.write(tmp_path / f"{name}.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_own_columns_and_words_about_the_study_are_kept(tmp_path: Path) -> None:
    study = pg.build_study(
        title="Mine",
        meta={"licence": "CC0", "reviewers": ["a", "b"]},
        themes=[{"id": "t", "label": "T", "colour": "red", "label_nn": "Té"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}],
        links=[{"theme": "t", "target": "X", "relation": "equal", "checked by": "me"}],
    )
    for name in ("mine", "mine.xlsx"):
        study.write(tmp_path / name)
        read = pg.read_study(tmp_path / name)
        assert read == study
        assert read.themes[0].extra == {"colour": "red", "label_nn": "Té"}
        assert list(read.links["checked by"]) == ["me"]
        assert read.meta["reviewers"] == ["a", "b"]


def test_a_ragged_file_hides_no_problem_of_another_and_makes_none_up(tmp_path: Path) -> None:
    pg.start_study(tmp_path / "mine")
    with (tmp_path / "mine" / "themes.csv").open("a", encoding="utf-8") as file:
        file.write("short\n")
    with (tmp_path / "mine" / "statements.csv").open("a", encoding="utf-8") as file:
        file.write("s7,nobody,A text.,,,,,\n")
    problems = pg.find_problems(tmp_path / "mine")
    assert [problem.file for problem in problems] == ["themes.csv", "statements.csv"]
    assert "'nobody'" in problems[1].what
