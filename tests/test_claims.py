"""A claim holds, fails, or can't be computed; the figures that decided stand beside it, and none of them is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from policygap import Study, StudyError, build_study, check_claims, find_problems, measure_coverage
from policygap.testing import studies

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[dict[str, Any]]
few = settings(max_examples=max(settings.default.max_examples // 18, 1))  # a study takes its time to build

TABLES: dict[str, Rows] = {
    "sources": [{"id": "memo", "title": "Memo", "kind": "synthesis"}],
    "groups": [
        {"id": "all-of-them", "label": "All"},
        {"id": "north", "label": "North", "parent": "all-of-them", "population": 4},
        {"id": "far-north", "label": "Far north", "parent": "north", "population": 1},
        {"id": "south", "label": "South", "parent": "all-of-them", "population": 5},
    ],
    "actors": [
        {"id": "n1", "label": "N1", "group": "north"},
        {"id": "f1", "label": "F1", "group": "far-north"},
        {"id": "s1", "label": "S1", "group": "south"},
        {"id": "s2", "label": "S2", "group": "south"},
    ],
    "questions": [{"id": "m1", "label": "Main"}, {"id": "q1", "label": "First", "parent": "m1"}],
    "themes": [{"id": "buses", "label": "Buses"}, {"id": "parks", "label": "Parks"}],
    "targets": [
        {"id": "A", "kind": "focus_area", "label": "A"},
        {"id": "B", "kind": "focus_area", "label": "B"},
        {"id": "R", "kind": "recommendation", "label": "R"},
    ],
    "statements": [
        {
            "id": "1",
            "speaker": "n1",
            "text": "x",
            "kind": "call",
            "locator": "2.1",
            "question": "q1",
            "typical": "true",
        },
        {"id": "2", "speaker": "f1", "text": "x", "kind": "challenge", "locator": "2.1.6", "question": "m1"},
        {"id": "3", "speaker": "s1", "text": "x", "kind": "call", "locator": "2.10", "addressees": "state;county"},
        {"id": "4", "speaker": "s2", "text": "x", "kind": "example", "locator": "2.1 note 3", "voice": "quote"},
        {"id": "5", "speaker": "south", "text": "x", "kind": "call", "counted": "false"},
    ],
    "codings": [
        {"statement": "1", "code": "buses"},
        {"statement": "1", "code": "A"},
        {"statement": "2", "code": "buses"},
        {"statement": "2", "code": "A"},
        {"statement": "3", "code": "buses"},
        {"statement": "3", "code": "B"},
        {"statement": "4", "code": None, "kind": "theme"},
        {"statement": "4", "code": "A"},
        {"statement": "5", "code": "parks"},
    ],
    "responses": [
        {"subject": "buses", "presence": "named", "emphasis": "weaker", "source": "memo"},
        {"subject": "R", "presence": "absent"},
    ],
    "stated_counts": [
        {"subject": "north", "count": 3},
        {"subject": "north", "count": 2, "unit": "submissions"},
        {"subject": "all", "count": 7, "unit": "votes"},
        {"subject": "south", "count": 0},
    ],
}


def made(*claims: dict[str, Any]) -> Study:
    rows = [{"id": f"c{number}", "text": "It is so", **claim} for number, claim in enumerate(claims)]
    return build_study(name="towns", **TABLES, claims=rows)


def check(assertion: str | None, scope: str | None = None, **options: Any) -> dict[str, Any]:
    frame = check_claims(made({"assertion": assertion, "scope": scope}), **options).astype(object)
    return frame.where(frame.notna(), None).iloc[0].to_dict()


HOLDS = {
    # by hand, over units n1, f1, s1, s2, of which all four were assessed for themes and for focus areas
    'attention("buses") == 3 / 4': "attention(buses)=0.75",
    'attention("A") == 3 / 4 and attention("B") == 1 / 4': "attention(A)=0.75;attention(B)=0.25",
    'demand("buses") == 2 / 4': "demand(buses)=0.5",
    'demand("parks") == 0': "demand(parks)=0",
    'share("A") == 0.75': "share(A)=0.75",
    'ratio("A") == 1.5': "ratio(A)=1.5",
    'speakers("buses") == 3': "speakers(buses)=3",
    'speakers() == 4': "speakers()=4",
    'statements() == 4': "statements()=4",
    'statements("buses") == 3': "statements(buses)=3",
    'members("north") == 2': "members(north)=2",
    'members("all-of-them") == 4': "members(all-of-them)=4",
    'members("far-north") == 1': "members(far-north)=1",
    'counts("north") == [3, 2]': "counts(north, submissions)=[3, 2]",
    'counts("all", "votes") == [7]': "counts(all, votes)=[7]",
    'presence("buses") == "named"': "presence(buses)=named",
    'emphasis("buses") in ["weaker", "equal"]': "emphasis(buses)=weaker",
    'presence("R") == "absent"': "presence(R)=absent",
    '2 <= speakers("B") + 1 <= 2': "speakers(B)=1",
    'not demand("buses") > 0.5': "demand(buses)=0.5",
    'max(counts("north")) - min(counts("north")) == 1': "counts(north, submissions)=[3, 2]",
}  # fmt: skip


@pytest.mark.parametrize(("assertion", "figures"), HOLDS.items(), ids=HOLDS)
def test_a_true_assertion_holds_and_its_figures_are_listed(assertion: str, figures: str) -> None:
    line = check(assertion)
    assert (line["verdict"], line["figures"], line["reason"]) == ("holds", figures, None)


@pytest.mark.parametrize("assertion", HOLDS, ids=HOLDS)
def test_its_contrary_fails_on_the_same_figures(assertion: str) -> None:
    line = check(f"not ({assertion})")
    assert (line["verdict"], line["figures"], line["reason"]) == ("fails", HOLDS[assertion], None)


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        ('attention("R") > 0', "attention(R) is missing"),
        ('not attention("R") > 0', "attention(R) is missing"),
        ('attention("R") == 0', "attention(R) is missing"),
        ('speakers("R") == 0', "speakers(R) is missing"),
        ('share("R") < 1', "share(R) is missing"),
        ('emphasis("R") == "weaker"', "emphasis(R) is missing"),
        ('commitment("buses") != "fund"', "commitment(buses) is missing"),
        ('presence("parks") == "absent"', "presence(parks) is missing"),
        ('counts("far-north") == [0]', "counts(far-north, submissions) is missing"),
        ('counts("north", "votes") == [0]', "counts(north, votes) is missing"),
        ('speakers("buses") / (speakers("B") - 1) > 1', "division by zero"),
        ('attention("A") > "much"', "not supported"),
        ('counts("north") * 99999999 == [1]', "only numbers can be multiplied"),
        ('"x" * 2 == "xx"', "only numbers can be multiplied"),
        ('[[1] * 9999] * 9999 == [[1] * 9999] * 9999', "only numbers can be multiplied"),
        ("max() > 1", "at least 1 argument"),
        ("sum(1) > 1", "not iterable"),
        ("1 in 1", "not iterable"),
        ("9" * 400 + " * 1.0 > 1", "too large"),
        (None, "no assertion can be written"),
    ],
)  # fmt: skip
def test_what_a_missing_figure_or_no_number_is_in_is_not_computable(assertion: str | None, reason: str) -> None:
    line = check(assertion)
    assert line["verdict"] == "not_computable"
    assert reason in line["reason"]


def test_an_assertion_as_deep_as_may_be_written_can_be_evaluated() -> None:
    assert check("+".join(["1"] * 190) + " == 190")["verdict"] == "holds"
    assert check("not " * 190 + "1 > 2")["verdict"] == "fails"


def test_the_figures_read_before_one_was_missing_are_still_listed() -> None:
    line = check('attention("A") > attention("R")')
    assert (line["verdict"], line["figures"]) == ("not_computable", "attention(A)=0.75")


def test_a_note_says_why_nothing_can_be_computed() -> None:
    claims = check_claims(made({"note": "the table is an image"}))
    assert claims["reason"].iloc[0] == "the table is an image"


# -- scopes ------------------------------------------------------------------------------------------------------------

SCOPES = {
    "group=north": {"1", "2"},  # with the group under it
    "group=far-north": {"2"},
    "group=all-of-them": {"1", "2", "3", "4"},
    "group=far-north|south": {"2", "3", "4"},
    "kind=call": {"1", "3"},
    "kind=challenge|example": {"2", "4"},
    "question=q1": {"1"},
    "question=m1": {"1", "2"},  # a main theme with the questions under it
    "locator=2.1": {"1", "2", "4"},  # not 2.10
    "locator=2.1.6": {"2"},
    "locator=2.10|2.1.6": {"2", "3"},
    "locator=2": {"1", "2", "3", "4"},
    "speaker=s1|s2": {"3", "4"},
    "voice=quote": {"4"},
    "addressees=county": {"3"},
    "typical=true": {"1"},
    "typical=false": {"2", "3", "4"},
    "source=memo": set(),
    "group=north;kind=call": {"1"},
}


@pytest.mark.parametrize(("scope", "statements"), SCOPES.items(), ids=SCOPES)
def test_a_scope_filters_statements(scope: str, statements: set[str]) -> None:
    buses = len(statements & {"1", "2", "3"})
    assertions = (f"statements() == {len(statements)}", f'statements("buses") == {buses}')
    checked = check_claims(made(*({"assertion": text, "scope": scope} for text in assertions)))
    assert list(checked["verdict"]) == ["holds", "holds" if statements else "not_computable"]  # nobody looked at none


def test_a_scope_says_what_is_counted_and_how_it_weighs() -> None:
    assert check('attention("B") == 1 / 3', "group=north|south;unit=actor;kind=call|challenge")["verdict"] == "holds"
    assert check('attention("buses") == 3 / 4', "unit=statement")["verdict"] == "holds"
    assert check('attention("B") == 1 / 4', "weights=equal")["verdict"] == "holds"
    # a stratum each for north, far north and south: s1 has half of the south's third
    assert check('round(attention("B"), 9) == round(1 / 6, 9)', "weights=group")["verdict"] == "holds"
    # populations 4, 1 and 5: s1 has half of five tenths
    assert check('round(attention("B"), 9) == 0.25', "weights=population")["verdict"] == "holds"


def test_a_claims_own_scope_goes_before_the_options_of_the_call() -> None:
    assert check('speakers("buses") == 3', unit="actor")["verdict"] == "holds"
    assert check('attention("B") == 1 / 4', "weights=equal", weights="group")["verdict"] == "holds"
    assert check('attention("B") == 1 / 4', weights="group")["verdict"] == "fails"


def test_claims_come_in_the_studys_order_and_never_influence_each_other() -> None:
    claims = [
        {"id": "z", "assertion": 'attention("A") > 0.5'},
        {"id": "b", "assertion": 'attention("R") > 0.5'},
        {"id": "a", "assertion": 'attention("B") > 0.5', "scope": "group=south"},
        {"id": "m", "assertion": 'attention("B") > 0.5'},
    ]
    frame = check_claims(made(*claims))
    assert list(frame.index) == ["z", "b", "a", "m"]
    alone = [check(claim["assertion"], claim.get("scope")) for claim in claims]
    assert (
        list(frame["verdict"]) == [line["verdict"] for line in alone] == ["holds", "not_computable", "fails", "fails"]
    )
    assert list(frame["figures"]) == [line["figures"] for line in alone]


# -- what check reports ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "column", "said"),
    [
        ({"assertion": 'attention("a1") > 1'}, "assertion", "attention: 'a1' is not a known code; did you mean 'A'?"),
        ({"assertion": 'share("buses") > 1'}, "assertion", "share: 'buses' is not a known target"),
        ({"assertion": 'members("nort") > 1'}, "assertion", "'nort' is not a known group; did you mean 'north'?"),
        ({"assertion": 'members("n1") > 1'}, "assertion", "members: 'n1' is not a known group"),
        ({"assertion": 'counts("everyone") == [1]'}, "assertion", "counts: 'everyone' is not a known subject"),
        ({"assertion": "9 ** 9 > 1"}, "assertion", "it uses Pow"),
        ({"assertion": 'attention("A")'}, "assertion", "is no comparison"),
        ({"scope": "group=nort"}, "scope", "group='nort' is not known; did you mean 'north'?"),
        ({"scope": "kind=cal|challenge"}, "scope", "kind='cal' is not known; did you mean 'call'?"),
        ({"scope": "voice=loud"}, "scope", "voice='loud' is not known"),
        ({"scope": "speaker=n2"}, "scope", "speaker='n2' is not known; correct it"),
        ({"scope": "question=q2"}, "scope", "question='q2' is not known; correct it"),
        ({"scope": "source=meno"}, "scope", "source='meno' is not known; did you mean 'memo'?"),
        ({"scope": "addressees=stat"}, "scope", "addressees='stat' is not known; did you mean 'state'?"),
        ({"scope": "typical=maybe"}, "scope", "typical='maybe' is not known; correct it"),
        ({"scope": "unit=speakers"}, "scope", "unit='speakers' is not known; did you mean 'speaker'?"),
        ({"scope": "weights=grup"}, "scope", "weights='grup' is not known; did you mean 'group'?"),
        ({"scope": "reading=both"}, "scope", "reading='both' is not known"),
        ({"scope": "basis=print"}, "scope", "basis='print' is not known; did you mean 'printed'?"),
        ({"scope": "colour=red"}, "scope", "'colour' is no column or option of a scope"),
    ],
)
def test_an_unknown_id_or_word_in_a_claim_is_a_problem_with_its_place(
    claim: dict[str, Any], column: str, said: str
) -> None:
    with pytest.raises(StudyError) as caught:
        made({"assertion": "1 == 1"}, claim)
    (problem,) = caught.value.problems
    assert (problem.file, problem.row, problem.column) == ("claims", 3, column)
    assert said in str(problem)
    assert problem.fix


def test_a_problem_in_a_claim_has_its_place_in_a_file_too(tmp_path: Path) -> None:
    made({"assertion": 'attention("A") > 0'}).write(tmp_path / "towns")
    file = tmp_path / "towns" / "claims.csv"
    file.write_text(file.read_text(encoding="utf-8").replace('(""A"")', '(""a1"")'), encoding="utf-8")
    (problem,) = find_problems(tmp_path / "towns")
    assert (problem.file, problem.row, problem.column) == ("claims.csv", 2, "assertion")
    assert problem.what == "attention: 'a1' is not a known code"


@few
@given(studies(shape="statements"))
def test_a_figure_in_a_claim_is_that_of_the_coverage(study: Study) -> None:
    coverage = measure_coverage(study)
    codes = [code.id for code in study.codes if '"' not in code.id and "\\" not in code.id]
    claims = [
        {"id": str(place), "text": "x", "assertion": f'demand("{name}") >= 0.5'} for place, name in enumerate(codes)
    ]
    checked = check_claims(study.with_tables(claims=claims))
    for place, name in enumerate(codes):
        demand = coverage.figure("demand", name)
        expected = "not_computable" if demand is None else "holds" if demand >= 0.5 else "fails"
        assert checked.loc[str(place), "verdict"] == expected
