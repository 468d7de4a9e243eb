"""Which coding of which statement counts, by loops over rows; and that none of it costs an object a row."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.choices import BASES, KINDS, VOICES, Choices, choose
from policygap.testing import studies
from policygap.touches import collect_touches

# A study takes a tenth of a second to draw and check, so each law gets a few of them; a larger profile gives more.
SOME = settings(max_examples=max(1, settings().max_examples // 16))


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def several(words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(words) | st.lists(st.sampled_from(words), min_size=1, unique=True)


@st.composite
def options(draw: st.DrawFn, study: pg.Study) -> dict[str, Any]:
    """Options of what counts, by axis or for all."""
    kinds = ("theme", *study.target_kinds)
    coders = tuple(study.codings["coder"].dropna().unique())
    basis = several(BASES)
    coder = (st.none() | several(coders)) if coders else st.none()
    return {
        "voices": draw(st.none() | several(VOICES)),
        "restated": draw(st.booleans()),
        "reading": draw(st.sampled_from(["main", "alternative"])),
        "basis": draw(st.just("coder") | basis | st.dictionaries(st.sampled_from(kinds), st.none() | basis)),
        "coder": draw(coder | st.dictionaries(st.sampled_from(kinds), coder)),
    }


def chosen(value: Any, kind: str, otherwise: Any = None) -> Any:
    """What an option says of a kind of code, as a list."""
    value = value.get(kind) if isinstance(value, dict) else value
    value = otherwise if value is None else value
    return [value] if isinstance(value, str) else value


def naive_counts(study: pg.Study, row: dict[str, Any], option: dict[str, Any]) -> str | None:
    """Why a statement is left out, if it is."""
    voices = chosen(option["voices"], "")
    if row["counted"] is False:
        return "not_counted"
    if row["voice"] == "synthesis" if voices is None else row["voice"] is not None and row["voice"] not in voices:
        return "voice"
    return "restates" if row["restates"] is not None and not option["restated"] else None


def naive_fits(study: pg.Study, row: dict[str, Any], kind: str, option: dict[str, Any]) -> bool:
    """Whether a coding is in the reading, of the basis and by the coder."""
    if (row["reading"] or "both") not in ("both", option["reading"]):
        return False
    basis = row["basis"] or "coder"
    if basis not in chosen(option["basis"], kind, "coder"):
        return False
    named = chosen(option["coder"], kind)
    coders = named or ([study.default_coder] if study.default_coder else None)
    # What the source prints has no coder. A rule is somebody's only where a coder is asked for by name.
    if coders is None or basis in ("printed", "umbrella") or (basis == "rule" and named is None):
        return True
    return (row["coder"] or study.default_coder) in coders


@SOME
@given(studies(shape="statements"), st.sampled_from([None, "first"]), st.data())
def test_a_naive_loop_finds_the_same_rows_assessments_and_statements_left_out(
    study: pg.Study, default: str | None, data: st.DataObject
) -> None:
    study = evolve(study, meta={"default_coder": default} if default in set(study.codings["coder"]) else {})
    kinds = {code.id: code.kind for code in study.codes}
    for _ in range(3):
        option = data.draw(options(study))
        touches = collect_touches(study, **option)
        reasons = {row["id"]: naive_counts(study, row, option) for row in rows_of(study.statements)}
        touched, looked = Counter(), set()
        for row in rows_of(study.codings):
            kind = kinds.get(row["code"], row["kind"])
            if naive_fits(study, row, kind, option):
                looked |= {(row["statement"], kind)}
                if row["code"] is not None and reasons[row["statement"]] is None:
                    polarity = (row["polarity"] == "for", row["polarity"] == "against")
                    touched[row["statement"], row["code"], *polarity, row["basis"], row["coder"]] += 1
        names = touches.name_statements(np.arange(len(study.statements)))
        assert dict(zip(names, touches.counted, strict=True)) == {name: why is None for name, why in reasons.items()}
        assert touched == Counter(
            (names[row["statement"]], touches.codes[row["code"]], row["supports"], row["against"], *by)
            for row in rows_of(touches.rows)
            for by in [(row["basis"], row["coder"])]
        )
        for kind in {*kinds.values()}:
            expected = [(name, kind) in looked and reasons[name] is None for name in names]
            assert touches.assessed(kind).tolist() == expected
        counts = Counter(why for why in reasons.values() if why is not None)
        left_out = touches.left_out.set_index("reason")["statements"]
        assert left_out.to_dict() == {why: counts[why] for why in ("not_counted", "voice", "restates")}


@SOME
@given(studies(shape="statements"))
def test_what_counts_and_what_is_left_out_is_every_statement(study: pg.Study) -> None:
    touches = collect_touches(study)
    assert touches.counted.sum() + touches.left_out["statements"].sum() == len(study.statements)


def small(*codings: dict[str, Any], **tables: Any) -> pg.Study:
    return pg.build_study(
        groups=[{"id": "g", "label": "G"}],
        themes=[{"id": "t", "label": "T"}],
        targets=[
            {"id": "A", "kind": "focus_area", "label": "A"},
            {"id": "R", "kind": "recommendation", "label": "R"},
        ],
        statements=[{"id": "s1", "speaker": "g", "text": "One."}, {"id": "s2", "speaker": "g", "text": "Two."}],
        codings=codings,
        **tables,
    )


def touched(study: pg.Study, **option: Any) -> list[str]:
    touches = collect_touches(study, **option)
    return sorted(touches.codes[touches.rows["code"]])


def test_what_a_source_prints_counts_on_request_on_the_axis_that_asks_for_it() -> None:
    study = small(
        {"statement": "s1", "code": "A", "basis": "printed"},
        {"statement": "s1", "code": "R", "basis": "printed"},
        {"statement": "s1", "code": "t"},
    )
    assert touched(study) == ["t"]
    assert touched(study, basis={"focus_area": "printed"}) == ["A", "t"]
    assert touched(study, basis="printed") == ["A", "R"]
    assert touched(study, basis=("coder", "printed")) == ["A", "R", "t"]


def test_an_umbrella_never_counts_unless_it_is_asked_for() -> None:
    study = small({"statement": "s1", "code": "A", "basis": "umbrella"}, {"statement": "s1", "code": "t"})
    for basis in ("coder", "printed", "rule", ("coder", "printed", "rule"), {"focus_area": "printed"}):
        assert "A" not in touched(study, basis=basis)
        assert not collect_touches(study, basis=basis).assessed("focus_area").any()
    assert touched(study, basis={"focus_area": "umbrella"}) == ["A", "t"]


def test_a_row_without_a_code_assesses_its_statement_for_its_kind_alone() -> None:
    touches = collect_touches(small({"statement": "s2", "kind": "focus_area"}))
    assert touches.assessed("focus_area").tolist() == [False, True]
    assert not touches.assessed("theme").any()
    assert touches.rows.empty


def test_a_second_coders_row_without_a_code_is_no_assessment_by_the_first() -> None:
    study = small(
        {"statement": "s1", "kind": "focus_area", "coder": "first"},
        {"statement": "s2", "kind": "focus_area", "coder": "second"},
    )
    assert collect_touches(study).assessed("focus_area").tolist() == [True, True]
    assert collect_touches(study, coder="first").assessed("focus_area").tolist() == [True, False]
    theirs = study.with_meta(default_coder="second")
    assert collect_touches(theirs).assessed("focus_area").tolist() == [False, True]
    assert collect_touches(theirs, coder={"theme": "first"}).assessed("focus_area").tolist() == [False, True]


def test_a_coding_without_a_coder_is_the_default_coders() -> None:
    rows = ({"statement": "s1", "code": "A"}, {"statement": "s1", "code": "R", "coder": "me"})
    assert touched(small(*rows), coder="me") == ["R"]
    assert touched(small(*rows, meta={"default_coder": "me"}), coder="me") == ["A", "R"]


# -- choices


def test_the_same_choices_fit_a_study_that_lacks_an_axis_they_name() -> None:
    study = small({"statement": "s1", "code": "t"}).with_tables(targets=[{"id": "P", "kind": "own", "label": "P"}])
    assert touched(study, basis={"focus_area": "printed", "own": "printed"}) == ["t"]


def test_axes_and_coders_that_are_not_there_are_named_all_at_once_with_the_nearest() -> None:
    study = small({"statement": "s1", "code": "A", "coder": "first"})
    with pytest.raises(pg.UsageError) as error:
        collect_touches(study, basis={"focus_aera": "printed"}, coder={"themes": "frist"})
    assert [str(problem).partition("; ")[2] for problem in error.value.problems] == [
        "did you mean 'focus_area'?", "did you mean 'theme'?", "did you mean 'first'?"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "empty"),
    [("kinds", ()), ("kinds", None), ("voices", []), ("basis", []), ("basis", {"theme": []}), ("coder", {"theme": ()})],
)
def test_an_empty_list_is_no_choice_since_it_would_show_zeros_where_nobody_looked(name: str, empty: Any) -> None:
    with pytest.raises(pg.UsageError, match=f"{name}: the list is empty"):
        Choices(**{name: empty})


@pytest.mark.parametrize("value", [3, 0.5, float("nan"), "x", "", [3], [[]], np.array([1, 2]), object(), b"call"])
@pytest.mark.parametrize("name", ["unit", "kinds", "voices", "reading", "basis", "restated"])
def test_a_value_that_an_option_cannot_have_is_named(name: str, value: Any) -> None:
    with pytest.raises(pg.UsageError) as error:
        Choices(**{name: value})
    assert {problem.file for problem in error.value.problems} == {name}


def test_unknown_options_and_unknown_words_are_named_all_at_once() -> None:
    with pytest.raises(pg.UsageError) as error:
        choose(None, {"wieghts": "equal", "unti": 1, "kinds": ["cal", "example"], "reading": "mian", "restated": "no"})
    assert [problem.file for problem in error.value.problems] == ["wieghts", "unti", "kinds", "reading", "restated"]
    assert [str(problem).partition("; ")[2] for problem in error.value.problems] == [
        "did you mean 'weights'?", "did you mean 'unit'?", "did you mean 'call'?", "did you mean 'main'?",
        "use one of the two",
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["actor", 3, {"unit": "actor"}])
def test_what_is_no_choices_is_said_to_be_none(given: Any) -> None:
    with pytest.raises(pg.UsageError, match="is no Choices"):
        choose(given, {})


def test_one_word_is_a_list_of_one_and_a_set_has_the_same_order_in_every_run() -> None:
    assert Choices(kinds="call") == Choices(kinds=["call"])
    assert Choices(kinds=set(KINDS)).kinds == tuple(sorted(KINDS))
    assert Choices(basis={"theme": "printed"}) == Choices(basis={"theme": ["printed"]})


def test_choices_keep_weights_of_their_own_and_compare_by_them() -> None:
    mine = {"a": 1}
    by_mapping, by_series = Choices(weights=mine), Choices(weights=pd.Series({"a": 1}))
    assert by_mapping == by_series
    mine["a"] = 2
    assert by_mapping.weights == {"a": 1}
    assert by_mapping.but(unit="actor").as_dict()["weights"] == {"a": 1}


# -- size


def big(statements: int, codings: int) -> pg.Study:
    random = np.random.default_rng(0)
    speakers = pd.Index([f"a{number}" for number in range(1_000)])
    codes = pd.Index([f"{kind}{number}" for kind in "tf" for number in range(10)])
    names = pd.Index([f"s{number}" for number in range(statements)])

    def drawn(index: pd.Index, size: int) -> pd.Categorical:
        return pd.Categorical.from_codes(random.integers(0, len(index), size), categories=index)

    return pg.build_study(
        groups=[{"id": "g", "label": "G"}],
        actors=pd.DataFrame({"id": speakers, "label": speakers, "group": "g"}),
        themes=pd.DataFrame({"id": codes[:10], "label": "T"}),
        targets=pd.DataFrame({"id": codes[10:], "kind": "focus_area", "label": "F"}),
        statements=pd.DataFrame({"id": names, "speaker": drawn(speakers, statements), "text": "x", "kind": "call"}),
        codings=pd.DataFrame(
            {
                "statement": drawn(names, codings),
                "code": drawn(codes, codings),
                "coder": drawn(pd.Index(["first", "second"]), codings),
                "polarity": drawn(pd.Index(["for", "against"]), codings),
                "basis": drawn(pd.Index(["coder"]), codings),
            }
        ),
    )


def test_a_row_of_a_hundred_thousand_codings_costs_a_few_bytes_and_no_object() -> None:
    touches = collect_touches(big(20_000, 100_000))
    rows = touches.rows
    assert len(rows) == 100_000
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == {
        "statement": "int64", "code": "int8", "supports": "bool", "against": "bool",
        "basis": "category", "coder": "category",
    }  # fmt: skip
    assert rows.memory_usage(deep=True, index=False).sum() < 16 * len(rows)
    assert all(looked.dtype == bool for looked in touches.looked.values())
