"""What a report says comes in; the document that every form of it renders goes out: its sections, in order."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import __version__
from ..choices import Choices
from ..claims import FAILS, HOLDS, NOT_COMPUTABLE
from ..escaping import flat
from ..gaps import RECOMMENDATION, Gap
from ..messages import decimal, percent, say, word
from .content import LEADING, Content
from .document import Block, Bullets, Document, Figure, Item, Map, Paragraph, Section, Table
from .figures import (
    draw_answers,
    draw_attention,
    draw_gaps,
    draw_groups,
    draw_map,
    draw_prompted,
    draw_sides,
)
from .phrases import benchmark_in_words, left_out_line, list_targets, study_line

__all__ = ["show_cell", "write_document"]

_TOP = 5  # gaps that the answer names


def write_document(content: Content) -> Document:
    """Write the report of a study as a document.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.report import gather_content
    >>> document = write_document(gather_content(pg.read_study("smabystrategi")))
    >>> [section.id for section in document.sections][:3]
    ['answer', 'gaps', 'map']
    """
    parts: tuple[tuple[str, Callable[[Content], Iterator[Block]]], ...] = (
        ("answer", _answer),
        ("gaps", _gaps),
        ("map", _map),
        ("attention", _attention),
        ("groups", _groups),
        ("recommendations", _recommendations),
        ("sides", _sides),
        ("answers", _answers),
        ("claims", _claims),
        ("notices", _notices),
        ("method", _method),
        ("codebook", _codebook),
    )
    sections = ((name, tuple(part(content))) for name, part in parts)
    language = content.language
    return Document(
        title=f"{say('report.title', language)}: {content.title}",
        language=language,
        sections=tuple(
            Section(id=name, title=say(f"section.{name}", language), blocks=blocks)
            for name, blocks in sections
            if blocks
        ),
    )


# -- the answer


def _answer(content: Content) -> Iterator[Block]:
    language, study = content.language, content.study
    description = study.meta.get(f"description_{language}") or study.meta.get("description")
    if description:
        yield Paragraph(text=str(description))
    yield Paragraph(text=say("report.question", language))
    counts = {kind: len(content.gaps_of("theme", kind)) for kind in LEADING}
    yield Paragraph(text=_verdict(content, counts), weight="lead")
    top = [gap for kind in LEADING for gap in content.gaps_of("theme", kind) if gap.is_gap][:_TOP]
    if top:
        yield Bullets(title=say("report.worst_first", language), items=tuple(_gap_item(content, gap) for gap in top))
    yield Paragraph(text=study_line(content), weight="note")
    left_out = left_out_line(content)
    if left_out:
        yield Paragraph(text=left_out, weight="note")


def _verdict(content: Content, counts: Mapping[str, int]) -> str:
    """How many gaps of each leading class there are, in a sentence; the first class is named even where it has none."""
    language = content.language
    parts = [
        say(f"answer.{kind}" if count else f"answer.{kind}_none", language, count=count)
        for kind, count in counts.items()
        if count or kind == LEADING[0]
    ]
    themes = say("word.themes", language, count=len(content.study.themes))
    return say("report.summary_line", language, themes=themes, classes="; ".join(parts))


# -- gaps


def _gap_item(content: Content, gap: Gap, anchor: str | None = None) -> Item:
    return Item(
        text=gap.sentence(content.language),
        detail=content.callers(gap) or None,
        anchor=anchor,
        trace=f"{gap.table}/{gap.subject}",
        mark=gap.subject,
    )


def _classes(content: Content, table: str) -> Iterator[Block]:
    """The codes that a table decided on, class by class."""
    for kind in content.kinds(table):
        found = content.gaps_of(table, kind)
        title = f"{word('outcome', kind, content.language, table=table)} ({len(found)})"
        items = tuple(_gap_item(content, gap, anchor=f"gap/{gap.subject}") for gap in found)
        yield Bullets(title=title, items=items, folded=not found[0].is_gap)


def _gaps(content: Content) -> Iterator[Block]:
    yield from _drawn(draw_gaps(content))
    yield from _classes(content, "theme")


def _recommendations(content: Content) -> Iterator[Block]:
    if content.gaps_of("recommendation"):
        yield Paragraph(text=say("report.recommendations_note", content.language), weight="note")
        yield from _classes(content, "recommendation")


def _drawn(figure: Figure | None) -> Iterator[Figure]:
    if figure is not None:
        yield figure


# -- the matrix


def _map(content: Content) -> Iterator[Block]:
    language = content.language
    labels = {code.id: content.label(code) for code in content.study.codes}
    if content.matrices:
        cells = f"{say('report.cell_note', language)} {say('report.matrix_legend', language)}"
        yield Paragraph(text=cells, weight="note")
    for kind, matrix in content.matrices.items():
        name = content.file_name(kind)
        headings = (say("report.theme", language), say("report.code", language), *map(str, matrix.values.columns))
        rows = tuple(
            (labels[str(row)], str(row), *marks) for row, marks in zip(matrix.values.index, matrix.marks(), strict=True)
        )
        table = Table(id=f"table-map-{name}", caption=content.matrix_title(kind), headings=headings, rows=rows)
        yield Map(kind=kind, table=table, figure=draw_map(content, kind))


# -- attention


def _attention(content: Content) -> Iterator[Block]:
    language = content.language
    for kind in content.study.target_kinds:
        if kind == RECOMMENDATION and not any(line.units for line in list_targets(content, kind)):
            continue
        figure = draw_attention(content, kind)
        if figure is None:
            continue
        yield figure
        yield Paragraph(text=_attention_note(content, kind), weight="note")
    prompted = draw_prompted(content)
    if prompted is not None:
        yield prompted
        yield Paragraph(text=say("report.prompted_note", language), weight="note")


def _attention_note(content: Content, kind: str) -> str:
    language = content.language
    parts = [
        say("report.ratio_note", language, benchmark=benchmark_in_words(content, kind)),
        say("report.range_note", language),
    ]
    number = content.coverage.effective_targets.get(kind)
    if number is not None:
        whole = len(list_targets(content, kind))
        parts.append(say("report.effective", language, number=decimal(number, 1, language), whole=whole))
    return " ".join(parts)


def _groups(content: Content) -> Iterator[Block]:
    for kind in content.study.target_kinds:
        yield from _drawn(draw_groups(content, kind))


# -- sides and answers


def _side(content: Content, value: bool | None) -> str:
    if value is None:
        return say("word.unknown", content.language)
    return say("word.yes" if value else "word.no", content.language)


def _sides(content: Content) -> Iterator[Block]:
    language = content.language
    labels = {code.id: content.label(code) for code in content.study.codes}
    yield from _drawn(draw_sides(content))
    headings = [say(f"report.{name}", language) for name in ("code", "label", "input", "policy", "research")]
    headings += [say(f"report.sides_{how}", language) for how in ("strict", "lenient")]
    rows = tuple(
        (
            str(name),
            labels[str(name)],
            *(_side(content, flat(row[side])) for side in ("input", "policy_lenient", "research_lenient")),
            *(word("side", row[f"class_{how}"], language) for how in ("strict", "lenient")),
        )
        for name, row in content.sides.iterrows()
    )
    yield Table(id="table-sides", caption=say("report.sides", language), headings=tuple(headings), rows=rows)


def _answers(content: Content) -> Iterator[Block]:
    yield from _drawn(draw_answers(content))


# -- claims and notices


def _claims(content: Content) -> Iterator[Block]:
    claims, language = content.claims, content.language
    if claims.empty:
        return
    counts = {verdict: int((claims["verdict"] == verdict).sum()) for verdict in (HOLDS, FAILS, NOT_COMPUTABLE)}
    yield Paragraph(text=say("report.claims_line", language, **counts))
    texts = {claim.id: content.text_of(claim, "text") for claim in content.study.claims}
    order = {FAILS: 0, HOLDS: 1, NOT_COMPUTABLE: 2}
    headings = tuple(say(f"report.{name}", language) for name in ("code", "claim", "place", "verdict", "figure"))
    ordered = claims.assign(order=claims["verdict"].map(order)).sort_values("order", kind="stable")
    rows = tuple(
        (
            str(name),
            texts[str(name)],
            flat(row["locator"]),
            word("verdict", row["verdict"], language),
            str(flat(row["figures"]) or flat(row["reason"]) or "").replace(";", "; "),
        )
        for name, row in ordered.iterrows()
    )
    yield Table(
        id="table-claims", caption=say("section.claims", language), headings=headings, rows=rows,
        anchors=tuple(f"claim/{name}" for name in ordered.index),
    )  # fmt: skip


def _notices(content: Content) -> Iterator[Block]:
    if content.study.notices:
        yield Bullets(items=tuple(Item(text=notice.sentence(content.language)) for notice in content.study.notices))


# -- method and codebook


def _method(content: Content) -> Iterator[Block]:
    choices, language, study = content.choices, content.language, content.study
    voices = ", ".join(choices.voices) if choices.voices else say("report.all_but_syntheses", language)
    values: dict[str, Any] = {
        "unit": word("units", content.coverage.unit, language),
        "weights": choices.weights if isinstance(choices.weights, str) else say("report.mapping", language),
        "kinds": ", ".join(choices.kinds),
        "voices": voices,
        "reading": choices.reading,
    }
    yield Paragraph(text=say("report.method_line", language, **values))
    sampling = str(study.meta.get("sampling") or "unknown")
    yield Paragraph(text=word("sampling", sampling, language))
    sources = tuple(Item(text=_source_line(content, source), anchor=f"source/{source.id}") for source in study.sources)
    if sources:
        yield Bullets(title=say("report.sources", language), items=sources)
    yield Paragraph(text=say("report.fingerprint", language, version=__version__, fingerprint=study.fingerprint))
    made = study.meta.get("version")
    title = content.title + (f", {say('report.version', language)} {made}" if made else "")
    yield Paragraph(text=say("report.cite", language, title=title, fingerprint=study.fingerprint, version=__version__))
    changed = _changed(choices)
    headings = (say("report.choice", language), say("report.value", language))
    rows = tuple(
        (name, json.dumps(value, ensure_ascii=False, default=list)) for name, value in choices.as_dict().items()
    )
    yield Table(id="table-choices", caption=say("report.choices", language), headings=headings, rows=rows)
    yield Paragraph(text=say("report.again", language, command=_call(study.name, language, changed)))


def _changed(choices: Choices) -> dict[str, Any]:
    """The choices that are not what they are by default."""
    plain = Choices().as_dict()
    return {name: value for name, value in choices.as_dict().items() if value != plain[name]}


def _call(study: str, language: str, changed: Mapping[str, Any]) -> str:
    """The call that makes this report again: a command, or Python where a command can't say the choices."""
    if any(isinstance(value, Mapping) for value in changed.values()):
        options = "".join(f", {name}={value!r}" for name, value in changed.items())
        return f"pg.write_report(pg.read_study({study!r}), {'report'!r}, language={language!r}{options})"
    words = [f"policygap report {shlex.quote(study)} --lang {language}"]
    for name, value in changed.items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        words.append(f"--{name}" if value is True else f"--{name} {shlex.quote(text)}")
    return " ".join(words)


def _source_line(content: Content, source: Any) -> str:
    parts = [source.id, content.text_of(source, "title"), source.publisher, source.year]
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def _codebook(content: Content) -> Iterator[Block]:
    language = content.language
    kinds = {"theme": content.study.themes}
    kinds |= {
        kind: tuple(code for code in content.study.targets if code.kind == kind) for kind in content.study.target_kinds
    }
    headings = tuple(say(f"report.{name}", language) for name in ("code", "label", "definition"))
    for kind, codes in kinds.items():
        rows = tuple((code.id, content.label(code), content.text_of(code, "definition")) for code in codes)
        yield Table(
            id=f"table-codebook-{content.file_name(kind)}", caption=word("kind", kind, language), headings=headings,
            rows=rows, anchors=tuple(f"code/{code.id}" for code in codes),
        )  # fmt: skip


def show_cell(value: str | float | None, language: str, *, share: bool = False) -> str:
    """A cell of a table as a reader sees it: a share as per cent, other fractions with two decimals."""
    if value is None:
        return ""
    if share and isinstance(value, int | float):
        return percent(value, language)
    return decimal(value, 2, language) if isinstance(value, float) else str(value)
