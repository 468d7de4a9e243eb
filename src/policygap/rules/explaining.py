"""Rules and a text come in; why each rule fires or not goes out, in data and in words."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from ..errors import printable
from .matching import Matcher, Occurrences, Spans
from .patterns import Pattern
from .rule import Combination, Rule

__all__ = ["Explanation", "Hit", "Reason", "explain"]


@frozen(kw_only=True)
class Hit:
    """A place where a pattern stands.

    Attributes
    ----------
    pattern
        As it was written.
    start, end
        Characters of the text as it was given.
    words
        What stands there.
    """

    pattern: str
    start: int
    end: int
    words: str


@frozen(kw_only=True)
class Reason:
    """Why a rule fires, or does not.

    Attributes
    ----------
    code
        The rule's code.
    fires
        Whether it does.
    hits
        Where patterns of ``any`` and ``all`` stand, and those of ``near`` where all stand together.
    blocked_by
        Where patterns of ``none`` stand.
    missing
        Patterns of ``all`` and ``near`` that do not stand there (for ``near``: not together), and all of ``any`` where
        none does.
    """

    code: str
    fires: bool
    hits: tuple[Hit, ...]
    blocked_by: tuple[Hit, ...] = ()
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        there = _listed(self.hits)
        if self.fires:
            return f"{self.code} fires: {there} there" if self.hits else f"{self.code} fires: nothing forbids it"
        text = f"{self.code} does not fire"
        parts = [f"{there} there"] if self.hits else []
        if self.blocked_by:
            so = "so does" if len({hit.pattern for hit in self.blocked_by}) == 1 else "so do"
            names = _named(self.blocked_by)
            parts.append(f"{'but ' + so if parts else 'it is kept from it by'} {names}")
        if self.missing:
            joint = "and " if self.blocked_by else "but " if parts else ""
            parts.append(f"{joint}missing {', '.join(map(repr, self.missing))}")
        return printable(f"{text}: {', '.join(parts)}" if parts else text)


@frozen(kw_only=True)
class Explanation:
    """What the rules make of a text.

    Attributes
    ----------
    text
        The text.
    reasons
        A reason for each rule that fires, and for each that does not though one of its patterns stands there.
    """

    text: str
    reasons: tuple[Reason, ...]

    @property
    def fired(self) -> tuple[Reason, ...]:
        """The reasons of the rules that fire."""
        return tuple(reason for reason in self.reasons if reason.fires)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the rules that fire."""
        return tuple(reason.code for reason in self.fired)

    def __str__(self) -> str:
        return "\n".join(map(str, self.reasons)) or "no pattern of any rule stands there"


def _named(hits: Iterable[Hit]) -> str:
    by_pattern: dict[str, list[str]] = {}
    for hit in hits:
        words = by_pattern.setdefault(hit.pattern, [])
        if hit.words not in words:
            words.append(hit.words)
    quoted = {pattern: ", ".join(f'"{word}"' for word in words) for pattern, words in by_pattern.items()}
    return ", ".join(f"{pattern!r} ({words})" for pattern, words in quoted.items())


def _listed(hits: tuple[Hit, ...]) -> str:
    verb = "stands" if len({hit.pattern for hit in hits}) == 1 else "stand"
    return f"{_named(hits)} {verb}" if hits else ""


def explain(matcher: Matcher, text: str) -> Explanation:
    """Explain a text by rules made ready."""
    found = matcher.look(text)
    reasons: list[Reason] = []
    for place in matcher.asked(found):
        reason = _explain(matcher.rules[place], found, text)
        if reason.fires or reason.hits or reason.blocked_by:
            reasons.append(reason)
    return Explanation(text=text, reasons=tuple(reasons))


def _explain(rule: Rule | Combination, found: Occurrences, text: str) -> Reason:
    if isinstance(rule, Combination):
        parts = [_explain(part, found, text) for part in rule.parts]
        if rule.kind == "not":
            (part,) = parts
            blocked = part.hits if part.fires else ()
            return Reason(code=rule.code, fires=not part.fires, hits=part.blocked_by, blocked_by=blocked)
        fires = rule.fires(found)
        telling = [part for part in parts if part.fires] if fires and rule.kind == "or" else parts
        return Reason(
            code=rule.code,
            fires=fires,
            hits=_sorted(hit for part in telling for hit in part.hits),
            blocked_by=() if fires else _sorted(hit for part in parts for hit in part.blocked_by),
            missing=() if fires else tuple(dict.fromkeys(name for part in parts for name in part.missing)),
        )
    missing: list[str] = []
    hits = [hit for pattern in (*rule.any, *rule.all) for hit in _hits(pattern, found.of(pattern), found, text)]
    if rule.any and not any(found.of(pattern) for pattern in rule.any):
        missing += [pattern.written for pattern in rule.any]
    missing += [pattern.written for pattern in rule.all if not found.of(pattern)]
    if rule.near is not None:
        together = found.within(rule.near)
        for pattern in rule.near.patterns:
            if together is None:
                missing.append(pattern.written)
            else:
                hits += _hits(pattern, together[pattern.pieces], found, text)
    blocked = [hit for pattern in rule.none for hit in _hits(pattern, found.of(pattern), found, text)]
    fires = not missing and not blocked
    return Reason(
        code=rule.code,
        fires=fires,
        hits=_sorted(hits),
        blocked_by=_sorted(blocked),
        missing=tuple(dict.fromkeys(missing)),
    )


def _sorted(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Each hit once, in the order of the text."""
    return tuple(sorted(dict.fromkeys(hits), key=lambda hit: (hit.start, hit.end, hit.pattern)))


def _hits(pattern: Pattern, spans: Spans, found: Occurrences, text: str) -> list[Hit]:
    places = [(found.words[first].start, found.words[last].end) for first, last in spans]
    return [Hit(pattern=pattern.written, start=start, end=end, words=text[start:end]) for start, end in places]
