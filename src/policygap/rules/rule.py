"""Lists of patterns come in; rules that say of a text whether they fire go out, and combinations of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from ..errors import Problem, UsageError
from .patterns import Pattern, PatternError, parse_pattern

if TYPE_CHECKING:
    from .matching import Occurrences

__all__ = ["LISTS", "Combination", "Near", "Rule"]

LISTS = ("any", "all", "none")


@frozen
class Near:
    """Patterns that have to stand close together.

    Attributes
    ----------
    patterns
        Two or more; each has to stand there.
    words
        Within how many consecutive words of one paragraph all of them stand, the words of the patterns counted.
    """

    patterns: tuple[Pattern, ...]
    words: int


class _Combining:
    """What rules and their combinations share."""

    code: str

    def __and__(self, other: Rule | Combination) -> Combination:
        return Combination(code=self.code, kind="and", parts=(self, other))  # type: ignore[arg-type]

    def __or__(self, other: Rule | Combination) -> Combination:
        return Combination(code=self.code, kind="or", parts=(self, other))  # type: ignore[arg-type]

    def __invert__(self) -> Rule | Combination:
        return Combination(code=self.code, kind="not", parts=(self,))  # type: ignore[arg-type]


@frozen(init=False)
class Rule(_Combining):
    """When a text is to have a code.

    A rule fires where at least one pattern of ``any`` stands in the text (if there are any), every pattern of ``all``,
    no pattern of ``none``, and all patterns of ``near`` within so many words.

    Parameters
    ----------
    code
        The code that a text gets.
    any, all, none
        Patterns: a word or phrase each, with ``*`` at the start or end of a word where other letters may stand.
    near
        A mapping with ``patterns``, two or more, and ``words``, within how many words.
    note
        For readers.

    Raises
    ------
    UsageError
        Naming every pattern that can't be read.

    Examples
    --------
    >>> rule = Rule("transport", any=["bus*", "light rail"], none=["business*"])
    >>> rule.fires_on("Better BUSES for all"), rule.fires_on("Buses for business travel")
    (True, False)
    >>> (rule | Rule("transport", any=["ferry"])).fires_on("A new ferry")
    True
    """

    code: str
    any: tuple[Pattern, ...]
    all: tuple[Pattern, ...]
    none: tuple[Pattern, ...]
    near: Near | None
    note: str = field(eq=False)

    def __init__(
        self,
        code: str,
        *,
        any: Iterable[str] = (),  # the words of the rule language
        all: Iterable[str] = (),
        none: Iterable[str] = (),
        near: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> None:
        problems: list[Problem] = []
        lists = {name: _parse(given, name, problems) for name, given in zip(LISTS, (any, all, none), strict=True)}
        close = None if near is None else _parse_near(near, problems)
        if not isinstance(code, str) or not code.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
            problems.append(Problem(file="rule", what=f"{code!r} is no code", fix="write the id of a theme or target"))
        if not problems and near is None and not lists["any"] + lists["all"] + lists["none"]:
            fix = "give it patterns in any, all, none or near"
            problems.append(Problem(file=f"rule {code!r}", what="it has no pattern at all", fix=fix))
        if problems:
            raise UsageError(problems)
        self.__attrs_init__(code=code, near=close, note=note, **lists)  # type: ignore[attr-defined]

    def patterns(self) -> Iterator[Pattern]:
        """All its patterns."""
        yield from (*self.any, *self.all, *self.none)
        yield from self.near.patterns if self.near is not None else ()

    def fires(self, found: Occurrences) -> bool:
        """Whether it fires on a text with these occurrences."""
        return (
            (not self.any or _first(found, self.any) is not None)
            and all_of(found, self.all)
            and _first(found, self.none) is None
            and (self.near is None or found.within(self.near) is not None)
        )

    def fires_on(self, text: str) -> bool:
        """Whether it fires on a text."""
        return _fires_on(self, text)

    def named(self, code: str) -> Rule:
        """The same rule for another code."""
        return evolve_rule(self, code)


@frozen
class Combination(_Combining):
    """Rules combined: ``a & b`` fires where both do, ``a | b`` where either does, ``~a`` where it does not.

    The code is that of the first part; ``named`` gives it another.
    """

    code: str
    kind: str
    parts: tuple[Rule | Combination, ...]

    def __attrs_post_init__(self) -> None:
        strange = [part for part in self.parts if not isinstance(part, Rule | Combination)]  # pyright: ignore[reportUnnecessaryIsInstance]
        if strange:
            raise TypeError(f"rules combine with rules, not with {type(strange[0]).__name__}")

    def patterns(self) -> Iterator[Pattern]:
        """All patterns of its parts."""
        for part in self.parts:
            yield from part.patterns()

    def fires(self, found: Occurrences) -> bool:
        """Whether it fires on a text with these occurrences."""
        each = (part.fires(found) for part in self.parts)
        match self.kind:
            case "and":
                return False not in each
            case "or":
                return True in each
            case _:
                return not next(each)

    def fires_on(self, text: str) -> bool:
        """Whether it fires on a text."""
        return _fires_on(self, text)

    def named(self, code: str) -> Combination:
        """The same combination for another code."""
        return evolve(self, code=code)


def evolve_rule(rule: Rule, code: str) -> Rule:
    """A rule with another code; its patterns are read already."""
    other = object.__new__(Rule)
    other.__attrs_init__(  # type: ignore[attr-defined]
        code=code, any=rule.any, all=rule.all, none=rule.none, near=rule.near, note=rule.note
    )
    return other


def _fires_on(rule: Rule | Combination, text: str) -> bool:
    from .matching import Matcher  # which is made of rules

    return rule.fires(Matcher.of([rule]).look(text))


def _first(found: Occurrences, patterns: Sequence[Pattern]) -> Pattern | None:
    return next((pattern for pattern in patterns if found.of(pattern)), None)


def all_of(found: Occurrences, patterns: Sequence[Pattern]) -> bool:
    """Whether every pattern stands in the text."""
    return not [pattern for pattern in patterns if not found.of(pattern)]


def _parse(given: object, name: str, problems: list[Problem]) -> tuple[Pattern, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        problems.append(Problem(file=name, what=f"{given!r} is no list of patterns", fix=f'write {name} = ["word"]'))
        return ()
    patterns: list[Pattern] = []
    for number, written in enumerate(given, start=1):
        where = f"{name}, pattern {number}"
        if not isinstance(written, str):
            problems.append(Problem(file=where, what=f"{written!r} is no text", fix="write it in quotation marks"))
            continue
        try:
            patterns.append(parse_pattern(written))
        except PatternError as error:
            problems.append(Problem(file=where, what=error.what, fix=error.fix))
    return tuple(patterns)


def _parse_near(given: Mapping[str, Any], problems: list[Problem]) -> Near:
    shape = 'write near = { patterns = ["one", "other"], words = 5 }'
    if not isinstance(given, Mapping) or set(given) != {"patterns", "words"}:  # pyright: ignore[reportUnnecessaryIsInstance]
        problems.append(Problem(file="near", what=f"{given!r} is not patterns and words", fix=shape))
        return Near((), 0)
    patterns = _parse(given["patterns"], "near.patterns", problems)
    words = given["words"]
    if isinstance(words, bool) or not isinstance(words, int) or words < 1:
        problems.append(Problem(file="near.words", what=f"{words!r} is no whole number of 1 or more", fix=shape))
    if len({pattern.pieces for pattern in patterns}) < 2:  # noqa: PLR2004
        problems.append(Problem(file="near.patterns", what="it takes two different patterns or more", fix=shape))
    return Near(patterns, words)
