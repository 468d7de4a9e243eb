"""What a report says comes in; the document that every form of it renders goes out: its sections, in order."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from .. import __version__
from ..choices import Choices
from ..claims import FAILS, HOLDS, NOT_COMPUTABLE
from ..escaping import flat
from ..gaps import RECOMMENDATION, Gap
from ..messages import decimal, percent, say, word
from ..robustness import Robustness
from .content import LEADING, Content
from .document import Block, Bullets, Document, Figure, Item, Map, Paragraph, Section, Table
from .figures import (
    draw_answers,
    draw_attention,
    draw_curves,
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
    >>> document = write_document(gather_content(pg.read_study("smabystrategi"), robustness=False))
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
        ("firmness", _firmness),
        ("notices", _notices),
        ("method", _method),
        ("codebook", _codebook),
        ("scenarios", _scenarios),
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
    if not content.holds_statements:
        yield Paragraph(text=say("report.too_many", language), weight="note")
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
    if "not_assessed" in content.kinds("theme") and set(content.kinds("theme")) <= {"not_assessed", "neither"}:
        return say("report.no_policy_line", language, themes=themes)
    return say("report.summary_line", language, themes=themes, classes="; ".join(parts))


# -- gaps


def _gap_item(content: Content, gap: Gap, anchor: str | None = None) -> Item:
    return Item(
        text=gap.sentence(content.language),
        detail=". ".join(filter(None, (content.callers(gap), content.firmness("gap", gap.subject)))) or None,
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
        yield _intervals(content, kind)
    if content.drawn.intervals["low"].notna().any():
        yield Paragraph(text=" ".join(content.drawn.explain(language)), weight="note")
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


def _intervals(content: Content, kind: str) -> Table:
    """Counts first, then what leaving one unit out does, then the interval."""
    language, frame = content.language, content.drawn.intervals
    labels = {code.id: content.label(code) for code in content.study.targets}
    rows = frame[(frame["kind"] == kind) & frame["measure"].isin(["attention", "share"])]
    named = [
        say(f"report.{name}", language)
        for name in ("code", "label", "measure", "counted", "estimate", "leaving_one_out")
    ]
    shown: list[tuple[str | float | None, ...]] = []
    for row in rows.to_dict("records"):
        counted = say("word.of_all", language, part=row["units"], whole=row["assessed"])
        ends = [_range(row[low], row[high], language) for low, high in (("lowest", "highest"), ("low", "high"))]
        figure = "" if pd.isna(row["estimate"]) else percent(row["estimate"], language)
        measure = word("measure", str(row["measure"]), language)
        shown.append((str(row["id"]), labels[str(row["id"])], measure, counted, figure, *ends))
    name = content.file_name(kind)
    return Table(
        id=f"table-intervals-{name}",
        caption=say("report.intervals", language, kind=word("kind", kind, language), name=content.drawn.name(language)),
        headings=(*named, content.drawn.name(language)),
        rows=tuple(shown),
    )


def _range(low: float, high: float, language: str) -> str:
    return "" if pd.isna(low) else say("word.range", language, low=percent(low, language), high=percent(high, language))


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
    names = ("code", "claim", "place", "verdict", "firm", "figure")
    headings = tuple(say(f"report.{name}", language) for name in names)
    ordered = claims.assign(order=claims["verdict"].map(order)).sort_values("order", kind="stable")
    rows = tuple(
        (
            str(name),
            texts[str(name)],
            flat(row["locator"]),
            word("verdict", row["verdict"], language),
            content.firmness("claim", str(name)),
            str(flat(row["figures"]) or flat(row["reason"]) or "").replace(";", "; "),
        )
        for name, row in ordered.iterrows()
    )
    yield Table(
        id="table-claims", caption=say("section.claims", language), headings=headings, rows=rows,
        anchors=tuple(f"claim/{name}" for name in ordered.index),
    )  # fmt: skip


def _firmness(content: Content) -> Iterator[Block]:
    """What would change the picture: the kinds of choice, and the findings that hang on some of them."""
    tried, language = content.robustness, content.language
    if tried is None or not tried.dimensions:
        return
    findings = tried.findings[tried.findings["kinds"] > 0]
    parts = {
        name: say(f"report.{name}_findings", language, count=int((findings["verdict"] == name).sum()))
        for name in ("robust", "conditional", "fragile")
    }
    counted = tried.counted_alone
    kinds = say("word.kinds_of_choice", language, count=sum(number > 0 for number in counted.values()))
    line = say("report.firmness_line", language, count=len(findings), kinds=kinds, **parts)
    yield Paragraph(text=line)
    yield Paragraph(text=say("report.firmness_note", language), weight="note")
    if not tried.complete:
        yield Paragraph(text=say("report.interrupted", language), weight="note")
    untried = tried.explain_untried(language)
    if untried:
        yield Bullets(title=say("report.untried", language), items=tuple(Item(text=text) for text in untried))
    yield Table(
        id="table-kinds-of-choice",
        caption=say("report.kinds_of_choice", language),
        headings=tuple(say(f"report.{name}", language) for name in ("kind_of_choice", "plainly", "tried", "breaks")),
        rows=tuple(
            (
                word("dimension", one.name, language),
                word("variant", one.plain, language),
                counted[one.name],
                sum(one.name in str(broken).split(";") for broken in findings["breaks_under"]),
            )
            for one in tried.dimensions
        ),
    )
    for kind in content.study.target_kinds:
        yield from _drawn(draw_curves(content, kind))
    gaps = {gap.subject: gap for gap in content.gaps}
    claims = {claim.id: claim for claim in content.study.claims}
    for verdict in ("fragile", "conditional"):
        rows = findings[findings["verdict"] == verdict].to_dict("records")
        items = tuple(
            Item(
                text=(
                    gaps[row["id"]].sentence(language)
                    if row["type"] == "gap"
                    else f"{row['id']}: {content.text_of(claims[row['id']], 'text')}"
                ),
                detail=tried.sentence(row["type"], row["id"], language),
                mark=str(row["id"]),
            )
            for row in rows
        )
        if items:
            title = f"{word('firmness', verdict, language).capitalize()} ({len(items)})"
            yield Bullets(title=title, items=items, folded=verdict == "conditional")


def _scenarios(content: Content) -> Iterator[Block]:
    """The share of scenarios in which each finding survives: an appendix, since it is no probability."""
    tried, language = content.robustness, content.language
    if tried is None or not tried.dimensions:
        return
    yield Paragraph(
        text=say("report.scenarios_note", language, count=len(tried.scenarios), seed=tried.seed), weight="note"
    )
    rows = tried.findings[tried.findings["kinds"] > 0].to_dict("records")
    yield Table(
        id="table-scenarios",
        caption=say("section.scenarios", language),
        headings=tuple(
            say(f"report.{name}", language) for name in ("code", "finding", "firm", "kinds_held", "survived")
        ),
        rows=tuple(
            (
                str(row["id"]),
                word("outcome" if row["type"] == "gap" else "verdict", row["outcome"], language),
                tried.firmness(row["type"], row["id"], language),
                say("word.of_all", language, part=row["held"], whole=row["kinds"]),
                row["survived"],
            )
            for row in rows
        ),
        percent=frozenset({4}),
    )


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
    headings = (say("report.choice", language), say("report.value", language))
    rows = tuple(
        (name, json.dumps(value, ensure_ascii=False, default=list)) for name, value in choices.as_dict().items()
    )
    yield Table(id="table-choices", caption=say("report.choices", language), headings=headings, rows=rows)
    command = _call(content)
    yield Paragraph(
        text=say("report.not_again", language) if command is None else say("report.again", language, command=command)
    )


def _changed(choices: Choices) -> dict[str, Any]:
    """The choices that are not what they are by default."""
    plain = Choices().as_dict()
    return {name: value for name, value in choices.as_dict().items() if value != plain[name]}


def _call(content: Content) -> str | None:
    """The call that makes this report again: a command, or Python where none can say it; ``None`` for neither."""
    tried, name, language = content.robustness, content.study.name, content.language
    changed = _changed(content.choices)
    if content.drawn.seed:
        changed["seed"] = content.drawn.seed
    by_default = tried is None or _is_by_default(tried, content)
    if by_default and not any(isinstance(value, Mapping) for value in changed.values()):
        words = [f"policygap report {shlex.quote(name)} --lang {language}"]
        for option, value in (changed | ({"quick": True} if tried is None else {})).items():
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            words.append(f"--{option}" if value is True else f"--{option} {shlex.quote(text)}")
        return " ".join(words)
    read = f"pg.read_study({name!r})"
    options = "".join(f", {option}={value!r}" for option, value in changed.items())
    if tried is None:
        options += ", robustness=False"
    elif not by_default:
        if not _can_be_said(tried, content):
            return None
        named = _changed(tried.choices) | ({"seed": tried.seed} if tried.seed else {}) | dict(tried.asked)
        theirs = "".join(f", {option}={value!r}" for option, value in named.items())
        options += f", robustness=pg.measure_robustness({read}{theirs})"
    return f"pg.write_report({read}, {'report'!r}, language={language!r}{options})"


def _is_by_default(tried: Robustness, content: Content) -> bool:
    """Whether what was tried is what a report tries by itself."""
    same = tried.choices == content.choices and tried.seed == content.drawn.seed and not tried.asked
    return same and _can_be_said(tried, content)


def _can_be_said(tried: Robustness, content: Content) -> bool:
    """Whether a call can say what was tried: no run cut short, no other study, no functions or tables of one's own."""
    own = {"own", "tables", "verdicts"} & set(tried.asked)
    one, other = tried.study, content.study
    return tried.complete and not own and (one is other or one.fingerprint == other.fingerprint)


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
