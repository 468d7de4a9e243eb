"""An assertion is a comparison of figures in a small language; everything else is refused without being run."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policygap.assertions import FIGURES, PLAIN, Scope, named_subjects, read_assertion, read_scope


@pytest.mark.parametrize(
    "text",
    [
        'attention("A") > 0.5',
        '  attention("A") > 0.5\n',
        'share("A") >= 2 * share("B") and not demand("t") == 0',
        'min(attention("A"), attention("B")) > max(1 / 3, 0.2) or speakers() < 3',
        '1 <= speakers("t") <= 5',
        'emphasis("t") in ["weaker", "equal"] and commitment("t") not in ("fund", "act")',
        'len(counts("all")) > 1 and sum(counts("g", "submissions")) == members("g")',
        'round(abs(-ratio("A")), 2) != 0.67',
        'presence("t") == "absent"',
    ],
)
def test_a_comparison_of_figures_is_an_assertion(text: str) -> None:
    tree, wrong = read_assertion(text)
    assert tree is not None
    assert wrong == ()


HOSTILE = {
    '__import__("os").system("true") == 0': "it calls",
    '().__class__.__bases__[0] == 1': "it uses Attribute",
    'speakers.__globals__ == 1': "it uses Attribute",
    '"{0.__class__}".format(1) == "x"': "it calls",
    'f"{speakers()}" == "1"': "it uses JoinedStr",
    '9 ** 9 ** 9 ** 9 > 1': "it uses Pow",
    '1 << 99999999 > 1': "it uses LShift",
    '7 // 2 == 3': "it uses FloorDiv",
    '"%99999999d" % 1 == ""': "it uses Mod",
    '[x for x in [1]] == [1]': "it uses ListComp",
    '(lambda: 1)() == 1': "it uses Lambda",
    '{1: 2} == 1': "it uses Dict",
    '{1} == 1': "it uses Set",
    '[1][0] == 1': "it uses Subscript",
    '(1 if 1 else 2) == 1': "it uses IfExp",
    '(x := 1) == 1': "it uses NamedExpr",
    'min(*[1, 2]) == 1': "it uses Starred",
    '1 is 1': "it uses Is",
    'await_ == 1': "it uses the name 'await_'; write ids in quotes",
    'attention(A) > 0.5': "it uses the name 'A'; write ids in quotes",
    'attention > 0.5': "it names 'attention' without calling it",
    'len(min) == 1': "it names 'min' without calling it",
    'max(key=len) == 1': "'max' takes no keywords",
    'eval("1") == 1': "it calls 'eval'",
    'open("x") == 1': "it calls 'open'",
    'round(1.5, -99999999) == 0': "'round' takes a number and how many decimals",
    'round(1.5, speakers()) == 0': "'round' takes a number and how many decimals",
    'attention() > 1': "'attention' takes 1 argument(s)",
    'attention("A", "B") > 1': "'attention' takes 1 argument(s)",
    'speakers("A", "B") > 1': "'speakers' takes 0 or 1 argument(s)",
    'attention(1) > 1': "'attention' takes an id in quotes",
    'attention(("A")) > 1j': "it uses the constant 1j",
    '1e999 - 1e999 < 1': "it uses the constant inf",
    'speakers() == ...': "it uses the constant Ellipsis",
    'b"x" == 1': "it uses the constant b'x'",
    'emphasis("t") == None': "it uses the constant None",
    '1 > 0; 2 > 1': "it can't be read as an expression",
    'x = 1': "it can't be read as an expression",
    '': "it can't be read as an expression",
    '1 >': "it can't be read as an expression",
    '1 > \0': "it can't be read as an expression",
    '"\ud800" == 1': "it can't be read as an expression",
    '(' * 900 + '1' + ')' * 900 + ' > 0': "it can't be read as an expression",
    '-' * 1900 + '1 > 0': "levels deep",
    'not ' * 450 + '1 > 0': "levels deep",
    '1 > 0' + ' ' * 1_000_000: "it is longer than 2000 characters",
    '"' + 'x' * 1_000_000 + '" == 1': "it is longer than 2000 characters",
    'attention("A")': "is no comparison",
    'emphasis("t")': "is no comparison",
    '1': "is no comparison",
    'True': "is no comparison",
    'attention("A") > 0 and speakers("A")': "is no comparison",
    'not speakers("A")': "is no comparison",
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), HOSTILE.items(), ids=[text[:40] for text in HOSTILE])
def test_what_is_no_assertion_is_refused_without_being_run(text: str, said: str) -> None:
    tree, wrong = read_assertion(text)
    assert tree is None
    assert any(said in sentence for sentence in wrong), wrong


@given(st.text(max_size=60) | st.text("()[]{}'\"=<>!+-*/.,:;andortis01A \n\\", max_size=60))
def test_no_text_makes_reading_fail_or_warn(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree, wrong = read_assertion(text)
    assert (tree is None) == bool(wrong)


def test_a_strange_literal_does_not_let_pythons_parser_warn_a_stranger() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_assertion("1if 1else 2")[0] is None
        assert read_assertion('"\\d" is 1')[0] is None
        assert read_assertion('"\\d" == "x"')[0] is not None


def test_every_figure_is_named_with_what_it_is_about() -> None:
    tree, _ = read_assertion('share("A") > share("B") and members("g") + speakers() > max(counts("all", "votes"))')
    assert tree is not None
    assert set(named_subjects(tree)) == {
        ("share", "target", "A"),
        ("share", "target", "B"),
        ("members", "group", "g"),
        ("counts", "subject", "all"),
    }


def test_functions_are_those_of_the_documentation() -> None:
    assert set(FIGURES) == {
        "attention", "demand", "share", "ratio", "speakers", "statements", "members", "presence", "emphasis",
        "commitment", "counts",
    }  # fmt: skip
    assert not set(FIGURES) & set(PLAIN)


def test_a_scope_is_filters_and_options() -> None:
    scope, wrong = read_scope(" group = counties|towns ;kind=call; unit=statement;; weights = group ")
    assert wrong == ()
    assert scope == Scope(
        filters=(("group", ("counties", "towns")), ("kind", ("call",))),
        options=(("unit", "statement"), ("weights", "group")),
    )
    assert read_scope(None) == (Scope(), ())
    assert read_scope("") == (Scope(), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour=red", "'colour' is no column or option of a scope; use one of speaker, group,"),
        ("group", "'group' is not of the form column=value"),
        ("group=", "'group=' is not of the form column=value"),
        ("=towns", "'' is no column or option of a scope"),
        ("kind=call|", "'kind=call|' is not of the form column=value"),
        ("unit=actor; unit=speaker", "'unit' is said twice"),
    ],
)
def test_what_is_no_scope_is_named(text: str, said: str) -> None:
    wrong = read_scope(text)[1]
    assert len(wrong) == 1
    assert wrong[0].startswith(said)


@given(st.text("groupkindunit=|; ", max_size=40))
def test_no_text_makes_reading_a_scope_fail(text: str) -> None:
    scope, wrong = read_scope(text)
    assert isinstance(wrong, tuple)
    assert all(name and all(values) for name, values in scope.filters)
