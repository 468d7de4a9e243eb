"""A sentence is as binding as its governing verb, in three languages; any text ends in an answer or an error."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.clauses import LANGUAGES, guess_language, split_clauses
from policygap.cli import main
from policygap.commitment import LEVELS

ROOT = Path(__file__).parents[1]
CASES = {
    "money": [
        ("nb", "Regjeringen bevilger 3 mill. kroner.", "fund"),
        ("nn", "Regjeringa løyver 3 mill. kroner.", "fund"),
        ("en", "The government allocates 3 million.", "fund"),
    ],
    "an act": [
        ("nb", "Regjeringen vil lovfeste retten.", "act"),
        ("nn", "Regjeringa vil lovfeste retten.", "act"),
        ("en", "The government will establish a right.", "act"),
    ],
    "facilitating": [
        ("nb", "Vi vil legge til rette for vekst.", "promote"),
        ("nn", "Vi vil leggje til rette for vekst.", "promote"),
        ("en", "We will facilitate growth.", "promote"),
    ],
    "a hedge over an act": [
        ("nb", "Regjeringen vil vurdere å etablere et senter.", "consider"),
        ("nn", "Regjeringa vil vurdere å etablere eit senter.", "consider"),
        ("en", "The government will consider establishing a centre.", "consider"),
    ],
    "a hedge over money": [
        ("nb", "Vi vil vurdere å bevilge 3 mill. kroner.", "consider"),
        ("nn", "Vi vil vurdere å løyve 3 mill. kroner.", "consider"),
        ("en", "We will consider whether to allocate 3 million.", "consider"),
    ],
    "an act beside a hedge": [
        ("nb", "Vi vil etablere et senter, og vil vurdere to til.", "act"),
        ("nn", "Vi vil etablere eit senter og vil vurdere to til.", "act"),
        ("en", "We will establish a centre and will consider two more.", "act"),
    ],
    "a condition does not stand alone": [
        ("nb", "Om det skal innføres en avgift, vurderes neste år.", "consider"),
        ("nn", "Om det skal innførast ei avgift, vurderast neste år.", "consider"),
        ("en", "Whether a fee will be introduced, is to be examined.", "consider"),
    ],
    "importance": [
        ("nb", "Gode veier er viktige.", "acknowledge"),
        ("nn", "Gode vegar er viktige.", "acknowledge"),
        ("en", "Good roads are important.", "acknowledge"),
    ],
    "negation": [
        ("nb", "Regjeringen vil ikke etablere et senter.", None),
        ("nb", "Regjeringen etablerer ikke et senter.", None),
        ("nb", "Det bevilges ikke penger.", None),
        ("nn", "Regjeringa vil ikkje etablere eit senter.", None),
        ("nn", "Det vert ikkje løyvd pengar.", None),
        ("en", "The government will not establish a centre.", None),
        ("en", "No money is allocated.", None),
    ],
    "words between the modal and the verb": [
        ("nb", "Regjeringen vil, i dialog med kommunene, fastsette nye krav.", "act"),
        ("nn", "Regjeringa vil i samråd med kommunane forenkle regelverket.", "act"),
        ("en", "The council will, subject to permission, build 300 homes.", "act"),
        ("en", "By the end of 2027 we will, at the start of the year, know more.", None),
    ],
    "others act": [
        ("nb", "Kommunene skal utarbeide en plan innen 2028.", None),
        ("nn", "Kommunane skal innan 2027 utarbeide ein plan.", None),
        ("en", "Each municipality shall draw up a climate plan.", None),
        ("en", "The Act requires that every employer shall establish a procedure.", None),
    ],
    "the author's passive": [
        ("nb", "Forslaget vil bli sendt på høring før jul.", "act"),
        ("nn", "Det blir etablert eit nytt tilbod for unge.", "act"),
        ("en", "A new agency will be established to oversee water.", "act"),
    ],
    "money spent already": [
        ("nb", "I 2021 ble det bevilget 40 millioner kroner til ordningen.", None),
        ("en", "Last year the council spent £4 million on roads.", None),
    ],
    "nothing of these": [
        ("nb", "Senteret åpnet i 1990.", None),
        ("nn", "Senteret opna i 1990.", None),
        ("en", "The centre opened in 1990.", None),
    ],
}


def levels(text: str, language: str) -> list[str | None]:
    column = pg.measure_commitment(text, language).sentences["level"]
    return [None if missing else level for level, missing in zip(column, column.isna(), strict=True)]


@pytest.mark.parametrize(
    ("language", "sentence", "level"),
    [pytest.param(*case, id=f"{name}, {case[0]}, {place}") for name in CASES for place, case in enumerate(CASES[name])],
)
def test_a_sentence_has_the_level_of_its_governing_verb(language: str, sentence: str, level: str | None) -> None:
    assert levels(sentence, language) == [level]


def test_the_words_that_decided_stand_in_the_sentence() -> None:
    found = pg.measure_commitment("Vi vil vurdere å etablere et senter. Vi vil etablere to.", "nb").sentences
    assert found["words"].tolist() == ["vurdere", "vil etablere"]
    assert found["number"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("sentence", "times", "verdict"),
    [
        ("We will build a road.", 10, "binding"),
        ("We will build a road.", 9, "too_few"),
        ("Roads are important.", 10, "non_committal"),
        ("The road is long.", 30, "no_commitment"),
        ("", 1, "no_commitment"),
    ],
)
def test_the_verdict_follows_the_shares(sentence: str, times: int, verdict: str) -> None:
    found = pg.measure_commitment([sentence] * times, "en")
    assert found.verdict == verdict
    assert pg.built_in_table("commitment_text").rows[found.row - 1].outcome == verdict
    for language in ("en", "nb"):
        assert "{" not in found.explain(language)


def test_between_a_quarter_and_a_half_of_binding_sentences_is_mixed() -> None:
    texts = ["We will build a road."] * 3 + ["Roads are important."] * 9
    found = pg.measure_commitment(texts, "en")
    assert (found.verdict, found.binding, found.committing) == ("mixed", 0.25, 12)


def test_levels_count_every_sentence_once_with_its_interval() -> None:
    found = pg.measure_commitment(["We will build a road. Roads are important.", None, "It is long."], "en")
    table = found.levels
    assert table["level"].tolist() == [*LEVELS, "none"]
    assert table["sentences"].sum() == len(found.sentences) == 3
    assert (table["low"] <= table["share"]).all()
    assert (table["share"] <= table["high"]).all()
    assert found.sentences["source"].tolist() == [0, 0, 2]
    assert "<table>" in found._repr_html_()


def test_no_text_has_no_shares() -> None:
    table = pg.measure_commitment([], "nb").levels
    assert table["share"].isna().all()
    assert table["sentences"].eq(0).all()


@pytest.mark.parametrize("fund", ["yes", "no", "unknown"])
@pytest.mark.parametrize("act", ["yes", "no", "unknown"])
@pytest.mark.parametrize("promote", ["yes", "no", "unknown"])
@pytest.mark.parametrize("acknowledge", ["yes", "no", "unknown"])
def test_a_hedge_governs_and_else_the_strongest_code_decides(
    fund: str, act: str, promote: str, acknowledge: str
) -> None:
    table = pg.built_in_table("commitment")
    present = {"fund": fund, "act": act, "promote": promote, "acknowledge": acknowledge}
    assert table.decide(consider=True, **present).outcome == "consider"
    nothing = "not_assessed" if "unknown" in present.values() else "none"
    strongest = next((name for name, value in present.items() if value == "yes"), None)
    assert table.decide(consider=False, **present).outcome == (strongest or nothing)
    assert table.decide(**present).outcome == (strongest or "not_assessed")


def test_a_table_of_ones_own_decides_instead() -> None:
    built = pg.built_in_table("commitment")
    rows = [
        {"when": {"consider": "yes"}, "outcome": "none"},
        {"when": {"consider": ["no", "unknown"]}, "outcome": "act"},
    ]
    mine = pg.DecisionTable(name="commitment", inputs=built.inputs, rows=rows)
    found = pg.measure_commitment("We will consider it.", "en", tables={"commitment": mine})
    assert found.sentences["level"].isna().all()
    with pytest.raises(pg.UsageError, match="no table 'comitment'"):
        pg.measure_commitment("x", "en", tables={"comitment": mine})


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bundled_rules_have_the_five_codes_and_nothing_that_can_not_be_meant(language: str) -> None:
    rules = pg.read_rules(f"commitment-{language}")
    assert set(rules.codes) == set(LEVELS)
    assert rules.language == language
    assert rules.check().empty


def test_rules_of_another_name_decide_alone() -> None:
    rules = pg.RuleSet(name="mine", rules=[pg.Rule("consider", any=["ponder"])])
    assert pg.measure_commitment("We will build it.", "en", rules=rules).sentences["level"].isna().all()


@pytest.mark.parametrize("text", ["x" * 1_000_000, "will " * 20_000, "vil bli " * 20_000, "to be is " * 20_000])
@pytest.mark.parametrize("language", LANGUAGES)
def test_long_words_and_sentences_go_through(text: str, language: str) -> None:
    assert len(pg.measure_commitment(text, language).sentences) == 1


def test_rules_with_other_codes_are_refused() -> None:
    rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus"])])
    with pytest.raises(pg.UsageError, match="'bus': it is no level"):
        pg.measure_commitment("A bus.", "en", rules=rules)


def test_the_language_is_guessed_from_its_words_or_asked_for() -> None:
    assert guess_language(["The aim of the plan is to be ready."]) == "en"
    assert pg.measure_commitment("Dette er ikke noe som regjeringen vil gjøre.").language == "nb"
    assert pg.measure_commitment("Dette er ikkje noko som regjeringa vil gjere.").language == "nn"
    with pytest.raises(pg.UsageError, match="name it: nb, nn or en"):
        pg.measure_commitment("")
    with pytest.raises(pg.UsageError, match="no rules for the language 'de'"):
        pg.measure_commitment("Wir bauen.", "de")


@settings(max_examples=60)
@given(st.text(max_size=200), st.sampled_from(LANGUAGES))
def test_clauses_hold_all_that_a_sentence_says(text: str, language: str) -> None:
    assert "".join("".join(split_clauses(text, language)).split()) == "".join(text.split())


@settings(max_examples=60)
@given(st.text(st.characters(), max_size=200), st.sampled_from(LANGUAGES))
def test_any_text_goes_through(text: str, language: str) -> None:
    found = pg.measure_commitment(text, language)
    assert found.levels["sentences"].sum() == len(found.sentences)


def test_the_command_prints_levels_verdict_and_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plan.md"
    file.write_text("# We will build\n\nWe will build it. Roads \x1b[2J| are important.", encoding="utf-8")
    assert main(["commitment", str(file), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Too few to say: 2 of 2 sentences")
    assert main(["commitment", str(file), "--lang", "en", "--show", "sentences"]) == 0
    out = capsys.readouterr().out
    assert "will build" in out
    assert "\x1b" not in out
    assert main(["commitment", str(file), "--lang", "en", "--show", "sentences", "--format", "json"]) == 0
    assert [row["level"] for row in json.loads(capsys.readouterr().out)] == ["act", "acknowledge"]
    assert main(["commitment", str(file), "--lang", "xx"]) == 2
    assert main(["commitment", str(tmp_path / "nothing.md")]) == 2


def test_the_page_has_the_figures_that_the_benchmark_prints() -> None:
    script = ROOT / "benchmarks" / "commitment.py"
    done = subprocess.run(
        [sys.executable, script, "--third"], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    page = (ROOT / "docs" / "explanation" / "commitment.md").read_text(encoding="utf-8")
    shown = {tuple(re.findall(r"[^|\s]+", line)) for line in page.splitlines() if line.startswith("|")}
    printed = [line for line in done.stdout.splitlines() if re.match(r"\| [a-z]+ ", line)]
    assert len(printed) == 12
    for line in printed:
        assert tuple(re.findall(r"[^|\s]+", line)) in shown, line
