"""A study's claims come in; what holds, fails or can't be computed, with the figures that decided, goes out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
from attrs import define, field
from simpleeval import DEFAULT_OPERATORS, EvalWithCompoundTypes, InvalidExpression

from .assertions import PLAIN, Scope, read_assertion, read_scope
from .choices import Choices, choose
from .coverage import Coverage, measure_coverage
from .errors import PolicyGapError
from .gaps import answer_of
from .model import Claim
from .study import Study

__all__ = ["FAILS", "HOLDS", "NOT_COMPUTABLE", "check_claims"]

HOLDS, FAILS, NOT_COMPUTABLE = "holds", "fails", "not_computable"
_PLAIN: Final[dict[str, Callable[..., Any]]] = {
    "min": min, "max": max, "sum": sum, "len": len, "abs": abs, "round": round
}  # fmt: skip
assert set(_PLAIN) == set(PLAIN)


def _times(first: Any, second: Any) -> Any:
    """The product of two numbers; Python would also repeat lists and text, at any length."""
    if not (isinstance(first, int | float) and isinstance(second, int | float)):
        raise TypeError("only numbers can be multiplied")
    return first * second


_OPERATORS: Final = {**DEFAULT_OPERATORS, ast.Mult: _times}
# What goes wrong in evaluating a strange but harmless expression: it says nothing about the study.
_NOT_A_VERDICT: Final = (PolicyGapError, InvalidExpression, ArithmeticError, TypeError, ValueError, RecursionError)


class _MissingError(Exception):
    """A figure that an assertion needs is missing; the text says which and why."""


def check_claims(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """Check what the sources conclude against what was coded.

    Parameters
    ----------
    study
        The study.
    choices, **options
        How to count where a claim's own scope does not say: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        A row a claim, in the study's order, indexed by id: ``text``, ``source``, ``locator``, ``scope``, ``assertion``,
        ``verdict`` (``holds``, ``fails`` or ``not_computable``), ``figures`` (every figure that was read,
        ``attention(A)=0.42``, separated by ``;``) and ``reason`` (why it can't be computed). A missing figure never
        reaches a comparison: it makes the claim not computable.

    Examples
    --------
    >>> import policygap as pg
    >>> claims = pg.check_claims(pg.read_study("smabystrategi"))
    >>> set(claims["verdict"]) <= {"holds", "fails", "not_computable"}
    True
    """
    base = choose(choices, options)
    cache: dict[Scope, _Figures] = {}
    lines = [_check(study, claim, base, cache) for claim in study.claims]
    columns = ["id", "text", "source", "locator", "scope", "assertion", "verdict", "figures", "reason"]
    return pd.DataFrame(lines, columns=columns).set_index("id")


def _check(study: Study, claim: Claim, base: Choices, cache: dict[Scope, _Figures]) -> dict[str, Any]:
    line = {name: getattr(claim, name) for name in ("id", "text", "source", "locator", "scope", "assertion")}
    if claim.assertion is None:
        note = claim.extra.get("note")
        return line | {"verdict": NOT_COMPUTABLE, "figures": "", "reason": note or "no assertion can be written"}
    figures = None
    try:
        figures = _scoped(study, claim, base, cache).fresh()
        tree, _ = read_assertion(claim.assertion)
        verdict = HOLDS if _evaluate(tree, figures) else FAILS
        return line | {"verdict": verdict, "figures": figures.said, "reason": None}
    except (_MissingError, *_NOT_A_VERDICT) as error:
        reason = str(error).replace("\n", "; ")
        said = figures.said if figures is not None else ""
        return line | {"verdict": NOT_COMPUTABLE, "figures": said, "reason": reason}


def _evaluate(tree: ast.Expression | None, figures: _Figures) -> bool:
    """Run a judged expression with the figures as its only functions; nothing else has a name in it."""
    evaluator = EvalWithCompoundTypes(operators=_OPERATORS, functions={**_PLAIN, **figures.functions()}, names={})
    if tree is None:
        raise _MissingError("the assertion can't be read")
    return bool(evaluator.eval("", previously_parsed=tree.body))


def _scoped(study: Study, claim: Claim, base: Choices, cache: dict[Scope, _Figures]) -> _Figures:
    scope, _ = read_scope(claim.scope)
    if scope not in cache:
        options: dict[str, Any] = dict(scope.options)
        cache[scope] = _Figures(study=_within(study, scope), choices=base.but(**options))
    return cache[scope]


def _within(study: Study, scope: Scope) -> Study:
    """The study with the statements in scope; a group includes the groups under it."""
    if not scope.filters:
        return study
    if scope.filters not in study.shared:
        frame = study.statements
        mask = pd.Series(True, index=frame.index)  # a column of true
        for column, values in scope.filters:
            mask &= _fits(study, frame, column, values)
        study.shared[scope.filters] = mask.to_numpy(dtype=bool)
    return study.counting_only(study.shared[scope.filters])


def _fits(study: Study, frame: pd.DataFrame, column: str, values: tuple[str, ...]) -> pd.Series:
    if column == "group":
        return frame["speaker"].isin(_speakers_in(study, values))
    if column == "addressees":
        lists = frame["addressees"].astype(object).fillna("")
        return lists.map(lambda cell: any(item.strip() in values for item in str(cell).split(";")))
    if column == "typical":
        return frame["typical"].fillna(False).astype(bool).isin([value == "true" for value in values])
    if column == "locator":
        cells = frame["locator"].astype(object).fillna("")
        # A section includes its subsections: 2.1 holds 2.1.6, not 2.10.
        return cells.map(lambda cell: any(cell == value or _under(str(cell), value) for value in values))
    if column == "question":
        under = {record.id for record in study.questions if record.parent in values}
        return frame["question"].isin([*values, *under])
    return frame[column].isin(values)


def _under(cell: str, section: str) -> bool:
    return cell.startswith(section) and cell[len(section) : len(section) + 1] in (".", " ")


def _speakers_in(study: Study, groups: tuple[str, ...]) -> list[str]:
    family = _family(study, groups)
    return [*family, *(actor.id for actor in study.actors if actor.group in family)]


def _family(study: Study, groups: tuple[str, ...]) -> list[str]:
    """Groups with all groups under them."""
    family, waiting = list(groups), list(groups)
    while waiting:
        over = waiting.pop()
        below = [group.id for group in study.groups if group.parent == over and group.id not in family]
        family += below
        waiting += below
    return family


@define(kw_only=True, eq=False)
class _Figures:
    """The figures of a scope, as functions; what was read is noted down."""

    study: Study
    choices: Choices
    read: dict[str, str] = field(factory=dict)
    measured: Coverage | None = None
    speaking: int | None = None

    def fresh(self) -> _Figures:
        """The same figures with nothing noted down."""
        measured = self._coverage()
        return _Figures(study=self.study, choices=self.choices, measured=measured, speaking=self._heard())

    @property
    def said(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self.read.items())

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        shares = {name: self._figure(name) for name in ("attention", "demand", "share", "ratio")}
        answers = {name: self._answer(name) for name in ("presence", "emphasis", "commitment")}
        counts = {"speakers": self._speakers, "statements": self._statements, "members": self._members}
        return {**shares, **answers, **counts, "counts": self._counts}

    def _coverage(self) -> Coverage:
        if self.measured is None:
            self.measured = measure_coverage(self.study, self.choices)
        return self.measured

    def _note(self, call: str, value: Any) -> Any:
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        self.read[call] = shown
        return value

    def _figure(self, name: str) -> Callable[[str], float]:
        def read(code: str) -> float:
            value = self._coverage().figure(name, code)
            if value is None:
                raise _MissingError(f"{name}({code}) is missing: nobody looked, or no unit is in scope")
            return self._note(f"{name}({code})", value)

        return read

    def _answer(self, name: str) -> Callable[[str], str]:
        def read(code: str) -> str:
            value = getattr(answer_of(self.study, code), name)
            if value is None:
                raise _MissingError(f"{name}({code}) is missing: no response says it")
            return self._note(f"{name}({code})", value)

        return read

    def _speakers(self, code: str | None = None) -> int:
        if code is None:
            return self._note("speakers()", self._heard())
        return self._count("speakers", code)

    def _heard(self) -> int:
        """How many speak, among the statements that count."""
        if self.speaking is None:
            counted = self._coverage().touches.counted
            self.speaking = int(self.study.statements["speaker"][counted].nunique())
        return self.speaking

    def _statements(self, code: str | None = None) -> int:
        if code is None:
            return self._note("statements()", int(self._coverage().touches.counted.sum()))
        return self._count("statements", code)

    def _count(self, name: str, code: str) -> int:
        value = self._coverage().figure(name, code)
        if value is None:
            raise _MissingError(f"{name}({code}) is missing: nobody looked")
        return self._note(f"{name}({code})", int(value))

    def _members(self, group: str) -> int:
        family = _family(self.study, (group,))
        return self._note(f"members({group})", sum(actor.group in family for actor in self.study.actors))

    def _counts(self, subject: str, unit: str = "submissions") -> list[float]:
        stated = [
            record.count
            for record in self.study.stated_counts
            if record.subject == subject and (record.unit or "submissions") == unit
        ]
        if not stated:
            raise _MissingError(f"counts({subject}, {unit}) is missing: no source states one")
        plain = [int(count) if float(count).is_integer() else count for count in stated]
        return self._note(f"counts({subject}, {unit})", plain)
