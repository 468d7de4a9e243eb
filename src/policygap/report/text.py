"""What a report says comes in; one or two screens of plain text go out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..claims import FAILS, HOLDS, NOT_COMPUTABLE
from ..escaping import for_terminal
from ..gaps import RECOMMENDATION, Gap, describe_answer, describe_callers
from ..messages import decimal, percent, say, word
from .content import LEADING, Content
from .phrases import TargetLine, benchmark_in_words, left_out_line, list_targets, study_line

__all__ = ["render_text"]

_MOST_GAPS = {"unmet_call": 10, "weakly_met": 8}
_MOST_CLAIMS = 8
_FEW = 5
_BAR = 20


def render_text(
    content: Content, *, width: int = 100, colour: bool = False, blocks: bool = True, folder: str = ""
) -> str:
    """Render the report for a terminal.

    Parameters
    ----------
    content
        As gathered.
    width
        Columns to stay within.
    colour
        Whether headings are set bold.
    blocks
        Whether bars may use block characters; else ``#``.
    folder
        Where the full files are, if they were written.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.report import gather_content
    >>> text = render_text(gather_content(pg.read_study("smabystrategi"), robustness=False), width=80)
    >>> max(map(len, text.splitlines())) <= 80
    True
    """
    page = _Page(content=content, width=max(width, 60), colour=colour, blocks=blocks)
    lines = [*page.opening(), *page.attention(), *page.gaps(), *page.recommendations(), *page.claims(), *page.notices()]
    if folder:
        lines += ["", say("report.files", content.language, folder=for_terminal(folder))]
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ") + "\n"


class _Page:
    """Lines of one page; each part is a list of lines that fit the width."""

    def __init__(self, *, content: Content, width: int, colour: bool, blocks: bool) -> None:
        self.content, self.width, self.colour, self.blocks = content, width, colour, blocks
        self.language = content.language

    def say(self, name: str, **values: object) -> str:
        return say(f"report.{name}", self.language, **values)

    def heading(self, text: str) -> list[str]:
        text = self.cut(text, self.width)
        return ["", f"\x1b[1m{text}\x1b[0m" if self.colour else text, "-" * min(len(text), self.width)]

    def wrap(self, text: str, indent: str = "") -> list[str]:
        hanging = indent + "  "
        return textwrap.wrap(
            for_terminal(text), self.width, initial_indent=indent, subsequent_indent=hanging, break_long_words=True
        )

    def cut(self, text: str, width: int) -> str:
        """Text of the study on one line, no wider than so."""
        return self.fit(for_terminal(text), width)

    def fit(self, line: str, width: int | None = None) -> str:
        """A line made of parts that were cut already, no wider than the page."""
        width = width or self.width
        return line if len(line) <= width else f"{line[: max(width - 3, 1)].rstrip()}..."

    def opening(self) -> list[str]:
        study = self.content.study
        title = study.meta.get(f"title_{self.language}") or study.title
        lines = [*self.heading(f"{self.say('title')}: {title}")[1:], *self.wrap(study_line(self.content))]
        left_out = left_out_line(self.content)
        return [*lines, *(self.wrap(left_out) if left_out else [])]

    def attention(self) -> Iterator[str]:
        for kind in self.content.study.target_kinds:
            rows = list_targets(self.content, kind)
            if kind == RECOMMENDATION or all(row.attention is None for row in rows):
                continue
            yield from self.heading(self.say("attention", kind=word("kind", kind, self.language)))
            yield from self.wrap(self._attention_note(kind))
            scale = max((value for row in rows for value in (row.share, row.benchmark) if value), default=1.0)
            name_width = max(16, self.width - _BAR - 38)
            for row in rows:
                yield self._attention_row(row, scale, name_width)
            number = self.content.coverage.effective_targets.get(kind)
            if number is not None:
                yield from self.wrap(self.say("effective", number=decimal(number, 1, self.language), whole=len(rows)))

    def _attention_note(self, kind: str) -> str:
        unit = word("units", self.content.coverage.unit, self.language)
        name = "attention_note_links" if self.content.coverage.unit == "theme" else "attention_note"
        return self.say(name, unit=unit, benchmark=benchmark_in_words(self.content, kind))

    def _attention_row(self, row: TargetLine, scale: float, name_width: int) -> str:
        name = self.cut(f"{row.id} {row.label}", name_width)
        if row.attention is None:
            return f"{name:<{name_width}} {say('word.not_assessed', self.language)}"
        share = row.share or 0.0
        count, attention = f"{row.units}/{row.assessed}", percent(row.attention, self.language)
        bar, part = self._bar(share, row.benchmark or 0.0, scale), percent(share, self.language)
        tied = self.say("tied", codes=for_terminal(",".join(row.tied_with))) if row.tied_with else ""
        return self.fit(f"{name:<{name_width}} {count:>7} {attention:>5} {bar} {part:>5}  {tied}".rstrip())

    def _bar(self, share: float, benchmark: float, scale: float) -> str:
        filled, mark = round(share / scale * (_BAR - 1)), round(benchmark / scale * (_BAR - 1))
        full = "\N{FULL BLOCK}" if self.blocks else "#"
        cells = [full if place < filled else " " for place in range(_BAR)]
        cells[min(mark, _BAR - 1)] = "|"
        return "".join(cells)

    def gaps(self) -> Iterator[str]:
        yield from self.heading(self.say("gaps"))
        found = self.content.kinds("theme")
        if LEADING[0] not in found:
            yield f"{self.outcome(LEADING[0], 'theme')} (0)"
        for kind in found:
            gaps = self.content.gaps_of("theme", kind)
            if gaps[0].is_gap:
                yield from self._class(gaps, _MOST_GAPS.get(kind, _FEW))
        rest = {kind: self.content.gaps_of("theme", kind) for kind in found}
        counts = [f"{self.outcome(kind, 'theme')} ({len(gaps)})" for kind, gaps in rest.items() if not gaps[0].is_gap]
        yield from self.wrap("; ".join(counts)) if counts else []

    def outcome(self, kind: str, table: str) -> str:
        return for_terminal(word("outcome", kind, self.language, table=table))

    def _class(self, gaps: tuple[Gap, ...], most: int) -> Iterator[str]:
        """A class of gaps: its name, whose judgement it is where that is one for all, and the gaps, two lines each."""
        sources = {gap.attributed_to for gap in gaps}
        judged = self.say("judged", source=", ".join(next(iter(sources)))) if len(sources) == 1 and any(sources) else ""
        title = f"{self.outcome(gaps[0].kind, gaps[0].table)} ({len(gaps)})"
        yield from self.wrap(f"{title}, {judged}:" if judged else f"{title}:")
        for gap in gaps[:most]:
            yield from self._gap(gap, with_source=not judged)
        if len(gaps) > most:
            yield f"  {self.say('more', count=len(gaps) - most, file='gaps.csv')}"

    def _gap(self, gap: Gap, *, with_source: bool) -> Iterator[str]:
        """A gap in two lines: who calls for it and what the policy answers; and of which groups the callers are."""
        figures = gap.figures
        label = gap.label_in(self.language) if gap.table == "theme" else f"{gap.subject} {gap.label_in(self.language)}"
        answer = describe_answer(figures, self.language)
        if with_source and gap.attributed_to:
            answer = f"{answer}, {self.say('judged', source=', '.join(gap.attributed_to))}"
        contested = f" {say('word.contested', self.language)}" if gap.contested else ""
        who = describe_callers(figures, self.language)
        wide = min(44, self.width // 2 - 8)
        yield self.fit(f"  {self.cut(label, wide):<{wide}} {for_terminal(who)}{contested}")
        tried = self.content.robustness
        firm = tried.firmness("gap", gap.subject, self.language) if tried is not None else ""
        yield from self.wrap("; ".join(filter(None, (answer, firm, self.content.callers(gap)))), indent="      ")

    def recommendations(self) -> Iterator[str]:
        gaps = self.content.gaps_of("recommendation")
        if not gaps:
            return
        yield from self.heading(self.say("recommendations"))
        if not self.content.gaps_of("recommendation", "not_taken_up"):
            yield f"{self.outcome('not_taken_up', 'recommendation')} (0)"
        for kind in self.content.kinds("recommendation"):
            yield from self._class(self.content.gaps_of("recommendation", kind), _FEW)

    def claims(self) -> Iterator[str]:
        claims = self.content.claims
        if claims.empty:
            return
        counts = {verdict: int((claims["verdict"] == verdict).sum()) for verdict in (HOLDS, FAILS, NOT_COMPUTABLE)}
        yield from self.heading(self.say("claims"))
        yield from self.wrap(self.say("claims_line", **counts))
        failing = claims[claims["verdict"] == FAILS]
        if len(failing):
            yield f"{self.say('claims_fail')}:"
        texts = {claim.id: claim.in_language("text", self.language) for claim in self.content.study.claims}
        for name, row in failing.head(_MOST_CLAIMS).iterrows():
            place = f" ({row['locator']})" if row["locator"] else ""
            yield f"  {self.cut(f'{name}{place} {texts[str(name)]}', self.width - 2)}"
            yield f"      {self.cut(str(row['figures']).replace(';', ', '), self.width - 6)}"
        if len(failing) > _MOST_CLAIMS:
            yield f"  {self.say('more', count=len(failing) - _MOST_CLAIMS, file='claims.csv')}"

    def notices(self) -> Iterator[str]:
        notices = self.content.study.notices
        if not notices:
            return
        yield from self.heading(f"{self.say('notices')} ({len(notices)})")
        for notice in notices[:_FEW]:
            text = notice.sentence(self.language)
            yield f"  {self.cut(text, self.width - 2)}"
        if len(notices) > _FEW:
            yield f"  {self.say('more', count=len(notices) - _FEW, file='notices.csv')}"
