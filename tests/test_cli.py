"""The command line: exit codes, one line a problem, formats, and no traceback whatever comes in."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A small study of one's own."""
    pg.start_study(tmp_path / "mine")
    return tmp_path / "mine"


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    try:
        code = main([str(word) for word in words])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_check_says_nothing_is_wrong_with_the_bundled_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", "smabystrategi") == (0, "smabystrategi: no problems\n", "")


def test_check_lists_every_problem_on_a_line_of_its_own_and_exits_with_1(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (mine / "codings.csv").open("a", encoding="utf-8") as file:
        file.write("s99,espera,,ana,,\ns1,esperas,,ana,,\ns1,espera,,ana,fore,\n")
    code, out, err = run(capsys, "check", mine)
    lines = err.splitlines()
    assert (code, out, len(lines)) == (1, "", 3)
    assert any("row 22" in line and "column statement" in line and "'s99'" in line for line in lines)
    assert any("row 23" in line and "did you mean 'espera'?" in line for line in lines)
    assert any("row 24" in line and "column polarity" in line and "for" in line for line in lines)


@pytest.mark.parametrize(
    "command", ["report", "matrix", "coverage", "gaps", "sides", "speakers", "claims", "conflicts"]
)
def test_a_study_with_problems_ends_every_command_with_1_and_no_traceback(
    command: str, mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine / "themes.csv").write_text("id;label\n", encoding="utf-8")
    monkeypatch.chdir(mine)
    code, out, err = run(capsys, command, mine)
    assert (code, out) == (1, "")
    assert "themes" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["check"],
        ["check", "no-such-study"],
        ["matrix", "smabystrategi", "--rows", "colour"],
        ["matrix", "smabystrategi", "--values", "colour"],
        ["coverage", "smabystrategi", "--unit", "page"],
        ["coverage", "smabystrategi", "--weights", "population"],
        ["coverage", "smabystrategi", "--format", "docx"],
        ["gaps", "smabystrategi", "--addressee", "king"],
        ["trace", "smabystrategi"],
        ["trace", "smabystrategi", "--theme", "town-capasity"],
        ["quotes", "smabystrategi", "--theme", "housing", "--n", "0"],
        ["report", "smabystrategi", "--lang", "xx"],
    ],
)
def test_wrong_usage_ends_with_2_and_a_line_on_standard_error(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.strip()
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_theme_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = run(capsys, "trace", "smabystrategi", "--theme", "town-capasity")
    assert "did you mean 'town-capacity'?" in err


@pytest.mark.parametrize(
    "words",
    [
        ["coverage"],
        ["coverage", "--by", "group"],
        ["gaps", "--all"],
        ["sides"],
        ["speakers"],
        ["conflicts"],
        ["claims"],
        ["quotes", "--theme", "espera"],
        ["examples"],
        ["trace", "--theme", "espera", "--target", "L1"],
        ["matrix", "--rows", "theme", "--columns", "focus_area", "--values", "speakers"],
    ],
)
def test_json_is_an_array_of_flat_objects_with_the_columns_of_the_csv(
    words: list[str], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *options = words
    code, out, _ = run(capsys, command, mine, *options, "--format", "json")
    rows = json.loads(out)
    assert code == 0
    assert all(not isinstance(cell, dict | list) for row in rows for cell in row.values())
    _, table, _ = run(capsys, command, mine, *options, "--format", "csv")
    lines = list(csv.reader(io.StringIO(table)))
    assert len(lines) == len(rows) + 1
    assert all(list(row) == lines[0] for row in rows)


def test_a_matrix_in_json_is_long_and_says_what_each_cell_is(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "matrix", mine, "--columns", "target", "--values", "speakers", "--format", "json")
    cells = {(cell["row"], cell["column"]): (cell["value"], cell["state"]) for cell in json.loads(out)}
    assert cells["espera", "L1"] == (2, "evidence")
    assert cells["ocio", "R1"] == (0, "none")  # a link says that they do not go together
    assert cells["escuela", "L3"] == (0, "zero")


def test_a_matrix_in_html_escapes_what_strangers_wrote(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (mine / "targets.csv").read_text(encoding="utf-8").replace("L3,", "<script>x</script>,")
    (mine / "targets.csv").write_text(text, encoding="utf-8")
    code, out, _ = run(capsys, "matrix", mine, "--format", "html")
    assert code == 0
    assert "<script>" not in out
    assert "&lt;script&gt;" in out


def test_csv_never_starts_a_cell_with_a_formula(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (mine / "statements.csv").read_text(encoding="utf-8").replace("Hacen falta", "=cmd|' /C calc'!A0")
    (mine / "statements.csv").write_text(text, encoding="utf-8")
    _, out, _ = run(capsys, "trace", mine, "--theme", "escuela", "--format", "csv")
    cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_options_of_the_count_reach_the_count(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def demand(*options: str) -> float:
        _, out, _ = run(capsys, "coverage", mine, "--format", "json", *options)
        return next(row["demand"] for row in json.loads(out) if row["id"] == "espera")

    study = pg.read_study(mine)
    assert demand() == pg.measure_coverage(study).figure("demand", "espera")
    assert demand("--kinds", "call,challenge", "--unit", "statement") == pytest.approx(3 / 6)
    assert demand("--weights", "group") == pg.measure_coverage(study, weights="group").figure("demand", "espera")


def test_a_table_of_ones_own_decides_in_place_of_the_built_in(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "theme"\ngaps = ["asked"]\n'
        '[[inputs]]\nname = "demand"\nbands = [{name = "zero", upto = 0}, {name = "some"}]\n'
        '[[rows]]\nwhen = {demand = "some"}\noutcome = "asked"\n'
        '[[rows]]\nwhen = {demand = ["zero", "unknown"]}\noutcome = "quiet"\n',
        encoding="utf-8",
    )
    code, out, _ = run(capsys, "gaps", mine, "--tables", own, "--format", "json")
    assert code == 0
    assert {row["subject"] for row in json.loads(out) if row["table"] == "theme"} == {"espera", "escuela", "ocio"}


def test_convert_writes_a_workbook_and_a_folder_that_read_back_equal(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "convert", mine, tmp_path / "mine.xlsx")[0] == 0
    assert run(capsys, "convert", tmp_path / "mine.xlsx", tmp_path / "again")[0] == 0
    assert pg.read_study(tmp_path / "again") == pg.read_study(mine)


def test_new_writes_a_study_without_problems_and_refuses_a_folder_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "new", tmp_path / "a")[0] == 0
    assert run(capsys, "check", tmp_path / "a")[0] == 0
    code, _, err = run(capsys, "new", tmp_path / "a")
    assert code == 2
    assert "it is there already" in err


def test_a_new_coder_gets_what_may_be_seen_and_agreement_is_told_afterwards(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "new", "--from", mine, "--codebook-only", tmp_path / "blind")
    assert code == 0
    assert out.splitlines()[-1].startswith("Next: read ")
    assert (tmp_path / "blind" / "codings.csv").read_text(encoding="utf-8").count("\n") == 1
    assert run(capsys, "check", tmp_path / "blind")[0] == 1  # nobody has coded anything yet
    with (mine / "codings.csv").open("a", encoding="utf-8") as file:
        file.write("s2,espera,,berta,,\n")
    table = json.loads(run(capsys, "agreement", mine, "--format", "json")[1])
    assert next(row for row in table if row["id"] == "espera")["agreed"] == 1
    kinds = json.loads(run(capsys, "agreement", mine, "--show", "kinds", "--format", "json")[1])
    assert next(row for row in kinds if row["kind"] == "theme")["statements"] == 1
    code, _, err = run(capsys, "agreement", mine, "--coders", "berta")
    assert (code, err.count("\n")) == (2, 1)


def test_the_report_fits_the_terminal_and_says_where_the_files_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a path is not wrapped, and this one may be long
    code, out, _ = run(capsys, "report", "--quick", "--out", "out")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    assert "\x1b" not in out
    assert out.rstrip().endswith("out/report.html")
    assert (tmp_path / "out" / "report.md").is_file()


def test_how_sure_one_can_be_is_printed_and_as_json(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "intervals", mine, "--n", "50", "--seed", "3", "--lang", "nb")
    assert code == 0
    assert out.startswith("95\u00a0% stabilitetsområde")
    rows = json.loads(run(capsys, "intervals", mine, "--n", "50", "--seed", "3", "--format", "json")[1])
    assert {row["measure"] for row in rows} == {"attention", "demand", "share", "ratio", "rank"}
    words = ("robustness", mine, "--dimensions", "unit,counting", "--together", "2")
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "kinds of choice" in out
    findings = json.loads(run(capsys, *words, "--format", "json")[1])
    assert {row["type"] for row in findings} == {"gap", "claim"}
    scenarios = json.loads(run(capsys, *words, "--show", "scenarios", "--format", "json")[1])
    assert [row["changed"] for row in scenarios][:2] == ["plain", "unit"]
    effects = json.loads(run(capsys, *words, "--show", "effects", "--format", "json")[1])
    assert {row["dimension"] for row in effects} == {"unit", "counting"}
    code, _, err = run(capsys, "robustness", mine, "--dimensions", "units")
    assert (code, err) == (2, "dimensions: 'units' is no kind of choice; did you mean 'unit'?\n")
    for none in ("", ","):
        code, _, err = run(capsys, "robustness", mine, "--dimensions", none)
        assert (code, err) == (2, "dimensions: the list is empty; name some, or leave the option out\n")


def test_what_robustness_could_not_try_is_said_on_standard_error(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("policygap.cli._progress_bar", lambda: stop)
    for show in ("findings", "effects"):
        code, _, err = run(capsys, "robustness", mine, "--dimensions", "unit,counting", "--show", show)
        assert code == 0
        first, *others = err.splitlines()
        assert first == "interrupted after 2 scenarios"
        assert "full or fractional counting: 1 way to choose was not reached" in others


def test_norwegian_is_asked_for_with_lang(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "report", "--quick", "--lang", "nb", "--out", tmp_path / "out")
    assert "Oppmerksomhet per innsatsområde" in out
    assert "Called for" not in out


def test_a_terminal_that_cannot_show_blocks_gets_plain_bars(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "policygap", "report", "--quick", "--out", str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"####" in done.stdout


def test_a_reader_that_goes_away_is_no_fault(mine: Path) -> None:
    command = f"'{sys.executable}' -m policygap trace '{mine}' --speaker joven --format json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert done.stderr == b""


def test_import_loads_nothing_heavy() -> None:
    heavy = "('pandas', 'numpy', 'networkx', 'attrs')"
    code = f"import policygap, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_loads() -> None:
    assert all(getattr(pg, name) is not None for name in pg.__all__)
    assert set(pg.__all__) <= set(dir(pg))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pg.nonsense


@settings(max_examples=12)
@given(content=st.binary(max_size=200), name=st.sampled_from(["themes.csv", "codings.csv", "datapackage.json"]))
def test_no_bytes_in_a_file_end_in_a_traceback(
    content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bytes") / "study"
    pg.start_study(folder)
    (folder / name).write_bytes(content)
    assert main(["check", str(folder)]) in (0, 1)


def test_frames_print_missing_cells_as_nothing(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "coverage", mine, "--format", "csv")
    frame = pd.read_csv(io.StringIO(out))
    assert "nan" not in out.lower().replace("finan", "")
    assert frame.loc[frame["id"] == "espera", "benchmark"].isna().all()
