"""Coverage comes in; named mismatches between input, policy and research, with their evidence, go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from .choices import Choices
from .coverage import COUNTS, EQUAL_SPLIT, Coverage, measure_coverage
from .decisions import Decision, DecisionTable, built_in_table, read_table
from .errors import Problem, UsageError
from .messages import decimal, names, percent, say, word
from .model import Code, Response
from .schema import TABLES
from .showing import to_html_table
from .spelling import suggest
from .study import Study
from .touches import Touches
from .tracing import contested_codes
from .units import Units, collect_units, distinct_pairs

__all__ = [
    "Answer", "Case", "Gap", "answer_of", "choose_tables", "decide_codes", "describe_answer", "describe_callers",
    "find_gaps", "recommendation_echo",
]  # fmt: skip

Array = np.ndarray[Any, Any]

PROPOSAL = "proposal"
RECOMMENDATION = "recommendation"
_NOTHING: Final = np.zeros(0, dtype=np.int64)
_ROLES = ("theme", RECOMMENDATION, "target")
"""What codes are decided as, in order; the names of the decision tables."""

_FIGURES = (
    "statements", "speakers", "whole_groups", "assessed", "units", "calling", "attention", "demand", "share",
    "calling_speakers", "calling_groups", "unit",
)  # fmt: skip


@frozen(kw_only=True)
class Answer:
    """What the policy answers to one subject, all its responses taken together: in each field the strongest.

    What one source can't tell (``not_evidenced``) yields to what another can. Where sources differ, a notice says so.
    """

    presence: str | None = None
    emphasis: str | None = None
    commitment: str | None = None
    responses: tuple[Response, ...] = ()


def answer_of(study: Study, subject: str) -> Answer:
    """The policy's answer to a theme or recommendation.

    Examples
    --------
    >>> import policygap as pg
    >>> answer_of(pg.read_study("smabystrategi"), "town-capacity").emphasis
    'weaker'
    """
    return study.once("answers", _answers_of).get(subject, Answer())


def _answers_of(study: Study) -> dict[str, Answer]:
    by_subject: dict[str, list[Response]] = {}
    for response in study.responses:
        by_subject.setdefault(response.subject, []).append(response)
    return {subject: _strongest_of(tuple(responses)) for subject, responses in by_subject.items()}


def _strongest_of(responses: tuple[Response, ...]) -> Answer:
    fields = {name: _strongest(name, responses) for name in ("presence", "emphasis", "commitment")}
    return Answer(responses=responses, **fields)


def _strongest(name: str, responses: Iterable[Response]) -> str | None:
    """The word that comes first in the vocabulary, which runs from strong to weak."""
    column = TABLES["responses"].column(name)
    words = column.words if column is not None else ()
    said = {getattr(response, name) for response in responses}
    return next((word for word in words if word in said), None)


@frozen(kw_only=True)
class Gap:
    """What a decision table says of one code, with what it was decided on and what lies behind it.

    Attributes
    ----------
    kind
        The outcome, such as ``unmet_call``.
    subject, label
        The code it is about.
    table, row
        The table that decided, and the number of the row that did (from 1).
    is_gap
        Whether the outcome is a mismatch by that table's ``gaps``; the others are fine or can't be told.
    figures
        The table's inputs and the counts behind them, by name.
    behind
        Ids of the statements behind it, given as ``statements``: a column of them, or a tuple.
    responses, links
        For responses ``source locator``, or their subject; for links ``theme target relation``.
    contested
        Whether explicit codings are both for and against it.
    attributed_to
        The ids of the sources, where every response behind it comes from a synthesis: its sentence says whose
        judgement it is.
    benchmark
        The benchmark's name, for targets.
    choices
        How it was counted.
    """

    kind: str
    subject: str
    label: str
    table: str
    row: int
    is_gap: bool
    figures: Mapping[str, Any] = field(factory=dict, hash=False)
    behind: Any = field(default=(), alias="statements", eq=tuple, repr=False)
    responses: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    contested: bool = False
    attributed_to: tuple[str, ...] = ()
    benchmark: str = ""
    choices: Choices | None = field(default=None, hash=False, repr=False)
    labels: Mapping[str, str] = field(factory=dict, hash=False, repr=False)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """Ids of the statements behind it."""
        return tuple(self.behind)

    def label_in(self, language: str) -> str:
        """The subject's label in a language, else the label."""
        return self.labels.get(f"label_{language}", self.label)

    def sentence(self, language: str = "en") -> str:
        """The finding in one sentence, as careful as its evidence.

        Examples
        --------
        >>> import policygap as pg
        >>> gaps = pg.find_gaps(pg.measure_coverage(pg.read_study("smabystrategi")))
        >>> "an equal split" in next(gap for gap in gaps if gap.kind == "weak_attention").sentence()
        True
        """
        return _sentence(self, language)

    def to_dict(self) -> dict[str, Any]:
        """The gap as a flat record, ids separated by ``;``."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "label": self.label,
            "table": self.table,
            "row": self.row,
            "is_gap": self.is_gap,
            "contested": self.contested,
            **self.figures,
            "attributed_to": ";".join(self.attributed_to),
            "benchmark": self.benchmark,
            "statement_ids": ";".join(self.statements),
            "responses": ";".join(self.responses),
            "links": ";".join(self.links),
            "sentence": self.sentence(),
        }


class Gaps(tuple[Gap, ...]):
    """Gaps, in order: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        rows = [(gap.subject, gap.kind, gap.sentence()) for gap in self]
        return to_html_table(f"{len(self)} subjects", ["subject", "kind", "finding"], rows)


def find_gaps(
    coverage: Coverage,
    *,
    addressee: str | None = None,
    tables: Mapping[str, DecisionTable | str | Path] | None = None,
) -> tuple[Gap, ...]:
    """Put every code through the decision table of its kind.

    Themes go through the table ``theme``, recommendations that are proposals (or have no type) through
    ``recommendation``, targets of other kinds through ``target``.

    Parameters
    ----------
    coverage
        As measured.
    addressee
        Only themes that calls to this addressee are about, decided on those calls.
    tables
        Decision tables, or paths of TOML files, in place of the built-in ``target``, ``theme`` and ``recommendation``.
        Their inputs are the built-in ones' or any name among a gap's ``figures``.

    Returns
    -------
    tuple of Gap
        Every code once, in the order of table (themes, recommendations, targets), row, demand (greatest first) and id;
        recommendations that are fields or conditions are left out. Those with ``is_gap`` are mismatches.

    Raises
    ------
    UsageError
        Where a table's name, one of its inputs or an addressee is not known.
    DecisionTableError
        Where a table is incomplete or ambiguous.

    Examples
    --------
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> gaps = pg.find_gaps(pg.measure_coverage(study))
    >>> len({gap.subject for gap in gaps}) == len(gaps)
    True
    """
    chosen = choose_tables(tables)
    if addressee is not None:
        coverage = _addressed(coverage, addressee)
        chosen = {"theme": chosen["theme"]}
    finder = _Finder(coverage=coverage)
    cases = finder.cases(chosen)
    if addressee is not None:
        cases = [case for case in cases if case.code.id in finder.calling]
    return Gaps(finder.gap(case) for case in cases)


def decide_codes(coverage: Coverage, tables: Mapping[str, DecisionTable]) -> tuple[Case, ...]:
    """Put every code through the decision table of its kind, without looking for what lies behind it.

    Parameters
    ----------
    coverage
        As measured.
    tables
        All of them, as :func:`choose_tables` gives them.

    Returns
    -------
    tuple of Case
        What :func:`find_gaps` makes gaps of, in its order.

    Examples
    --------
    >>> import policygap as pg
    >>> coverage = pg.measure_coverage(pg.read_study("smabystrategi"))
    >>> cases = decide_codes(coverage, choose_tables(None))
    >>> [case.outcome for case in cases] == [gap.kind for gap in pg.find_gaps(coverage)]
    True
    """
    return tuple(_Finder(coverage=coverage).cases(tables))


def proposals(study: Study) -> tuple[Code, ...]:
    """The recommendations that are proposals; fields and conditions get the side-by-side alone."""
    return tuple(code for code in study.targets if code.kind == RECOMMENDATION and code.type in (None, PROPOSAL))


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else value


def choose_tables(given: Mapping[str, DecisionTable | str | Path] | None) -> dict[str, DecisionTable]:
    """The decision tables by name: those given, as tables or paths of TOML files, and the built-in ones otherwise.

    Raises
    ------
    UsageError
        Where a name is none of ``theme``, ``recommendation`` and ``target``, or what is given for it is no table.

    Examples
    --------
    >>> sorted(choose_tables(None))
    ['recommendation', 'target', 'theme']
    """
    if given is not None and not isinstance(given, Mapping):  # type: ignore[reportUnnecessaryIsInstance]  # untyped calls
        fix = "give tables by name, as in tables={'target': table}"
        raise UsageError([Problem(file="tables", what=f"{given!r} is no mapping", fix=fix)])
    given = given or {}
    problems = [
        Problem(
            file="tables",
            what=f"'{name}' is no table",
            fix=suggest(str(name), _ROLES, otherwise=f"use {', '.join(_ROLES)}"),
        )
        for name in given
        if name not in _ROLES
    ]
    problems += [
        Problem(file="tables", what=f"'{name}' is {table!r}, no table", fix="give a DecisionTable or the path of one")
        for name, table in given.items()
        if not isinstance(table, DecisionTable | str | Path)  # type: ignore[reportUnnecessaryIsInstance]  # untyped calls
    ]
    if problems:
        raise UsageError(problems)
    made = {name: table if isinstance(table, DecisionTable) else read_table(table) for name, table in given.items()}
    return {name: made.get(name, built_in_table(name)) for name in _ROLES}


def _addressed(coverage: Coverage, addressee: str) -> Coverage:
    """The same coverage measured on the calls to one addressee."""
    lists = coverage.study.statements["addressees"].astype(object)
    known = sorted({item.strip() for cell in lists.dropna().unique() for item in str(cell).split(";")})
    if addressee not in known:
        others = f"use one of {', '.join(known)}" if known else "fill in the column addressees of the statements"
        fix = suggest(addressee, known, otherwise=others)
        raise UsageError([Problem(file="addressee", what=f"nothing is addressed to '{addressee}'", fix=fix)])
    mask = lists.fillna("").map(lambda cell: addressee in [item.strip() for item in str(cell).split(";")])
    only = coverage.study.counting_only(mask.to_numpy(dtype=bool))
    return measure_coverage(only, coverage.choices)  # without the benchmark: it is for targets, and this is on themes


@frozen(kw_only=True)
class Case:
    """A code and what its decision table made of it.

    Attributes
    ----------
    code
        The code.
    role
        What it was decided as: ``theme``, ``recommendation`` or ``target``.
    table, decision
        The table that decided, and what.
    values
        What the table is meant to ask for, by name; a table of the user's may ask for any figure of a gap besides.
    """

    code: Code
    role: str
    table: DecisionTable
    decision: Decision
    values: Mapping[str, Any] = field(hash=False)

    @property
    def outcome(self) -> str:
        """The outcome, such as ``unmet_call``."""
        return self.decision.outcome

    @property
    def measure(self) -> str:
        """What it was decided on: ``ratio`` of targets, ``demand`` for themes and recommendations."""
        return "ratio" if self.role == "target" else "demand"


@frozen(kw_only=True, eq=False, slots=False)
class _Finder:
    """Coverage, with what lies behind a code found when it is asked for."""

    coverage: Coverage

    def cases(self, tables: Mapping[str, DecisionTable]) -> list[Case]:
        """Those that these tables decide, in the order of table, row, demand (greatest first) and id."""
        study, found = self.coverage.study, list[Case]()
        if "theme" in tables:
            found += (self._decide(code, "theme", tables, self._of_theme(code)) for code in study.themes)
        if RECOMMENDATION in tables:
            found += (
                self._decide(code, RECOMMENDATION, tables, self._of_recommendation(code)) for code in proposals(study)
            )
        if "target" in tables:
            others = (code for code in study.targets if code.kind != RECOMMENDATION)
            found += (self._decide(code, "target", tables, self._of_target(code)) for code in others)
        return sorted(found, key=self._order)

    def _order(self, case: Case) -> tuple[int, int, float, str]:
        demand = self.coverage.figure("demand", case.code.id)
        return _ROLES.index(case.role), case.decision.row, -_or_zero(demand), case.code.id

    def _of_theme(self, code: Code) -> dict[str, Any]:
        return {"demand": self.coverage.figure("demand", code.id), **self._answer(code)}

    def _of_recommendation(self, code: Code) -> dict[str, Any]:
        return {"echoed": recommendation_echo(self.coverage, code.id)[0], **self._answer(code)}

    def _of_target(self, code: Code) -> dict[str, Any]:
        figure = self.coverage.figure
        return {"assessed": figure("attention", code.id) is not None, "ratio": figure("ratio", code.id)}

    def _answer(self, code: Code) -> dict[str, Any]:
        answer = answer_of(self.coverage.study, code.id)
        return {"presence": answer.presence, "emphasis": answer.emphasis, "commitment": answer.commitment}

    def _decide(self, code: Code, role: str, tables: Mapping[str, DecisionTable], values: Mapping[str, Any]) -> Case:
        table = tables[role]
        inputs = _inputs_of(table, values, _GapFigures(finder=self, code=code))
        return Case(code=code, role=role, table=table, decision=table.decide(**inputs), values=values)

    def gap(self, case: Case) -> Gap:
        """The case with all that lies behind it."""
        code, study = case.code, self.coverage.study
        responses = () if case.role == "target" else answer_of(study, code.id).responses
        linked = case.role == RECOMMENDATION or (case.role == "target" and self.coverage.unit == "theme")
        return Gap(
            kind=case.outcome,
            subject=code.id,
            label=code.label,
            labels={name: text for name, text in code.extra.items() if name.startswith("label_") and text},
            table=case.table.name,
            row=case.decision.row,
            is_gap=case.outcome in case.table.gaps,
            figures={**case.values, **_GapFigures(finder=self, code=code)},
            statements=study.statements["id"].iloc[self._statements(case)],
            responses=tuple(_named(response) for response in responses),
            links=_links_of(study, code.id) if linked else (),
            contested=code.id in self.contested,
            attributed_to=_attributed(study, responses),
            benchmark=self.coverage.benchmark_of(code.kind) if case.role == "target" else "",
            choices=self.coverage.choices,
        )

    def _statements(self, case: Case) -> Array:
        """Those that call for the code, else those that touch it, else those that call for the themes it echoes."""
        name = case.code.id
        behind = self.behind.get(name, _NOTHING)
        if case.role == "target":
            return behind
        statements = self.calling.get(name, behind)
        if not len(statements) and case.role == RECOMMENDATION:
            themes = recommendation_echo(self.coverage, name)[1]
            return np.unique(np.concatenate([_NOTHING, *(self.calling.get(theme, _NOTHING) for theme in themes)]))
        return statements

    @cached_property
    def behind(self) -> Mapping[str, Array]:
        """By code, positions of the statements that touch it."""
        return _statements_by_code(self.coverage.touches, self._here)

    @cached_property
    def calling(self) -> Mapping[str, Array]:
        """By code, positions of the statements that call for it."""
        touches = self.coverage.touches
        return _statements_by_code(touches, self._here & touches.calls[touches.statement] & ~touches.against)

    @cached_property
    def contested(self) -> frozenset[str]:
        """Codes that explicit codings are both for and against."""
        touches = self.coverage.touches
        return frozenset(str(touches.codes[place]) for place in contested_codes(touches))

    @cached_property
    def _here(self) -> Array:
        return _in_the_count(self.coverage)[self.coverage.touches.statement]

    def count_speakers(self, statements: Array) -> tuple[int, int]:
        """How many distinct speakers make these statements, and how many of them are whole groups."""
        found = np.unique(self._speakers.of_statement[statements])
        return len(found), int(self._speakers.is_group[found].sum())

    @cached_property
    def _speakers(self) -> Units:
        return collect_units(self.coverage.touches, "speaker")


@frozen(kw_only=True, eq=False)
class _GapFigures(Mapping[str, Any]):
    """The counts and measures of a code and the unit they count, each found when it is asked for."""

    finder: _Finder
    code: Code

    def __getitem__(self, name: str) -> Any:
        finder, code = self.finder, self.code.id
        if name == "unit":
            return finder.coverage.unit
        if name in ("calling_speakers", "calling_groups"):
            return finder.count_speakers(finder.calling.get(code, _NOTHING))[name == "calling_groups"]
        if name not in _FIGURES:
            raise KeyError(name)
        figure = finder.coverage.figure(name, code)
        if figure is not None and name == "whole_groups":  # of those who touch it, as calling_groups is of the callers
            return finder.count_speakers(finder.behind.get(code, _NOTHING))[1]
        return int(figure) if figure is not None and name in COUNTS else figure

    def __iter__(self) -> Iterator[str]:
        return iter(_FIGURES)

    def __len__(self) -> int:
        return len(_FIGURES)


def _in_the_count(coverage: Coverage) -> Array:
    """For each statement, whether its unit has a place in the count: groups have none among actors, say."""
    if coverage.unit == "theme":
        return coverage.touches.counted
    units = collect_units(coverage.touches, coverage.unit)
    return np.isin(units.of_statement, units.present(coverage.touches.counted))


def _inputs_of(table: DecisionTable, values: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """What a table asks for; it may ask for any figure, but not for what nobody knows."""
    names = [item.name for item in table.inputs]
    strange = [name for name in names if name not in values and name not in _FIGURES]
    if strange:
        what = "the table {} asks for '{}', which is no figure"
        known = tuple(dict.fromkeys((*figures, *values)))
        fix = f"use one of {', '.join(known)}"
        raise UsageError(
            Problem(file="tables", what=what.format(table.name, name), fix=suggest(name, known, otherwise=fix))
            for name in strange
        )
    return {name: values[name] if name in values else figures[name] for name in names}


def _statements_by_code(touches: Touches, rows: Array) -> dict[str, Array]:
    """For each code that has any, positions of its statements, ascending; ``rows`` is a mask of codings."""
    code, statement = distinct_pairs(touches.code[rows], touches.statement[rows], len(touches.counted))
    firsts = np.flatnonzero(np.diff(code, prepend=-1))
    parts = np.split(statement, firsts[1:]) if len(code) else []
    return {str(touches.codes[place]): part for place, part in zip(code[firsts], parts, strict=True)}


def recommendation_echo(coverage: Coverage, code: str) -> tuple[bool | None, tuple[str, ...]]:
    """Whether the input asks for what a recommendation says too, and by which themes that was told.

    Where statements were coded with recommendations, calls for it decide. Else the themes that links relate to it do:
    ``None`` where it has no links, or where demand is missing.
    """
    own = coverage.figure("demand", code)
    if own is not None:
        return own > 0, ()
    themes = coverage.study.once("related", _related_themes).get(code, ())
    demands = {theme: coverage.figure("demand", theme) for theme in themes}
    known = {theme: demand for theme, demand in demands.items() if demand is not None}
    if not known:
        return None, ()
    asked = tuple(theme for theme, demand in known.items() if demand > 0)
    return bool(asked), asked


def _related_themes(study: Study) -> dict[str, tuple[str, ...]]:
    """By target, the themes that links relate to it."""
    related = study.links[study.links["relation"].ne("none") & study.links["target"].notna()]
    found: dict[str, set[str]] = {}
    for theme, target in zip(related["theme"].astype(object), related["target"].astype(object), strict=True):
        found.setdefault(str(target), set()).add(theme)
    return {target: tuple(sorted(themes)) for target, themes in found.items()}


def _links_of(study: Study, target: str) -> tuple[str, ...]:
    return study.once("links", _links_by_target).get(target, ())


def _links_by_target(study: Study) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    columns = (study.links[name].astype(object) for name in ("theme", "target"))
    for theme, to, relation in zip(*columns, study.links["relation"].astype(object).fillna("related"), strict=True):
        found.setdefault(str(to), []).append(f"{theme} {to} {relation}")
    return {name: tuple(sorted(links)) for name, links in found.items()}


def _named(response: Response) -> str:
    place = " ".join(part for part in (response.source, response.locator) if part)
    return place or response.subject


def _attributed(study: Study, responses: tuple[Response, ...]) -> tuple[str, ...]:
    """Ids of the sources of all responses, where every one is a synthesis."""
    kinds = {source.id: source.kind for source in study.sources}
    sources = sorted({response.source for response in responses if response.source})
    if not responses or any(response.source is None for response in responses):
        return ()
    return tuple(sources) if all(kinds.get(name) == "synthesis" for name in sources) else ()


# -- in words


def _sentence(gap: Gap, language: str) -> str:
    figures = gap.figures
    label = gap.label_in(language)
    if gap.benchmark:
        values = {
            "label": label,
            "who": _who(figures, figures.get("units"), figures.get("whole_groups"), language),
            "ratio": decimal(figures["ratio"], 2, language) if figures.get("ratio") is not None else "-",
            "share": percent(figures["share"], language) if figures.get("share") is not None else "-",
            "benchmark": _benchmark(gap.benchmark, language),
        }
    else:
        values = {
            "label": label,
            "who": describe_callers(figures, language),
            "answer": describe_answer(figures, language),
        }
    form = next(
        (name for name in (f"gap.{gap.table}_{gap.kind}", f"gap.{gap.kind}") if name in names(language)), "gap.other"
    )
    text = say(form, language, outcome=gap.kind, **values)
    if gap.attributed_to:
        text = say("gap.attributed", language, sentence=text, source=", ".join(gap.attributed_to))
    return say("gap.contested", language, sentence=text) if gap.contested else text


def _benchmark(name: str, language: str) -> str:
    return say("word.equal_split", language) if name == EQUAL_SPLIT else name


def _who(figures: Mapping[str, Any], touching: int | None, groups: int | None, language: str) -> str:
    """Who, of how many: "5 of 26 speakers, 2 of them whole groups"."""
    if figures.get("assessed") is None or touching is None:
        return say("word.not_counted", language)
    unit = word("units", str(figures.get("unit")), language)
    text = say("word.of", language, part=touching, whole=figures["assessed"], unit=unit)
    if groups and figures.get("unit") == "speaker":
        text = say("word.whole_groups", language, text=text, count=groups)
    return text


def describe_callers(figures: Mapping[str, Any], language: str) -> str:
    """Who calls for it, of how many: ``5 of 26 speakers, 2 of them whole groups``."""
    return _who(figures, figures.get("calling"), figures.get("calling_groups"), language)


def describe_answer(figures: Mapping[str, Any], language: str) -> str:
    """What the policy answers: presence, emphasis and commitment in words."""
    parts = [
        word(name, str(figures[name]), language)
        for name in ("presence", "emphasis", "commitment")
        if figures.get(name) is not None
    ]
    return ", ".join(parts) or say("word.no_answer", language)
