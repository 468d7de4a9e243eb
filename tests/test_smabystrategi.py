"""The bundled study: what it holds, by count, and what comes out of it, as golden output.

The golden files were read line by line. They change with the data or the words of the report alone; write them anew
with
``python tests/test_smabystrategi.py`` and give the reason in the commit.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd
import pytest

import policygap as pg
from policygap.report import gather_content, render_text
from policygap.report.files import to_csv

GOLDEN = Path(__file__).parent / "golden"
PARAGRAPHS = Path(__file__).parents[1] / "docs" / "study" / "paragraphs.csv"

# Statements by section of the memo, as coded.
SECTIONS = {
    "2.1": 6, "2.1.1": 15, "2.1.2": 15, "2.1.3": 27, "2.1.4": 19, "2.1.5": 35, "2.1.6": 160, "2.1.7": 19, "2.1.8": 3,
    "2.2": 31, "2.3": 51, "2.4": 4, "2.4.1": 21, "2.4.2": 15, "2.4.3": 16, "2.4.4": 33, "3.1": 1, "3.2": 1,
}  # fmt: skip


def golden_texts(study: pg.Study) -> dict[str, str]:
    coverage = pg.measure_coverage(study)
    figures = pd.concat([coverage.targets.drop(columns=["kind"]), coverage.themes]).reset_index(names="id")
    columns = ["id", "statements", "speakers", "whole_groups", "assessed", "units", "calling"]
    gaps = pd.DataFrame([gap.to_dict() for gap in pg.find_gaps(coverage)])
    return {
        "report-en.txt": render_text(gather_content(study, "en", robustness=False)),
        "report-nb.txt": render_text(gather_content(study, "nb", robustness=False)),
        "counts.csv": to_csv(figures[columns]),
        "statements.csv": to_csv(count_statements(study)),
        "claims.csv": to_csv(pg.check_claims(study).reset_index()[["id", "verdict", "figures"]]),
        "gaps.csv": to_csv(gaps[["table", "row", "kind", "subject", "is_gap", "contested"]]),
    }


def count_statements(study: pg.Study) -> pd.DataFrame:
    """How many statements stand in each section, by each speaker, of each kind and voice."""
    frame = study.statements.astype(object)
    frame["section"] = frame["locator"].str.extract(r"^([\d.]+)")[0]
    parts = [
        frame[column].value_counts().sort_index().rename_axis("of").reset_index(name="statements").assign(by=column)
        for column in ("section", "speaker", "kind", "voice")
    ]
    return pd.concat(parts)[["by", "of", "statements"]]


@pytest.fixture(scope="module")
def texts(smabystrategi: pg.Study) -> dict[str, str]:
    return golden_texts(smabystrategi)


@pytest.mark.parametrize(
    "name", ["report-en.txt", "report-nb.txt", "counts.csv", "statements.csv", "claims.csv", "gaps.csv"]
)
def test_what_comes_out_is_what_was_reviewed(name: str, texts: dict[str, str]) -> None:
    assert texts[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_section_has_its_statements(smabystrategi: pg.Study) -> None:
    section = smabystrategi.statements["locator"].astype(str).str.extract(r"^([\d.]+)")[0]
    assert section.value_counts().to_dict() == SECTIONS


def test_targets_are_those_that_others_rely_on(smabystrategi: pg.Study) -> None:
    by_kind = {
        kind: [code.id for code in smabystrategi.targets if code.kind == kind] for kind in smabystrategi.target_kinds
    }
    assert by_kind == {
        "focus_area": list("ABCDEFG"),
        "recommendation": [f"R{number}" for number in range(1, 12)],
        "priority": [f"P{number}" for number in range(1, 6)],
    }
    assert {code.type for code in smabystrategi.targets if code.kind == "recommendation"} == {
        "field",
        "condition",
        "proposal",
    }


def test_themes_are_short_english_slugs_with_definitions_in_both_languages(smabystrategi: pg.Study) -> None:
    assert len(smabystrategi.themes) == 45
    for theme in smabystrategi.themes:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", theme.id)
        assert theme.definition
        assert theme.extra["definition_nb"]


def test_every_text_stands_in_english_and_norwegian(smabystrategi: pg.Study) -> None:
    for table, columns in {
        "statements": ["text"], "themes": ["label", "definition"], "targets": ["label"], "groups": ["label"],
        "actors": ["label"], "questions": ["label"], "claims": ["text"],
    }.items():  # fmt: skip
        frame = smabystrategi.tables[table]
        for column in columns:
            assert frame[[column, f"{column}_nb"]].notna().all(axis=None), (table, column)


def looked_at(study: pg.Study, coder: str) -> set[tuple[str, str]]:
    """The statements that a coder assessed, each with the kind of code that it was for."""
    kinds = {code.id: code.kind for code in study.codes}
    codings = study.codings[study.codings["coder"].eq(coder)]
    kind = codings["code"].astype(object).map(kinds).fillna(codings["kind"].astype(object))
    return set(zip(codings["statement"].astype(object), kind, strict=True))


@pytest.mark.parametrize("coder", ["first", "second", "consensus"])
def test_every_statement_was_assessed_for_themes_areas_and_recommendations(coder: str, smabystrategi: pg.Study) -> None:
    kinds = ("theme", "focus_area", "recommendation")
    every = {(statement, kind) for statement in smabystrategi.statements["id"].astype(object) for kind in kinds}
    assert every <= looked_at(smabystrategi, coder)


def codes_by(study: pg.Study, coder: str) -> dict[str, set[tuple[str, str]]]:
    """For each reading, the statements and codes that a coder gave."""
    codings = study.codings[study.codings["coder"].eq(coder) & study.codings["code"].notna()].astype(object)
    return {
        reading: set(zip(rows["statement"], rows["code"], strict=True)) for reading, rows in codings.groupby("reading")
    }


def test_consensus_has_what_both_gave_and_settles_with_a_note_what_one_gave(smabystrategi: pg.Study) -> None:
    first, second, settled = (codes_by(smabystrategi, coder) for coder in ("first", "second", "consensus"))
    one, two = (coder["both"] | coder["main"] for coder in (first, second))
    assert settled["both"] == one & two
    assert settled["main"] <= one ^ two
    assert (one ^ two) - settled["main"] <= settled["alternative"]
    offered = first["alternative"] | second["alternative"]
    assert settled["alternative"] <= (one ^ two) | offered
    codings = smabystrategi.codings
    disputed = codings[codings["coder"].eq("consensus") & codings["reading"].isin(["main", "alternative"])]
    pairs = zip(disputed["statement"].astype(object), disputed["code"].astype(object), strict=True)
    unexplained = [pair for pair, note in zip(pairs, disputed["note"].isna(), strict=True) if note]
    assert not set(unexplained) & (one ^ two)


def test_kinds_and_addressees_are_those_of_one_of_the_coders(smabystrategi: pg.Study) -> None:
    frame = smabystrategi.statements.astype(object)
    assert ((frame["kind"] == frame["kind_first"]) | (frame["kind"] == frame["kind_second"])).all()
    lists = frame[["addressees_first", "addressees_second", "addressees"]].fillna("")
    for one, two, settled in lists.itertuples(index=False):
        assert set(settled.split(";")) <= {*one.split(";"), *two.split(";"), ""}


def test_printed_letters_stand_beside_the_instruments_alone_and_a_range_is_an_umbrella(smabystrategi: pg.Study) -> None:
    locator = smabystrategi.statements.set_index(smabystrategi.statements["id"].astype(object))["locator"].astype(
        object
    )
    letters = {"1": "F", "2": "F", "3": "F", "4": "A", "5": "C", "6": "D", "7": "E", "8": "FG", "9": "ABCDEFG"}
    rows = smabystrategi.codings[smabystrategi.codings["basis"].isin(["printed", "umbrella"])]
    for statement, group in rows.astype(object).groupby("statement"):
        heading = re.fullmatch(r"2\.1\.6 \((\d)\)", locator[statement])
        assert heading, statement
        assert "".join(sorted(group["code"])) == letters[heading[1]]
        assert set(group["basis"]) == {"umbrella" if heading[1] == "9" else "printed"}
    assert rows["coder"].isna().all()


def test_a_proposal_that_was_rejected_counts_nowhere(smabystrategi: pg.Study) -> None:
    frame = smabystrategi.statements
    rejected = frame[frame["counted"].eq(False).fillna(False)]  # nullable flags
    assert "agder" in set(rejected["speaker"])
    evidence = pg.collect_evidence(smabystrategi)
    assert not evidence["statement"].isin(rejected["id"]).any()


def test_the_synthesis_counts_only_when_asked_for(smabystrategi: pg.Study) -> None:
    without = pg.measure_coverage(smabystrategi).touches.counted.sum()
    voices = ("quote", "summary", "inference", "synthesis")
    assert pg.measure_coverage(smabystrategi, voices=voices).touches.counted.sum() > without


def test_it_tells_of_its_contradictions_and_mends_none(smabystrategi: pg.Study) -> None:
    kinds = [notice.kind for notice in smabystrategi.notices]
    assert kinds.count("counts_differ") >= 5
    municipalities = {count.count for count in smabystrategi.stated_counts if count.subject == "municipalities"}
    assert municipalities == {10, 12}
    assert any("trondelag" in notice.subjects for notice in smabystrategi.notices if notice.kind == "silent_actors")


def test_every_theme_and_recommendation_has_one_response_and_six_are_weaker_as_printed(smabystrategi: pg.Study) -> None:
    subjects = [response.subject for response in smabystrategi.responses]
    wanted = [code.id for code in smabystrategi.codes if code.kind in ("theme", "recommendation")]
    assert sorted(subjects) == sorted(wanted)
    weaker = [response for response in smabystrategi.responses if response.emphasis == "weaker"]
    assert len(weaker) == 6
    assert {response.basis for response in weaker} == {"printed"}


def test_some_of_the_memos_claims_fail_and_the_library_says_so(smabystrategi: pg.Study) -> None:
    verdicts = pg.check_claims(smabystrategi)["verdict"]
    assert set(verdicts) == {"holds", "fails", "not_computable"}


def test_no_claim_is_uncomputable_without_a_reason(smabystrategi: pg.Study) -> None:
    claims = pg.check_claims(smabystrategi)
    assert claims.loc[claims["verdict"] == "not_computable", "reason"].str.len().gt(10).all()


def test_conclusions_reports_counts_and_restatements_are_told_apart(smabystrategi: pg.Study) -> None:
    claims = smabystrategi.tables["claims"]
    assert claims["kind"].value_counts().to_dict() == {"conclusion": 35, "report": 13, "restated": 12, "count": 4}
    restated = claims.loc[claims["kind"] == "restated", "restates"]
    assert set(restated) <= set(claims.loc[claims["kind"] == "conclusion", "id"])
    assert claims.loc[claims["kind"] != "restated", "restates"].isna().all()


# -- beside the memo ---------------------------------------------------------------------------------------------------

# The memo's table of contents, by number.
CONTENTS = {
    "1.1", "1.2", "1.3", "1.4", "2", "2.1", "2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6", "2.1.7", "2.1.8",
    "2.2", "2.3", "2.4", "2.4.1", "2.4.2", "2.4.3", "2.4.4", "3", "3.1", "3.2", "3.3",
}  # fmt: skip
NOTES = {"2.1": "123", "2.1.1": "4", "2.2": "5", "2.3": "6", "2.4.3": "7", "3.1": "8", "3.2": "8"}
POINTS = {"2.1.6": set("123456789"), "3.1": {"i", "ii", "iii", "iv", "v", "vi"}}


@pytest.mark.parametrize("table", ["statements", "targets", "links", "responses", "stated_counts", "claims"])
def test_every_locator_is_in_the_memos_table_of_contents(table: str, smabystrategi: pg.Study) -> None:
    for locator in smabystrategi.tables[table]["locator"].dropna().astype(str).unique():
        form = re.fullmatch(r"([\d.]+)(?:-([\d.]+))?(?: \((\w+)\))?(?:,? note (\d))?", locator)
        assert form, locator
        first, last, point, note = form.groups()
        assert {first, last or first} <= CONTENTS, locator
        assert point is None or point in POINTS[first], locator
        assert note is None or note in NOTES[first], locator


def test_no_run_of_nine_words_is_shared_with_the_memo(smabystrategi: pg.Study) -> None:
    place = os.environ.get("POLICYGAP_MEMO")
    if not place:
        pytest.skip("the memo is not part of the project; POLICYGAP_MEMO=its/text.txt compares the study with it")
    memo = words_of(Path(place).read_text(encoding="utf-8"))
    runs = {tuple(memo[start : start + 9]) for start in range(len(memo) - 8)}
    strategy = words_of("Strategi for småbyer og større tettsteder som regionale kraftsentre")  # a title may stand
    runs -= {run for run in runs if set(run) <= {*strategy, "strategi", "en"}}
    shared = []
    for name in smabystrategi.tables:
        frame = smabystrategi.tables[name]
        for column in frame.columns:
            if column == "url" or not isinstance(frame[column].dtype, pd.StringDtype | pd.CategoricalDtype):
                continue
            for text in frame[column].dropna().astype(str).unique():
                words = words_of(text)
                if any(tuple(words[start : start + 9]) in runs for start in range(len(words) - 8)):
                    shared.append((name, column, text))
    assert shared == []


def test_every_paragraph_leads_somewhere_or_says_why_not_and_every_statement_has_one(smabystrategi: pg.Study) -> None:
    rows = pd.read_csv(PARAGRAPHS, dtype=str, keep_default_na=False)
    leads = rows[["statements", "claims", "responses", "targets", "reason"]].ne("").any(axis=1)
    assert leads.all()
    assert set(rows["section"]) <= CONTENTS
    named = {name for cell in rows["statements"] for name in cell.split(";") if name}
    assert named == set(smabystrategi.statements["id"])
    claims = {name for cell in rows["claims"] for name in cell.split(";") if name}
    assert claims <= set(smabystrategi.tables["claims"]["id"])


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file, text in golden_texts(pg.read_study("smabystrategi")).items():
        (GOLDEN / file).write_text(text, encoding="utf-8", newline="\n")
