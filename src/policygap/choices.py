"""Options of a count come in as keywords; one checked record goes out, so that every stage reads the same choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

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


def _tuple(value: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def _required(value: str | Iterable[str]) -> tuple[str, ...]:
    return _tuple(value) or ()


def _by_axis(value: Any) -> Any:
    """One choice for every axis, or a mapping from a code's kind to the choice for it."""
    if isinstance(value, Mapping):
        return {str(kind): _tuple(chosen) for kind, chosen in value.items()}
    return _tuple(value)


@frozen(kw_only=True)
class Choices:
    """Which statements and codings count, and how.

    Parameters
    ----------
    unit
        What is counted: ``speaker`` (an actor, or a group speaking as one), ``actor`` (statements by groups are left
        out),
        ``statement``, or ``theme`` (for studies that have links alone). ``None``: speakers, or themes where the
        study has
        no statements.
    weights
        ``equal``, ``group``, ``population``, a mapping from speaker or group to a number, or the name of a numeric
        column
        of actors, groups or (for statements) statements.
    kinds
        Statement kinds that count as demand.
    voices
        Statement voices that count; ``None``: all but ``synthesis``.
    restated
        Whether statements that restate another count.
    basis
        Coding bases that count, for every axis or by the code's kind, e.g. ``{"focus_area": "printed"}`` (a kind not
        named
        there keeps ``coder``).
    coder
        Whose codings count, for every axis or by the code's kind; ``None``: the study's default coder, else all.
    reading
        ``main`` or ``alternative``.

    Examples
    --------
    >>> Choices(kinds="call").kinds
    ('call',)
    >>> Choices(basis={"focus_area": "printed"}).basis_of("theme")
    ('coder',)
    """

    unit: str | None = None
    weights: Any = "equal"
    kinds: tuple[str, ...] = field(default=("call",), converter=_required)
    voices: tuple[str, ...] | None = field(default=None, converter=_tuple)
    restated: bool = False
    basis: Any = field(default="coder", converter=_by_axis)
    coder: Any = field(default=None, converter=_by_axis)
    reading: Literal["main", "alternative"] = "main"

    def __attrs_post_init__(self) -> None:
        problems = [
            *_unknown("unit", (self.unit,) if self.unit else (), UNITS),
            *_unknown("kinds", self.kinds, KINDS),
            *_unknown("voices", self.voices or (), VOICES),
            *_unknown("reading", (self.reading,), ("main", "alternative")),
            *(problem for chosen in _each(self.basis) for problem in _unknown("basis", chosen, BASES)),
        ]
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
        return evolve(self, **changed)


def _each(value: Any) -> tuple[tuple[str, ...], ...]:
    if isinstance(value, Mapping):
        return tuple(chosen for chosen in value.values() if chosen is not None)
    return (value,) if value is not None else ()


def _for_axis(value: Any, kind: str) -> tuple[str, ...] | None:
    return value.get(kind) if isinstance(value, Mapping) else value


def _unknown(argument: str, chosen: Iterable[str], known: tuple[str, ...]) -> Iterable[Problem]:
    for word in chosen:
        if word not in known:
            fix = suggest(str(word), known, otherwise=f"use one of {', '.join(known)}")
            yield Problem(file=argument, what=f"'{word}' is not known", fix=fix)


def choose(choices: Choices | None, options: Mapping[str, Any]) -> Choices:
    """The choices as given, or made of keywords; unknown keywords are named all at once.

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
    if problems:
        raise UsageError(problems)
    return evolve(choices, **options) if choices is not None else Choices(**options)
