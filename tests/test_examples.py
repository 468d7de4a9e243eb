"""Each script of examples/ runs, and prints what it says it prints."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def run(script: str, capsys: pytest.CaptureFixture[str]) -> str:
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_example_prints_the_same_twice(
    script: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = run(script, capsys)
    assert first
    assert run(script, capsys) == first
    assert list(tmp_path.iterdir()) == []  # an example leaves nothing behind


def test_the_crosswalk_gives_the_numbers_counted_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("crosswalk.py", capsys)
    assert "attention to A.5: 3 of 6 controls" in printed
    assert "attention to A.8: 2 of 6 controls" in printed


def test_the_own_decision_table_decides_and_the_faulty_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("own_decision_table.py", capsys)
    assert "silence" in printed
    assert "no row decides" in printed


def test_the_bundled_study_goes_from_statements_to_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("bundled_study.py", capsys)
    for heading in ("Study", "Attention", "Gaps", "Behind the first", "Claims", "Report"):
        assert f"\n{heading}\n" in f"\n{printed}"
