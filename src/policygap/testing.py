"""Hypothesis strategies for studies and rules come out, for the library's own tests and for those of its users.

Install with ``pip install "policygap[testing]"``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .decisions import DecisionTable
from .errors import UsageError
from .rules.rule import Rule
from .rules.ruleset import RuleSet
from .schema import TABLES
from .study import Study, build_study

try:
    from hypothesis import strategies as st
except ImportError:  # the extra is not installed
    raise UsageError("policygap.testing needs hypothesis: pip install 'policygap[testing]'") from None

__all__ = ["decision_tables", "ids", "patterns", "rule_sets", "studies", "tables", "texts"]

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]

_FAMILY = ("focus_area", "recommendation", "priority")


def texts(*, min_size: int = 1, max_size: int = 20) -> st.SearchStrategy[str]:
    r"""Any text that XML 1.0 can hold, with line ends as LF; not blank, since a blank cell may read back as missing.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(texts(), lambda text: "\n" in text).strip() != ""
    True
    """
    characters = st.characters(
        exclude_categories=("Cs", "Cc"), include_characters="\t\n", exclude_characters="\ufffe\uffff"
    )
    return st.text(characters, min_size=min_size, max_size=max_size).filter(lambda text: bool(text.strip()))


def ids() -> st.SearchStrategy[str]:
    """Ids: short text without blanks at its ends or semicolons, some of which look like numbers or dates."""
    plain = st.text(st.characters(categories=("L", "N", "Pd")), min_size=1, max_size=6)
    looks = st.sampled_from(["1", "007", "1.0", "1e5", "2020-01-01", "NA", "null", "TRUE", "=1+1"])
    return st.one_of(plain, looks).filter(lambda text: text == text.strip() and text not in ("all", ""))


@st.composite
def tables(draw: st.DrawFn, *, shape: str = "any", flat: bool = False, language_variants: bool = True) -> Tables:
    """The tables of a study without problems, as lists of rows.

    Parameters
    ----------
    shape
        ``statements`` (with codings), ``links`` (a crosswalk alone), ``both``, or ``any`` of these.
    flat
        Whether to leave out the parents of codes.
    language_variants
        Whether some texts have a Norwegian variant.
    """
    shape = draw(st.sampled_from(["statements", "links", "both"])) if shape == "any" else shape
    names = iter(draw(st.lists(ids(), min_size=36, max_size=36, unique=True)))
    take: Callable[[int, int], list[str]] = lambda low, high: [next(names) for _ in range(draw(st.integers(low, high)))]  # noqa: E731  # a word for the draw below
    out: Tables = {name: [] for name in TABLES}
    out["groups"] = [
        row | {"population": draw(st.none() | st.integers(1, 50))} for row in _tree(draw, take(1, 4), flat=False)
    ]
    out["actors"] = [
        {"id": name, "label": draw(texts()), "group": draw(st.sampled_from(_ids(out["groups"])))} for name in take(0, 5)
    ]
    out["sources"] = [
        {"id": name, "title": draw(texts()), "kind": draw(_maybe("submission", "synthesis"))} for name in take(0, 2)
    ]
    out["themes"] = _tree(draw, take(1, 4), flat=flat)
    kind = st.sampled_from(_FAMILY)
    out["targets"] = [
        row | {"kind": draw(kind), "type": draw(_maybe("proposal", "field"))}
        for row in _tree(draw, take(1, 6), flat=flat)
    ]
    out["questions"] = _tree(draw, take(0, 2), flat=False)
    if language_variants:
        for row in (*out["themes"], *out["targets"]):
            row["label_nb"] = draw(st.none() | texts())
    if shape != "links":
        _add_statements(draw, out)
    if shape != "statements":
        _add_links(draw, out)
    codes = [*_ids(out["themes"]), *(row["id"] for row in out["targets"] if row["kind"] == "recommendation")]
    out["responses"] = [_response(draw, name) for name in draw(st.lists(st.sampled_from(codes), max_size=4))]
    out["stated_counts"] = [
        {"subject": draw(st.sampled_from(["all", *_ids(out["groups"])])), "count": draw(st.integers(0, 50))}
        for _ in range(draw(st.integers(0, 3)))
    ]
    return out


def studies(*, shape: str = "any", flat: bool = False) -> st.SearchStrategy[Study]:
    """Studies without problems; see :func:`tables`.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from policygap import measure_coverage
    >>> @settings(max_examples=5, database=None)
    ... @given(studies(shape="statements"))
    ... def attention_lies_in_0_to_1(study):
    ...     assert measure_coverage(study).targets["attention"].dropna().between(0, 1).all()
    >>> attention_lies_in_0_to_1()
    """
    return tables(shape=shape, flat=flat).map(_study)


def _study(made: Mapping[str, Any]) -> Study:
    return build_study(**{name: rows for name, rows in made.items() if rows})


@st.composite
def decision_tables(draw: st.DrawFn) -> DecisionTable:
    """Decision tables that are complete and unambiguous: a row for every combination of two small inputs."""
    first = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
    second = draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True))
    outcomes = st.sampled_from(["fine", "poor"])
    rows = [
        {"when": {"one": one, "two": two}, "outcome": draw(outcomes)}
        for one in (*first, "unknown")
        for two in (*second, "unknown")
    ]
    inputs = [{"name": "one", "values": first}, {"name": "two", "values": second}]
    return DecisionTable(name="drawn", inputs=inputs, rows=draw(st.permutations(rows)))


def patterns(letters: str = "abå") -> st.SearchStrategy[str]:
    """Patterns of one to three words of so few letters that they often match, some with ``*`` at their ends.

    Parameters
    ----------
    letters
        What words are made of: letters or digits.

    Examples
    --------
    >>> from hypothesis import find
    >>> len(find(patterns(), lambda pattern: pattern.startswith("*") and " " in pattern).split())
    2
    """
    star = st.sampled_from(["", "*"])
    words = st.tuples(star, st.text(letters, min_size=1, max_size=3), star).map("".join)
    return st.lists(words, min_size=1, max_size=3).map(" ".join)


@st.composite
def rule_sets(draw: st.DrawFn, codes: Sequence[str], *, letters: str = "abå") -> RuleSet:
    """Rule sets with a rule for some of the codes, of patterns that meet in texts of the same letters.

    Parameters
    ----------
    codes
        The ids that rules may have, one or more.
    letters
        What words are made of.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(rule_sets(["bus", "rail"]), lambda rules: "rail" in rules.codes).codes
    ('rail',)
    """
    some = st.lists(patterns(letters), max_size=3)
    close = st.lists(st.sampled_from(letters), min_size=2, max_size=2, unique=True)
    rules: list[Rule] = []
    for code in draw(st.lists(st.sampled_from(sorted(codes)), min_size=1, max_size=4, unique=True)):
        given, needed, forbidden = draw(some), draw(some), draw(some)
        together = st.fixed_dictionaries({"patterns": close, "words": st.integers(2, 5)})
        near = draw(st.none() | together) if len(letters) > 1 else None
        if not (near or given or needed or forbidden):
            given = [draw(patterns(letters))]
        rules.append(Rule(code, any=given, all=needed, none=forbidden, near=near))
    return RuleSet(name="made up", rules=rules)


def _ids(rows: Rows) -> list[str]:
    return [row["id"] for row in rows]


def _maybe(*words: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *words])


def _tree(draw: st.DrawFn, names: list[str], *, flat: bool) -> Rows:
    """Rows with ids and labels, where a row may have an earlier one as its parent."""
    rows: Rows = []
    for name in names:
        parents = [] if flat else _ids(rows)
        rows.append({"id": name, "label": draw(texts()), "parent": draw(_maybe(*parents))})
    return rows


def _words(table: str, column: str) -> tuple[str, ...]:
    found = TABLES[table].column(column)
    return found.words if found is not None else ()


def _response(draw: st.DrawFn, subject: str) -> dict[str, Any]:
    names = ("presence", "emphasis", "commitment")
    return {"subject": subject} | {name: draw(_maybe(*_words("responses", name))) for name in names}


def _add_statements(draw: st.DrawFn, out: Tables) -> None:
    speakers = [*_ids(out["actors"]), *_ids(out["groups"])]
    kinds = ["theme", *dict.fromkeys(row["kind"] for row in out["targets"])]
    codes = [*_ids(out["themes"]), *_ids(out["targets"])]
    for number in range(draw(st.integers(1, 8))):
        earlier = _ids(out["statements"])
        row: dict[str, Any] = {
            "id": f"s{number}",
            "speaker": draw(st.sampled_from(speakers)),
            "text": draw(texts()),
            "kind": draw(_maybe("call", "call", "challenge", "example")),
            "voice": draw(_maybe("quote", "summary", "synthesis", "inference")),
            "question": draw(_maybe(*_ids(out["questions"]))),
            "addressees": draw(_maybe("state", "county;state")),
            "counted": draw(_maybe(True, True, False)),  # type: ignore[arg-type]  # a flag
            "restates": draw(_maybe(*earlier)) if draw(st.booleans()) else None,
            "typical": draw(_maybe(True, False)),  # type: ignore[arg-type]  # a flag
        }
        out["statements"].append(row)
        chosen = draw(st.lists(st.sampled_from(codes), max_size=4))
        out["codings"] += [_coding(draw, row["id"], code) for code in chosen]
        looked = draw(st.lists(st.sampled_from(kinds), max_size=2))
        coder = draw(_coders())
        out["codings"] += [{"statement": row["id"], "code": None, "kind": kind, "coder": coder} for kind in looked]
    if not out["codings"]:
        out["codings"].append({"statement": "s0", "code": codes[0]})


def _coders() -> st.SearchStrategy[str | None]:
    return _maybe("first", "first", "second")


def _coding(draw: st.DrawFn, statement: str, code: str) -> dict[str, Any]:
    return {
        "statement": statement,
        "code": code,
        "coder": draw(_coders()),
        "basis": draw(_maybe("coder", "coder", "printed", "umbrella", "rule")),
        "polarity": draw(_maybe("for", "against")),
        "reading": draw(_maybe("both", "main", "alternative")),
    }


def _add_links(draw: st.DrawFn, out: Tables) -> None:
    themes, targets = _ids(out["themes"]), _ids(out["targets"])
    for _ in range(draw(st.integers(1, 6))):
        target = draw(_maybe(*targets))
        relation = "none" if target is None else draw(st.sampled_from(_words("links", "relation")))
        weight = draw(st.none() | st.integers(0, 5))
        out["links"].append(
            {"theme": draw(st.sampled_from(themes)), "target": target, "relation": relation, "weight": weight}
        )
