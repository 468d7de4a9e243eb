"""The report: what it says equals what the library computes, and hostile text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given, settings

import policygap as pg
from policygap.cli import main
from policygap.report import gather_content, render_text
from policygap.report.files import to_csv
from policygap.report.markdown import render_markdown
from policygap.testing import studies

HOSTILE = "a|b`c`<script>alert(1)</script>\x1b[31m\u202e*_[x](javascript:y)"
TEXT = HOSTILE.replace("\x1b", "")  # XML 1.0 can't hold the escape character


@pytest.fixture
def study(tmp_path: Path) -> pg.Study:
    pg.start_study(tmp_path / "start")
    return pg.read_study(tmp_path / "start")


@settings(max_examples=10)
@given(studies())
def test_every_study_has_a_report_in_every_language_that_fits_its_width(made: pg.Study) -> None:
    for language in ("en", "nb"):
        content = gather_content(made, language, robustness=False)
        text = render_text(content, width=80)
        assert all(len(line) <= 80 for line in text.splitlines())
        assert all(char.isprintable() or char == "\n" for char in text)
        assert not re.search(r"\bnan\b", render_markdown(content)) or "nan" in str(made.tables)


def test_figures_of_the_report_are_those_of_the_library(study: pg.Study) -> None:
    text = render_text(gather_content(study, robustness=False))
    row = pg.measure_coverage(study).targets.loc["L1"]
    line = next(line for line in text.splitlines() if line.startswith("L1 "))
    assert f"{row['units']}/{row['assessed']}" in line
    assert f"{row['share'] * 100:.0f}%" in line


def test_the_report_leads_with_unmet_calls_then_weak_then_unanswered(smabystrategi: pg.Study) -> None:
    text = render_text(gather_content(smabystrategi, robustness=False))
    places = [text.index(words) for words in ("absent from the policy", "weakly met", "no answer found")]
    assert places == sorted(places)


def test_the_benchmark_is_named_wherever_shares_are_held_against_it(smabystrategi: pg.Study) -> None:
    content = gather_content(smabystrategi, robustness=False)
    assert "an equal split" in " ".join(render_text(content).split())
    for gap in content.gaps_of("target"):
        if gap.kind != "not_assessed":
            assert "an equal split" in gap.sentence("en")
            assert "lik fordeling" in gap.sentence("nb")


def test_a_judgement_of_a_synthesis_is_told_as_its_own(smabystrategi: pg.Study) -> None:
    content = gather_content(smabystrategi, robustness=False)
    for gap in content.gaps_of("theme"):
        assert gap.attributed_to == ("nibr-2022",)
        assert "as nibr-2022 judges" in gap.sentence()


def test_text_of_strangers_stays_text_in_markdown_and_on_the_terminal(study: pg.Study) -> None:
    themes = study.tables["themes"].assign(label=TEXT)
    content = gather_content(study.with_tables(themes=themes))
    markdown = render_markdown(content)
    assert "<script>" not in markdown
    assert "\u202e" not in markdown
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines() if line.startswith("| espera")}
    assert widths == {4, 6, 7, 8}  # codebook, scenarios, answers and sides: no label has split a row
    assert "\u202e" not in render_text(content)


def test_a_bold_heading_needs_a_terminal(study: pg.Study) -> None:
    content = gather_content(study, robustness=False)
    assert "\x1b[1m" not in render_text(content)
    assert "\x1b[1m" in render_text(content, colour=True)


def held(folder: Path) -> dict[str, bytes]:
    """All files in a folder and below, by their place in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_writes_give_the_same_bytes(study: pg.Study, tmp_path: Path) -> None:
    pg.write_report(study, tmp_path / "one")
    pg.write_report(study, tmp_path / "two")
    assert held(tmp_path / "one") == held(tmp_path / "two")


def test_row_order_of_the_study_does_not_reach_the_fingerprint(study: pg.Study) -> None:
    turned = study.with_tables(codings=study.codings.iloc[::-1])
    assert turned.fingerprint == study.fingerprint
    assert study.with_meta(title="Another").fingerprint != study.fingerprint


def test_the_manifest_lists_every_file(study: pg.Study, tmp_path: Path) -> None:
    files = pg.write_report(study, tmp_path / "out", robustness=False)
    manifest = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert set(held(tmp_path / "out")) == {*manifest["files"], "report.json"}
    assert {path.relative_to(tmp_path / "out").as_posix() for path in files} == set(held(tmp_path / "out"))
    assert manifest["fingerprint"] == study.fingerprint


def test_a_report_replaces_a_report_and_takes_its_old_files_away(study: pg.Study, tmp_path: Path) -> None:
    pg.write_report(study, tmp_path / "out", robustness=False)
    (tmp_path / "out" / "note.txt").write_text("mine", encoding="utf-8")
    links = [{"theme": "espera", "target": "L1", "relation": "equal"}]
    crosswalk = study.with_tables(statements=[], codings=[], links=links, claims=[])
    pg.write_report(crosswalk, tmp_path / "out", robustness=False)
    names = set(held(tmp_path / "out"))
    assert "by_group.csv" not in names
    assert "figures/figure-gaps.svg" not in names
    assert "note.txt" in names


def test_a_folder_that_is_no_report_is_left_alone(study: pg.Study, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(pg.UsageError, match="no report"):
        pg.write_report(study, tmp_path, robustness=False)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".docx"] == ["thesis.docx"]
    assert not (tmp_path / "report.md").exists()
    pg.write_report(study, tmp_path, force=True, robustness=False)
    assert (tmp_path / "thesis.docx").read_text(encoding="utf-8") == "years of work"


def test_a_full_disk_leaves_the_old_report_whole(
    study: pg.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pg.write_report(study, tmp_path / "out", robustness=False)
    before = held(tmp_path / "out")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("policygap.io.atomic.os.fsync", refuse)
    with pytest.raises(pg.UsageError, match="No space left on device"):
        pg.write_report(study.with_meta(title="Another"), tmp_path / "out", robustness=False)
    assert held(tmp_path / "out") == before


def test_csv_has_no_formula_and_no_nan() -> None:
    frame = pd.DataFrame(
        {"text": ["=1+1", "\t=1", "@x", "fine"], "number": [-1.5, None, 2, 3], "tied": [("A", "B"), (), (), ()]}
    )
    rows = list(csv.DictReader(io.StringIO(to_csv(frame))))
    assert [row["text"] for row in rows] == ["'=1+1", "'\t=1", "'@x", "fine"]
    assert [row["number"] for row in rows] == ["-1.5", "", "2.0", "3.0"]
    assert rows[0]["tied"] == "A;B"


def test_a_crosswalk_has_a_report_too() -> None:
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}, {"id": "u", "label": "U"}],
        targets=[{"id": "X", "kind": "focus_area", "label": "X"}, {"id": "Y", "kind": "focus_area", "label": "Y"}],
        links=[{"theme": "t", "target": "X", "relation": "equal"}, {"theme": "u", "target": None, "relation": "none"}],
    )
    text = render_text(gather_content(study, robustness=False))
    assert "2 themes, 2 targets, 2 links; no statements" in text
    assert re.search(r"^X X +1/2 +50% ", text, re.MULTILINE)


def test_a_format_that_is_not_known_is_named_with_the_nearest(study: pg.Study, tmp_path: Path) -> None:
    with pytest.raises(pg.UsageError, match="html") as caught:
        pg.write_report(study, tmp_path / "out", formats=["htm", "pdf"], robustness=False)
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "out").exists()


def test_a_missing_extra_is_named_before_anything_is_written(
    study: pg.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policygap.report.files.find_spec", lambda _: None)
    with pytest.raises(pg.UsageError, match=r"policygap\[report\]"):
        pg.write_report(study, tmp_path / "out", robustness=False)
    assert not (tmp_path / "out").exists()
    assert pg.write_report(study, tmp_path / "out", formats=["md", "csv"], robustness=False)[0].name == "report.md"


def test_a_list_of_files_that_leads_out_of_the_folder_is_not_believed(study: pg.Study, tmp_path: Path) -> None:
    pg.write_report(study, tmp_path / "out", formats=["md"], robustness=False)
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    listed = {"files": ["../mine.csv", "/etc/hosts", "figures/../../mine.csv"]}
    (tmp_path / "out" / "report.json").write_text(json.dumps(listed), encoding="utf-8")
    pg.write_report(study, tmp_path / "out", formats=["md"], robustness=False)
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "mine"


def test_a_label_without_the_reports_language_is_marked_with_its_own(study: pg.Study) -> None:
    themes = [{"id": "t", "label": "Housing", "label_nb": "Bolig"}, {"id": "u", "label": "Roads"}]
    made = pg.build_study(
        meta={"languages": ["en", "nb"]},
        themes=themes,
        targets=[{"id": "X", "kind": "focus_area", "label": "X", "label_nb": "X"}],
        links=[{"theme": "t", "target": "X", "relation": "equal"}],
    )
    assert [gather_content(made, "nb", robustness=False).label(theme) for theme in made.themes] == [
        "Bolig",
        "Roads [en]",
    ]
    assert [gather_content(made, "en", robustness=False).label(theme) for theme in made.themes] == ["Housing", "Roads"]
    assert [gather_content(study.with_meta(languages=[]), "nb", robustness=False).label(one) for one in study.themes][
        :1
    ]


@pytest.mark.parametrize(
    "options",
    [{}, {"unit": "statement", "restated": True, "voices": ("quote", "synthesis")}, {"kinds": ("call", "challenge")}],
)
def test_the_call_in_the_report_makes_the_same_report_again(
    options: dict[str, object], smabystrategi: pg.Study, tmp_path: Path
) -> None:
    pg.write_report(smabystrategi, tmp_path / "one", formats=["md", "csv"], robustness=False, **options)
    text = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    command = re.search(r"byte for byte: policygap (.+?), with the same data", text)
    assert command is not None
    words = shlex.split(re.sub(r"\\(.)", r"\1", command[1]))
    assert main([*words, "--out", str(tmp_path / "two"), "--formats", "md,csv"]) == 0
    assert held(tmp_path / "one") == held(tmp_path / "two")


@pytest.mark.parametrize(
    "options", [{"dimensions": ["unit", "counting"], "together": 1}, {"seed": 4, "dimensions": "cap", "unit": "actor"}]
)
def test_a_robustness_that_was_passed_is_part_of_the_call(
    options: dict[str, Any], smabystrategi: pg.Study, tmp_path: Path
) -> None:
    tried = pg.measure_robustness(smabystrategi, **options)
    pg.write_report(smabystrategi, tmp_path / "one", formats=["md"], robustness=tried)
    text = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    call = re.search(r"byte for byte: (pg\..+?\)), with the same data", re.sub(r"\\(.)", r"\1", text))
    assert call is not None
    again = call[1].replace("'report'", repr(str(tmp_path / "two"))).replace("language=", "formats=['md'], language=")
    exec(again, {"pg": pg})  # the report's own call
    assert held(tmp_path / "one") == held(tmp_path / "two")


def test_what_no_call_can_say_is_said_to_be_so(study: pg.Study) -> None:
    def shown(of: pg.Study, tried: pg.Robustness) -> str:
        return render_markdown(gather_content(of, robustness=tried))

    plain = pg.measure_robustness(study, together=200)
    assert f"policygap report {study.name} --lang en, with" in shown(study, plain)
    own = pg.measure_robustness(study, own={"mine": lambda study: study}, together=0)
    cut = evolve(plain, complete=False)
    for of, tried in ((study, own), (study, cut), (study.with_meta(title="Another"), plain)):
        assert "No command makes this report again" in shown(of, tried)
        assert "byte for byte" not in shown(of, tried)


def test_choices_that_no_command_can_say_are_given_as_python(smabystrategi: pg.Study, tmp_path: Path) -> None:
    options = {"basis": {"focus_area": ("printed",)}}
    pg.write_report(smabystrategi, tmp_path / "one", formats=["md"], robustness=False, **options)
    text = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    call = re.search(r"byte for byte: (pg\..+?\)), with the same data", re.sub(r"\\(.)", r"\1", text))
    assert call is not None
    exec(call[1].replace("'report'", repr(str(tmp_path / "two"))), {"pg": pg})  # the report's own call
    one, two = (json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8")) for name in ("one", "two"))
    assert {**one, "files": []} == {**two, "files": []}  # the call writes every format


# -- more statements than a report can hold


def test_a_report_of_too_many_statements_holds_what_was_counted_and_says_so(
    smabystrategi: pg.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = ["html", "xlsx", "md", "csv"]
    pg.write_report(smabystrategi, tmp_path / "whole", formats=formats, robustness=False)
    monkeypatch.setattr("policygap.report.content.MOST_SHOWN", 100)
    pg.write_report(smabystrategi, tmp_path / "large", formats=formats, robustness=False)
    said = "There are too many statements for a report to hold each of them"
    for name in ("report.md", "report.html"):
        text = (tmp_path / "large" / name).read_text(encoding="utf-8")
        assert said in text
        assert said not in (tmp_path / "whole" / name).read_text(encoding="utf-8")
    statements = smabystrategi.statements["text"]
    assert statements[0] in (tmp_path / "whole" / "report.html").read_text(encoding="utf-8")
    assert not [one for one in statements if one in text]
    book, whole = (openpyxl.load_workbook(tmp_path / name / "report.xlsx") for name in ("large", "whole"))
    assert book.sheetnames == whole.sheetnames
    assert str(book["Evidence"]["A1"].value).startswith(said)
    assert book["Evidence"].max_row == 1
    # All that was counted is the same.
    large, small = ({path.name for path in (tmp_path / name).glob("*.csv")} for name in ("large", "whole"))
    assert small - large == {"evidence.csv"}
    for name in large - {"gaps.csv"}:
        assert (tmp_path / "large" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    gaps, others = (pd.read_csv(tmp_path / name / "gaps.csv") for name in ("large", "whole"))
    pd.testing.assert_frame_equal(gaps.drop(columns="statement_ids"), others.drop(columns="statement_ids"))


def test_where_no_response_was_judged_the_report_says_that_first(study: pg.Study) -> None:
    bare = study.with_tables(responses=study.tables["responses"].iloc[:0])
    text = " ".join(render_markdown(gather_content(bare, robustness=False)).split())
    assert "can't be said: nobody has judged a response to any of them" in text
    assert "shown to be absent" not in text
