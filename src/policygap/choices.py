"""Options of a count come in as keywords; one checked record goes out, so that every stage reads the same choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Literal

import numpy as np
from attrs import asdict, evolve, field, frozen

from .errors import Problem, UsageError
from .schema import TABLES
from .spelling import suggest

__all__ = ["UNITS", "Choices", "choose"]

UNITS = ("speaker", "actor", "statement", "theme")
WEIGHTS = ("equal", "group", "population")


def _words(table: str, column: str) -> tuple[str, ...]:
    found = TABLES[table].column(column)
    return found.words if found is not None else ()


KINDS, VOICES = _words("statements", "kind"), _words("statements", "voice")
BASES = _words("codings", "basis")


def _tuple(value: Any) -> tuple[Any, ...] | None:
    """One word or several; what is no text becomes an unknown word, so that it is reported like one."""
    if value is None:
        return None
    if isinstance(value, AbstractSet):
        return tuple(sorted(value, key=str))  # a set has another order in every run
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


def _required(value: Any) -> tuple[Any, ...]:
    return _tuple(value) or ()


def _by_axis(value: Any) -> Any:
    """One choice for every axis, or a mapping from a code's kind to the choice for it."""
    if isinstance(value, Mapping):
        return {str(kind): _tuple(chosen) for kind, chosen in value.items()}
    return _tuple(value)


def _mapping(value: Any) -> Any:
    """A mapping, or a pandas Series, as a dict of its own; anything else as it is."""
    return dict(value.items()) if isinstance(value, Mapping) or hasattr(value, "to_dict") else value


@frozen(kw_only=True)
class Choices:
    """Which statements and codings count, and how.

    Parameters
    ----------
    unit
        What is counted: ``speaker`` (an actor, or a group speaking as one), ``actor`` (statements by groups are left
        out), ``statement``, or ``theme`` (for studies that have links alone). ``None``: speakers, or themes where the
        study has no statements.
    weights
        ``equal``, ``group``, ``population``, a mapping (or Series) from speaker or group to a number, or the name of a
        numeric column of actors, groups or (for statements) statements. Statements without a number of their own have
        their speaker's, and speakers without one their group's.
    kinds
        Statement kinds that count as demand.
    voices
        Statement voices that count; ``None``: all but ``synthesis``. A statement with no voice given always counts.
    restated
        Whether statements that restate another count.
    basis
        Coding bases that count, for every axis or by the code's kind, e.g. ``{"focus_area": "printed"}`` (a kind not
        named there keeps ``coder``).
    coder
        Whose codings count, for every axis or by the code's kind; ``None``: the study's default coder, else all.
    reading
        ``main`` or ``alternative``.
    counting
        How a unit that touches several targets of a kind counts in their shares: ``fractional``, a part for each, or
        ``full``, whole for each (Waltman and van Eck 2015, doi:10.1016/j.joi.2015.08.001).

    Examples
    --------
    >>> Choices(kinds="call").kinds
    ('call',)
    >>> Choices(basis={"focus_area": "printed"}).basis_of("theme")
    ('coder',)
    """

    unit: str | None = None
    weights: Any = field(default="equal", converter=_mapping)
    kinds: tuple[str, ...] = field(default=("call",), converter=_required)
    voices: tuple[str, ...] | None = field(default=None, converter=_tuple)
    restated: bool = False
    basis: Any = field(default="coder", converter=_by_axis)
    coder: Any = field(default=None, converter=_by_axis)
    reading: Literal["main", "alternative"] = "main"
    counting: Literal["fractional", "full"] = "fractional"

    def __attrs_post_init__(self) -> None:
        problems = [
            *_unknown("unit", () if self.unit is None else (self.unit,), UNITS),
            *_unknown("kinds", self.kinds, KINDS),
            *_unknown("voices", self.voices or (), VOICES),
            *_unknown("reading", (self.reading,), ("main", "alternative")),
            *_unknown("counting", (self.counting,), ("fractional", "full")),
            *(problem for chosen in _each(self.basis) for problem in _unknown("basis", chosen, BASES)),
            *_empty("kinds", (self.kinds,)),
            *_empty("voices", (self.voices,)),
            *_empty("basis", _each(self.basis)),
            *_empty("coder", _each(self.coder)),
        ]
        if type(self.restated) not in (bool, np.bool_):
            what = f"'{self.restated}' is neither True nor False"
            problems.append(Problem(file="restated", what=what, fix="use one of the two"))
        if problems:
            raise UsageError(problems)

    def basis_of(self, kind: str) -> tuple[str, ...]:
        """The bases that count for codes of a kind."""
        return _for_axis(self.basis, kind) or ("coder",)

    def coder_of(self, kind: str) -> tuple[str, ...] | None:
        """The coders asked for by name for codes of a kind, ``None`` where none was."""
        return _for_axis(self.coder, kind)

    def as_dict(self) -> dict[str, Any]:
        """The choices as plain data, for reports and files."""
        return asdict(self)

    def but(self, **changed: Any) -> Choices:
        """The same choices with some changed."""
        return evolve(self, **changed) if changed else self


def _each(value: Any) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, Mapping):
        return tuple(chosen for chosen in value.values() if chosen is not None)
    return (value,) if value is not None else ()


def _for_axis(value: Any, kind: str) -> tuple[str, ...] | None:
    return value.get(kind) if isinstance(value, Mapping) else value


def _empty(argument: str, every: Iterable[tuple[Any, ...] | None]) -> Iterable[Problem]:
    """To count nothing would show zeros where nobody looked, so an empty list is no choice."""
    if () in every:
        yield Problem(file=argument, what="the list is empty", fix="name at least one, or leave the option out")


def _unknown(argument: str, chosen: Iterable[Any], known: tuple[str, ...]) -> Iterable[Problem]:
    for word in chosen:
        if not (isinstance(word, str) and word in known):
            fix = suggest(str(word), known, otherwise=f"use one of {', '.join(known)}")
            yield Problem(file=argument, what=f"'{word}' is not known", fix=fix)


def choose(choices: Choices | None, options: Mapping[str, Any]) -> Choices:
    """The choices as given, or made of keywords; unknown keywords and words are named all at once.

    Raises
    ------
    UsageError
        Where an option is not known, or its value is none that it can have.

    Examples
    --------
    >>> choose(None, {"unit": "actor"}).unit
    'actor'
    """
    known = tuple(Choices.__annotations__)
    problems = [
        Problem(
            file=name, what="there is no such option", fix=suggest(name, known, otherwise=f"use {', '.join(known)}")
        )
        for name in options
        if name not in known
    ]
    if choices is not None and not isinstance(choices, Choices):  # type: ignore[reportUnnecessaryIsInstance]  # untyped calls
        fix = 'make one with Choices(...), or give the options by name, as in unit="actor"'
        problems.append(Problem(file="choices", what=f"'{choices}' is no Choices", fix=fix))
        choices = None
    made = None
    try:
        made = (choices or Choices()).but(**{name: value for name, value in options.items() if name in known})
    except UsageError as error:
        problems += error.problems
    if made is None or problems:
        raise UsageError(problems)
    return made
