"""A row becomes a frozen record: missing cells are None, lists are tuples, what the schema does not know is kept."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from attrs import fields_dict
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from policygap import Actor, Claim, Code, Group, Question, Response, Source, StatedCount
from policygap.schema import TABLES
from policygap.spelling import fold, nearest, suggest

RECORDS = {
    "sources": Source, "groups": Group, "actors": Actor, "questions": Question, "themes": Code, "targets": Code,
    "responses": Response, "stated_counts": StatedCount, "claims": Claim,
}  # fmt: skip


@pytest.mark.parametrize(("table", "record"), RECORDS.items())
def test_a_record_has_every_column_of_its_table(table: str, record: type) -> None:
    assert {column.name for column in TABLES[table].columns} <= set(fields_dict(record))


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA])
def test_a_missing_cell_is_none_and_a_missing_list_is_empty(missing: object) -> None:
    actor = Actor.from_row({"id": "a", "label": "A", "group": "g", "region": missing, "aliases": missing, "x": missing})
    assert (actor.region, actor.aliases, actor.extra) == (None, (), {"x": None})
    assert Group.from_row({"id": "g", "label": "G", "population": missing}).population is None


@given(st.lists(st.text(st.characters(exclude_characters=";"), min_size=1).filter(lambda text: text == text.strip())))
def test_a_list_in_a_cell_becomes_its_items(items: list[str]) -> None:
    cell = " ; ".join(items)
    assert Question.from_row({"id": "q", "label": "Q", "prompts": cell}).prompts == tuple(items)


@given(st.dictionaries(st.sampled_from(["label_nb", "mine", "extra", "self", "note"]), st.text()))
def test_columns_of_ones_own_are_kept_whatever_their_name(own: dict[str, str]) -> None:
    theme = Code.from_row({"id": "t", "kind": "theme", "label": "T", **own})
    assert theme.extra == own


def test_a_text_in_a_language_falls_back_to_the_text_itself() -> None:
    theme = Code(id="t", kind="theme", label="Housing", extra={"label_nb": "Bolig", "label_fr": None, "label_de": ""})
    assert [theme.in_language("label", name) for name in ("nb", "fr", "de", "en")] == [
        "Bolig", "Housing", "Housing", "Housing",
    ]  # fmt: skip
    assert theme.in_language("definition", "nb") is None


def test_records_are_frozen_comparable_and_hashable() -> None:
    one = Group(id="g", label="G", extra={"x": "1"})
    with pytest.raises(FrozenInstanceError):
        one.label = "H"
    assert one == Group(id="g", label="G", extra={"x": "1"})
    assert one != Group(id="g", label="G", extra={"x": "2"})
    assert len({one, Group(id="g", label="G", extra={"x": "1"})}) == 1


def test_only_themes_stand_on_the_left_side() -> None:
    assert Code(id="t", kind="theme", label="T").is_theme
    assert not Code(id="t", kind="focus_area", label="T").is_theme


# -- spelling ----------------------------------------------------------------------------------------------------------


def test_words_that_differ_by_case_accents_and_outer_blanks_alone_fold_alike() -> None:
    assert fold("Ålesund ") == fold("alesund") == fold("A\u030alesund")
    assert fold("bo") != fold("by")


@given(st.text())
def test_folding_twice_is_folding_once_in_ascii(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert fold(fold(plain)) == fold(plain) == plain.strip().casefold()


def test_the_nearest_word_is_named_and_a_far_one_is_not() -> None:
    known = ["focus_area", "recommendation", "priority"]
    assert nearest("Focus-Area", known) == "focus_area"
    assert nearest("zzz", known) is None
    assert nearest("anything", []) is None
    assert suggest("priorty", known, otherwise="write a kind") == "did you mean 'priority'?"
    assert suggest("zzz", known, otherwise="write a kind") == "write a kind"
