"""Every word a reader sees stands in both catalogues, under one name and with the same places to fill in."""

from __future__ import annotations

import string
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policygap import UsageError, built_in_table
from policygap.messages import LANGUAGES, decimal, names, percent, say, word
from policygap.schema import TABLES


def catalogue(language: str) -> dict[str, str]:
    text = resources.files("policygap").joinpath(f"data/messages/{language}.toml").read_text(encoding="utf-8")
    return {f"{part}.{name}": words for part, entries in tomllib.loads(text).items() for name, words in entries.items()}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_language_has_the_same_names() -> None:
    english = set(catalogue("en"))
    for language in LANGUAGES:
        assert set(catalogue(language)) == english == names(language)


def test_every_language_has_the_same_places_to_fill_in() -> None:
    english = catalogue("en")
    for language in LANGUAGES:
        for name, text in catalogue(language).items():
            assert places(text) == places(english[name]), (language, name)


def test_a_form_for_one_fills_in_what_the_form_for_many_does() -> None:
    english = catalogue("en")
    ones = [name for name in english if name.endswith("_one")]
    assert ones
    for name in ones:
        assert places(english[name]) == places(english[name.removesuffix("_one")]), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_of_every_table_has_words(language: str) -> None:
    known = names(language)
    for table in ("theme", "target", "recommendation"):
        for outcome in built_in_table(table).outcomes:
            assert known & {f"outcome.{outcome}", f"outcome.{table}_{outcome}"}, outcome
            assert known & {f"gap.{outcome}", f"gap.{table}_{outcome}"}, outcome
    for outcome in built_in_table("sides").outcomes:
        assert f"side.{outcome}" in known


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_response_has_words_of_its_own(language: str) -> None:
    for column in ("presence", "emphasis", "commitment"):
        said = [word(column, item, language) for item in TABLES["responses"].column(column).words]
        assert {f"{column}.{item}" for item in TABLES["responses"].column(column).words} <= names(language)
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_a_page_shows_of_a_statement_or_coding_has_words(language: str) -> None:
    for part, table, column in (
        ("statement_kind", "statements", "kind"),
        ("voice", "statements", "voice"),
        ("basis", "codings", "basis"),
    ):
        assert {f"{part}.{item}" for item in TABLES[table].column(column).words} <= names(language)


def test_an_outcome_of_a_recommendation_may_differ_from_a_themes() -> None:
    theme = word("outcome", "no_answer_found", "en", table="theme")
    assert word("outcome", "no_answer_found", "en", table="recommendation") != theme


def test_one_has_its_own_form_and_a_word_without_one_keeps_that_of_many() -> None:
    assert say("word.statements", "en", count=1) == "1 statement"
    assert say("word.statements", "en", count=0) == "0 statements"
    assert say("word.of", "nb", part=2, whole=5, unit="aktører") == "2 av 5 aktører"


@given(st.text(max_size=20))
def test_values_are_put_in_as_they_are(text: str) -> None:
    assert say("notice.reading", "en", remark=text) == text
    assert say("gap.not_assessed", "nb", label=text) == f"{text}: ikke vurdert."


def test_a_word_that_no_catalogue_has_stands_for_itself() -> None:
    assert word("kind", "our-own", "nb") == "our-own"


def test_an_unknown_language_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match="'fr'; use one of en, nb"):
        say("word.yes", "fr")


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert (percent(0.5), percent(0.5, "nb"), percent(0), percent(1)) == ("50%", "50\N{NO-BREAK SPACE}%", "0%", "100%")
    assert (decimal(1.5, 2), decimal(1.5, 2, "nb"), decimal(2, 0, "nb")) == ("1.50", "1,50", "2")
