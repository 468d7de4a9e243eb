"""A study's claims come in; what holds, fails or can't be computed, with the figures that decided, goes out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import field, frozen
from simpleeval import DEFAULT_OPERATORS, EvalWithCompoundTypes, InvalidExpression

from .assertions import FIGURES, PLAIN, Scope, called_figures, read_assertion, read_scope
from .choices import Choices, choose
from .coverage import Coverage, measure_touches
from .errors import PolicyGapError
from .gaps import answer_of
from .model import Claim
from .study import Study
from .touches import Touches, collect_touches
from .units import collect_units

__all__ = ["FAILS", "HOLDS", "NOT_COMPUTABLE", "Figures", "Scopes", "Verdict", "check_claims", "judge_claims"]

HOLDS, FAILS, NOT_COMPUTABLE = "holds", "fails", "not_computable"
_STATED_IN = "submissions"  # what stated counts count unless they say otherwise
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


@frozen
class _Missing:
    """In place of a figure: why there is none."""

    reason: str


@frozen(kw_only=True)
class Verdict:
    """What became of a claim: the word, every figure that was read, and why it can't be computed."""

    word: str
    figures: str = ""
    reason: str | None = None


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
    verdicts = judge_claims(study.claims, Scopes(study=study, choices=choose(choices, options)))
    said = ["id", "text", "source", "locator", "scope", "assertion"]
    lines = [
        {
            **{name: getattr(claim, name) for name in said},
            "verdict": one.word,
            "figures": one.figures,
            "reason": one.reason,
        }
        for claim, one in zip(study.claims, verdicts, strict=True)
    ]
    return pd.DataFrame(lines, columns=[*said, "verdict", "figures", "reason"]).set_index("id")


def judge_claims(claims: Iterable[Claim], scopes: Scopes) -> tuple[Verdict, ...]:
    """The verdict on each claim.

    Examples
    --------
    >>> import policygap as pg
    >>> coverage = pg.measure_coverage(pg.read_study("smabystrategi"))
    >>> verdicts = judge_claims(coverage.study.claims, Scopes.of(coverage))
    >>> [one.word for one in verdicts] == pg.check_claims(coverage.study)["verdict"].tolist()
    True
    """
    return tuple(_judge(claim, scopes) for claim in claims)


def _judge(claim: Claim, scopes: Scopes) -> Verdict:
    if claim.assertion is None:
        return Verdict(word=NOT_COMPUTABLE, reason=claim.extra.get("note") or "no assertion can be written")
    try:
        figures = scopes.figures_of(claim.scope)
    except PolicyGapError as error:
        return Verdict(word=NOT_COMPUTABLE, reason=_in_one_line(error))
    return _decide(claim.assertion, tuple(figures.read(call) for call in called_figures(claim.assertion)))


@lru_cache(maxsize=1 << 14)
def _decide(assertion: str, figures: tuple[Any, ...]) -> Verdict:
    """What an assertion makes of the figures that it calls; it hangs on nothing else, so it is worked out once."""
    known = dict(zip(called_figures(assertion), figures, strict=True))
    read: dict[str, str] = {}
    try:
        verdict = HOLDS if _evaluate(assertion, known, read) else FAILS
        return Verdict(word=verdict, figures=_said(read))
    except (_MissingError, *_NOT_A_VERDICT) as error:
        return Verdict(word=NOT_COMPUTABLE, figures=_said(read), reason=_in_one_line(error))


def _evaluate(assertion: str, known: Mapping[tuple[str, ...], Any], read: dict[str, str]) -> bool:
    """Run a judged expression with the figures as its only functions; nothing else has a name in it."""
    tree, _ = read_assertion(assertion)
    if tree is None:
        raise _MissingError("the assertion can't be read")

    def look_up(name: str, *arguments: str) -> Any:
        value = known[name, *arguments]
        if isinstance(value, _Missing):
            raise _MissingError(value.reason)
        value = list(value) if isinstance(value, tuple) else value
        read[_shown(name, *arguments)] = f"{value:.4g}" if isinstance(value, float) else str(value)
        return value

    functions = {**_PLAIN, **{name: partial(look_up, name) for name in FIGURES}}
    evaluator = EvalWithCompoundTypes(operators=_OPERATORS, functions=functions, names={})
    return bool(evaluator.eval("", previously_parsed=tree.body))


def _shown(name: str, *arguments: str) -> str:
    """A call as it is shown; how ``counts`` counts is said even where the assertion leaves it out."""
    given = (*arguments, _STATED_IN)[:2] if name == "counts" else arguments
    return f"{name}({', '.join(given)})"


def _said(read: Mapping[str, str]) -> str:
    return ";".join(f"{call}={value}" for call, value in read.items())


def _in_one_line(error: Exception) -> str:
    return str(error).replace("\n", "; ")


@frozen(kw_only=True, eq=False)
class Scopes:
    """The figures of the statements in each scope, measured once.

    Attributes
    ----------
    study, choices
        What is counted, and how where a scope does not say.
    before
        What was measured in some other way to count; a scope that came out the same is not measured again.
    touches
        What touches what, by the options of a scope.
    figures
        The figures, by scope.
    """

    study: Study
    choices: Choices
    before: Scopes | None = None
    touches: dict[tuple[tuple[str, str], ...], Touches] = field(factory=dict)
    figures: dict[Scope, Figures] = field(factory=dict)

    @classmethod
    def of(cls, coverage: Coverage, before: Scopes | None = None) -> Scopes:
        """Those of what was measured already."""
        return cls(
            study=coverage.study,
            choices=coverage.choices,
            before=before,
            touches={(): coverage.touches},
            figures={Scope(): Figures(coverage=coverage)},
        )

    def figures_of(self, text: str | None) -> Figures:
        """The figures of a scope, counted as it says.

        Raises
        ------
        PolicyGapError
            Where it can't be counted so.
        """
        scope = _read_scope(text)
        if scope not in self.figures:
            touches = self._touches_of(scope.options)
            touches = touches.within(_mask(self.study, scope)) if scope.filters else touches
            known = None if self.before is None else self.before.figures.get(scope)
            if known is None or not touches.says_the_same(known.coverage.touches):
                known = Figures(coverage=measure_touches(touches))
            self.figures[scope] = known
        return self.figures[scope]

    def _touches_of(self, options: tuple[tuple[str, str], ...]) -> Touches:
        if options not in self.touches:
            changed: dict[str, Any] = dict(options)
            self.touches[options] = collect_touches(self.study, self.choices.but(**changed))
        return self.touches[options]


@lru_cache(maxsize=1024)
def _read_scope(text: str | None) -> Scope:
    return read_scope(text)[0]


def _mask(study: Study, scope: Scope) -> np.ndarray[Any, Any]:
    """Which statements are in scope; a group includes the groups under it."""

    def make(study: Study) -> np.ndarray[Any, Any]:
        frame = study.statements
        masks = [_fits(study, frame, column, values).to_numpy(dtype=bool) for column, values in scope.filters]
        return np.logical_and.reduce(masks)

    return study.once(f"scope {scope.filters}", make)


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


@frozen(kw_only=True, eq=False, slots=False)
class Figures:
    """The figures of a scope; each is text, a number, a tuple of numbers, or why it is missing."""

    coverage: Coverage
    known: dict[tuple[str, ...], Any] = field(factory=dict)

    def read(self, call: tuple[str, ...]) -> Any:
        """What a call, of a function and its arguments, comes to."""
        if call not in self.known:
            try:
                self.known[call] = self._read(*call)
            except (_MissingError, PolicyGapError) as error:
                self.known[call] = _Missing(_in_one_line(error))
        return self.known[call]

    def _read(self, name: str, *arguments: str) -> Any:
        if name in ("presence", "emphasis", "commitment"):
            return self._answer(name, *arguments)
        if name == "members":
            return self._members(*arguments)
        if name == "counts":
            return self._counts(*arguments)
        if name in ("speakers", "statements") and not arguments:
            return self._heard if name == "speakers" else int(self.coverage.touches.counted.sum())
        return self._figure(name, *arguments)

    def _figure(self, name: str, code: str) -> float | int:
        value = self.coverage.figure(name, code)
        is_count = name in ("speakers", "statements")
        if value is None:
            why = "nobody looked" if is_count else "nobody looked, or no unit is in scope"
            raise _MissingError(f"{name}({code}) is missing: {why}")
        return int(value) if is_count else value

    def _answer(self, name: str, code: str) -> str:
        value = getattr(answer_of(self.coverage.study, code), name)
        if value is None:
            raise _MissingError(f"{name}({code}) is missing: no response says it")
        return value

    @cached_property
    def _heard(self) -> int:
        """How many speak, among the statements that count."""
        touches = self.coverage.touches
        speaker = collect_units(touches, "speaker").of_statement[touches.counted]
        return len(np.unique(speaker[speaker >= 0]))

    def _members(self, group: str) -> int:
        study = self.coverage.study
        family = _family(study, (group,))
        return sum(actor.group in family for actor in study.actors)

    def _counts(self, subject: str, unit: str = _STATED_IN) -> tuple[float, ...]:
        stated = [
            record.count
            for record in self.coverage.study.stated_counts
            if record.subject == subject and (record.unit or _STATED_IN) == unit
        ]
        if not stated:
            raise _MissingError(f"counts({subject}, {unit}) is missing: no source states one")
        return tuple(int(count) if float(count).is_integer() else count for count in stated)
