"""What a report says comes in; a Markdown document goes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .. import __version__
from ..claims import FAILS, HOLDS, NOT_COMPUTABLE
from ..escaping import flat, for_markdown
from ..gaps import Gap
from ..matrices import EVIDENCE, LINKED, NONE, ZERO, Matrix
from ..messages import decimal, percent, say, word
from .content import Content
from .phrases import TargetLine, benchmark_in_words, left_out_line, list_targets, study_line

__all__ = ["render_markdown"]


def render_markdown(content: Content) -> str:
    """Render the whole report as Markdown (GitHub's tables); text of the study is escaped.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.report import gather_content
    >>> render_markdown(gather_content(pg.read_study("smabystrategi"))).startswith("# Policy gap report")
    True
    """
    parts = (_opening, _gaps, _attention, _recommendations, _matrices, _sides, _claims, _notices, _method)
    return "\n".join(line for part in parts for line in part(content)).rstrip() + "\n"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for row in rows:
        yield "| " + " | ".join(for_markdown("" if cell is None else str(cell)) for cell in row) + " |"
    yield ""


def _heading(content: Content, name: str, level: int = 2) -> str:
    return f"{'#' * level} {say(f'report.{name}', content.language)}\n"


def _opening(content: Content) -> Iterator[str]:
    title = content.study.meta.get(f"title_{content.language}") or content.study.title
    yield f"# {say('report.title', content.language)}: {for_markdown(str(title))}\n"
    yield f"{for_markdown(study_line(content))}\n"
    left_out = left_out_line(content)
    if left_out:
        yield f"{for_markdown(left_out)}\n"
    description = content.study.meta.get("description")
    if description:
        yield f"{for_markdown(str(description))}\n"


def _gap_line(content: Content, gap: Gap) -> str:
    groups = content.callers(gap)
    sentence = gap.sentence(content.language)
    text = say("word.from_groups", content.language, text=sentence, groups=groups) if groups else sentence
    return f"- {for_markdown(text)} `{gap.subject}`"


def _gaps(content: Content) -> Iterator[str]:
    yield _heading(content, "gaps")
    yield from _classes(content, "theme")


def _recommendations(content: Content) -> Iterator[str]:
    if content.gaps_of("recommendation"):
        yield _heading(content, "recommendations")
        yield from _classes(content, "recommendation")


def _classes(content: Content, table: str) -> Iterator[str]:
    """The codes that a table decided on, class by class."""
    for kind in content.kinds(table):
        found = content.gaps_of(table, kind)
        yield f"### {word('outcome', kind, content.language, table=table)} ({len(found)})\n"
        yield from (_gap_line(content, gap) for gap in found)
        yield ""


def _attention(content: Content) -> Iterator[str]:
    language = content.language
    for kind in content.study.target_kinds:
        rows = list_targets(content, kind)
        if all(row.attention is None for row in rows):
            continue
        kind_word = for_markdown(word("kind", kind, language))
        yield f"## {say('report.attention', language, kind=kind_word)}\n"
        headings = [say(f"report.{name}", language) for name in ("code", "label", "speakers", "share", "ratio")]
        yield from _table(headings, (_attention_cells(content, row) for row in rows))
        yield f"{say('report.ratio_note', language, benchmark=for_markdown(benchmark_in_words(content, kind)))}\n"


def _attention_cells(content: Content, row: TargetLine) -> list[str]:
    language = content.language
    if row.attention is None:
        return [row.id, row.label, say("word.not_assessed", language), "", ""]
    unit = word("units", content.coverage.unit, language)
    text = say("word.of", language, part=row.units, whole=row.assessed, unit=unit)
    # Weights by group leave umbrellas out of the units, and the count of groups does not know it.
    if (
        row.whole_groups
        and content.coverage.unit == "speaker"
        and content.choices.weights not in ("group", "population")
    ):
        text = say("word.whole_groups", language, text=text, count=row.whole_groups)
    share = "" if row.share is None else percent(row.share, language)
    return [row.id, row.label, text, share, "" if row.ratio is None else decimal(row.ratio, 2, language)]


def _matrices(content: Content) -> Iterator[str]:
    language = content.language
    for kind, matrix in content.matrices.items():
        rows, columns = word("kind", "theme", language), word("kind", kind, language)
        values = word("units", "speaker", language) if matrix.values_name == "speakers" else matrix.values_name
        title = say("report.matrix", language, rows=rows, columns=for_markdown(columns), values=values)
        yield f"## {title}\n"
        yield f"{say('report.cell_note', language)} {say('report.matrix_legend', language)}\n"
        yield from _table(
            [say("report.code", language), *map(for_markdown, matrix.values.columns)],
            ([name, *cells] for name, cells in zip(matrix.values.index, matrix_cells(matrix), strict=True)),
        )


def matrix_cells(matrix: Matrix) -> Iterator[list[str]]:
    """The cells of a matrix as text, a mark for each state."""
    marks = {ZERO: "0", NONE: "–", LINKED: "+"}
    for values, states in zip(matrix.values.to_numpy(dtype=object), matrix.states.to_numpy(dtype=object), strict=True):
        yield [
            str(value) if state == EVIDENCE else marks.get(state, "")
            for value, state in zip(values, states, strict=True)
        ]


def _side(content: Content, value: bool | None) -> str:
    if value is None:
        return say("word.unknown", content.language)
    return say("word.yes" if value else "word.no", content.language)


def _sides(content: Content) -> Iterator[str]:
    language = content.language
    labels = {code.id: content.label(code) for code in content.study.codes}
    yield _heading(content, "sides")
    headings = [say(f"report.{name}", language) for name in ("code", "label", "input", "policy", "research")]
    headings += [say(f"report.sides_{how}", language) for how in ("strict", "lenient")]
    rows = (
        [
            name,
            labels[str(name)],
            *(_side(content, flat(row[side])) for side in ("input", "policy_lenient", "research_lenient")),
            *(word("side", row[f"class_{how}"], language) for how in ("strict", "lenient")),
        ]
        for name, row in content.sides.iterrows()
    )
    yield from _table(headings, rows)


def _claims(content: Content) -> Iterator[str]:
    claims, language = content.claims, content.language
    if claims.empty:
        return
    yield _heading(content, "claims")
    counts = {verdict: int((claims["verdict"] == verdict).sum()) for verdict in (HOLDS, FAILS, NOT_COMPUTABLE)}
    yield f"{say('report.claims_line', language, **counts)}\n"
    texts = {claim.id: claim.in_language("text", language) for claim in content.study.claims}
    headings = [say(f"report.{name}", language) for name in ("code", "claim", "place", "verdict", "figure")]
    rows = (
        [
            name,
            texts[str(name)],
            row["locator"],
            word("verdict", row["verdict"], language),
            row["figures"] or row["reason"],
        ]
        for name, row in claims.iterrows()
    )
    yield from _table(headings, rows)


def _notices(content: Content) -> Iterator[str]:
    if content.study.notices:
        yield _heading(content, "notices")
        yield from (f"- {for_markdown(notice.sentence(content.language))}" for notice in content.study.notices)
        yield ""


def _method(content: Content) -> Iterator[str]:
    choices, language = content.choices, content.language
    yield _heading(content, "method")
    voices = ", ".join(choices.voices) if choices.voices else "-synthesis"
    values = {
        "unit": content.coverage.unit,
        "weights": choices.weights if isinstance(choices.weights, str) else "mapping",
        "kinds": ", ".join(choices.kinds),
        "voices": voices,
        "reading": choices.reading,
    }
    yield f"{for_markdown(say('report.method_line', language, **values))}\n"
    yield say("report.fingerprint", language, version=__version__, fingerprint=content.study.fingerprint)
