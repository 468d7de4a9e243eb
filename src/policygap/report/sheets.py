"""A report's document and the evidence behind it come in; an Excel workbook to work on goes out.

Each matrix has its own sheet; a cell leads to its rows on the sheet of evidence. Text stays text: nothing that a
stranger wrote is a formula or a link.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..escaping import clip, flat, for_html, is_formula
from ..evidence import collect_evidence
from ..ids import find_rows
from ..io.excel import LARGEST_NUMBER, MOST_CHARACTERS, MOST_ROWS, require_excel
from ..matrices import EVIDENCE, NOT_ASSESSED
from ..messages import say, word
from .content import Content
from .document import Bullets, Document, Paragraph, Section, Table

__all__ = ["render_workbook"]

_CREATED = datetime.datetime(2000, 1, 1)
_MOST_LINKS = 65_000  # Excel takes 65,530 a sheet
_A4 = 9
_WIDEST = 70
_LINE, _LINE_HEIGHT, _TALLEST = 95, 15.5, 400.0  # characters of a line of the summary; points
_GAPS = (
    "kind", "subject", "label", "sentence", "is_gap", "contested", "calling", "assessed", "demand", "presence",
    "emphasis", "commitment", "attributed_to",
)  # fmt: skip
_EVIDENCE = (
    "theme", "theme_label", "target", "target_label", "statement", "text", "speaker", "group", "source", "locator",
    "kind", "voice", "polarity", "target_polarity", "basis", "coder",
)  # fmt: skip


def render_workbook(content: Content, document: Document) -> bytes:
    """Render the report as an Excel workbook; the same report gives the same bytes.

    Raises
    ------
    UsageError
        Where the extra ``excel`` is not installed.
    """
    stream = io.BytesIO()
    book = require_excel().Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": clip(for_html(document.title), 200), "created": _CREATED})
    writer = _Writer(book, content)
    writer.summary(document)
    evidence = _gather(content)
    spans = _spans(content, evidence)
    for kind in content.matrices:
        writer.matrix(kind, spans)
    coverage = content.coverage
    for name, frame in (("themes", coverage.themes), ("targets", coverage.targets)):
        writer.table(say(f"sheet.{name}", content.language), frame.reset_index())
    gaps = pd.DataFrame([gap.to_dict() for gap in content.gaps]).reindex(columns=list(_GAPS))
    if content.robustness is not None:
        firm = [content.firmness("gap", gap.subject) for gap in content.gaps]
        gaps.insert(list(gaps.columns).index("is_gap"), "firmness", firm)
    writer.table(say("sheet.gaps", content.language), gaps)
    for section, name in (("claims", "claims"), ("sides", "sides")):
        found = _table_of(document, section)
        if found is not None:
            writer.text_table(say(f"sheet.{name}", content.language), found)
    writer.table(say("sheet.intervals", content.language), content.drawn.intervals)
    if content.robustness is not None:
        writer.table(say("sheet.robustness", content.language), content.robustness.findings)
    writer.evidence(evidence)
    writer.codebook(document)
    book.close()
    return stream.getvalue()


def _table_of(document: Document, section: str) -> Table | None:
    for part in document.sections:
        if part.id == section:
            return next((block for block in part.blocks if isinstance(block, Table)), None)
    return None


def _gather(content: Content) -> pd.DataFrame | None:
    """The evidence with labels and texts, theme by theme and target by target; rows without either at the end.

    ``None`` where no sheet holds it.
    """
    study, language = content.study, content.language
    frame = collect_evidence(study, content.choices) if content.holds_statements else None
    if frame is None or len(frame) >= MOST_ROWS:
        return None
    if frame.empty:
        return pd.DataFrame(columns=list(_EVIDENCE))
    labels = {code.id: content.label(code) for code in study.codes}
    order = {code.id: place for place, code in enumerate(study.codes)}
    frame = frame[frame["statement"].notna()]
    held = study.statements.iloc[find_rows(frame["statement"], study.statements["id"])]
    frame = frame.astype(object)
    frame = frame.assign(
        theme_label=frame["theme"].map(labels),
        target_label=frame["target"].map(labels),
        text=content.texts(held),
        source=held["source"].astype(object).to_numpy(),
        locator=held["locator"].astype(object).to_numpy(),
        by_theme=frame["theme"].map(order).fillna(len(order)),
        by_target=frame["target"].map(order).fillna(len(order)),
        kind=frame["kind"].map(lambda name: word("statement_kind", name, language), na_action="ignore"),
        voice=frame["voice"].map(lambda name: word("voice", name, language), na_action="ignore"),
    )
    frame = frame.sort_values(["by_theme", "by_target"], kind="stable")
    return frame[list(_EVIDENCE)].reset_index(drop=True)


def _spans(content: Content, evidence: pd.DataFrame | None) -> dict[tuple[str, str], tuple[int, int]]:
    """For each theme and target with evidence, the first and last of its rows, which stand together."""
    if evidence is None:
        return {}
    both = evidence["theme"].notna() & evidence["target"].notna()
    keys = pd.MultiIndex.from_frame(evidence.loc[both, ["theme", "target"]])
    places = np.flatnonzero(both.to_numpy())
    codes, distinct = keys.factorize()
    first = np.full(len(distinct), len(evidence))
    last = np.zeros(len(distinct), dtype=np.int64)
    np.minimum.at(first, codes, places)
    np.maximum.at(last, codes, places)
    return {key: (int(one), int(two)) for key, one, two in zip(distinct, first, last, strict=True)}


class _Writer:
    """Sheets of one workbook, in the order in which they are asked for."""

    def __init__(self, book: Any, content: Content) -> None:
        self.book, self.content, self.language = book, content, content.language
        base = {"font_name": "Calibri", "valign": "top"}
        self.formats = {
            "text": book.add_format({**base, "text_wrap": True}),
            "quoted": book.add_format({**base, "text_wrap": True, "quote_prefix": True}),
            "head": book.add_format({**base, "bold": True, "bottom": 2, "text_wrap": True}),
            "count_head": book.add_format({**base, "bold": True, "bottom": 2, "text_wrap": True, "align": "center"}),
            "title": book.add_format({**base, "bold": True, "font_size": 16}),
            "part": book.add_format({**base, "bold": True, "font_size": 12}),
            "percent": book.add_format({**base, "num_format": "0%"}),
            "number": book.add_format({**base, "num_format": "0.00"}),
            "count": book.add_format({**base, "align": "center", "font_color": "#1B2530"}),
            "zero": book.add_format({**base, "align": "center", "font_color": "#5B6570"}),
            "missing": book.add_format({**base, "pattern": 14, "fg_color": "#C9D1D9", "bg_color": "#FFFFFF"}),
        }
        self.used: set[str] = set()
        self.evidence_name = self.name(say("sheet.evidence", self.language))

    def name(self, wanted: str) -> str:
        """A sheet's name as Excel takes it: 31 characters, none of its signs, none twice."""
        plain = re.sub(r"[\[\]:*?/\\']", " ", for_html(wanted)).strip() or "sheet"
        name, number = plain[:31], 2
        while name.casefold() in self.used:
            ending = f" {number}"
            name, number = plain[: 31 - len(ending)] + ending, number + 1
        self.used.add(name.casefold())
        return name

    def sheet(self, name: str, *, landscape: bool = True) -> Any:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P / &N")
        if landscape:
            sheet.set_landscape()
        return sheet

    def write(self, sheet: Any, row: int, column: int, value: Any, form: str | None = None) -> None:
        """A cell: a number as a number, anything else as text that is never a formula."""
        value = flat(value)
        if value is None:
            return
        if isinstance(value, bool):
            value = say("word.yes" if value else "word.no", self.language)
        if isinstance(value, int | float) and abs(value) < LARGEST_NUMBER:
            kind = form or ("number" if isinstance(value, float) else "text")
            sheet.write_number(row, column, value, self.formats[kind])
            return
        text = clip(for_html(str(value)), MOST_CHARACTERS // 2)
        sheet.write_string(row, column, text, self.formats["quoted" if is_formula(text) else form or "text"])

    def summary(self, document: Document) -> None:
        sheet = self.sheet(self.name(say("sheet.summary", self.language)), landscape=False)
        sheet.set_column(0, 0, 100)
        self.write(sheet, 0, 0, document.title, "title")
        row = 2
        for section in document.sections:
            if section.id not in ("answer", "notices", "method"):
                continue
            self.write(sheet, row, 0, section.title, "part")
            row = self.lines(sheet, row + 1, section) + 1

    def lines(self, sheet: Any, row: int, section: Section) -> int:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                texts: Sequence[str] = [block.text]
            elif isinstance(block, Bullets):
                texts = [*([block.title] if block.title else []), *(item.text for item in block.items)]
            else:
                texts = []
            for text in texts:
                self.write(sheet, row, 0, text)
                lines = -(-len(text) // _LINE)
                if lines > 1:
                    sheet.set_row(row, min(_LINE_HEIGHT * lines, _TALLEST))
                row += 1
        return row

    def matrix(self, kind: str, spans: dict[tuple[str, str], tuple[int, int]]) -> None:
        """A matrix, shaded for evidence; a cell with evidence leads to its rows."""
        content, matrix = self.content, self.content.matrices[kind]
        labels = {code.id: content.label(code) for code in content.study.codes}
        sheet = self.sheet(self.name(word("kind", kind, self.language)))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, len(matrix.values.columns), 9)
        self.write(sheet, 0, 0, content.matrix_title(kind), "part")
        width = max(len(matrix.values.columns), 1)
        sheet.merge_range(1, 0, 1, width, say("report.matrix_legend", self.language), self.formats["text"])
        sheet.set_row(1, 48)
        for column, name in enumerate(matrix.values.columns, start=1):
            self.write(sheet, 2, column, str(name), "count_head")
            if labels[str(name)] != str(name):
                sheet.write_comment(2, column, clip(for_html(labels[str(name)]), 500), {"author": ""})
        self.write(sheet, 2, 0, say("report.theme", self.language), "head")
        links = 0
        marks = matrix.marks()
        states = matrix.states.to_numpy(dtype=object)
        values = matrix.values.to_numpy(dtype=object)
        for place, theme in enumerate(map(str, matrix.values.index)):
            self.write(sheet, place + 3, 0, labels[theme])
            for column, target in enumerate(map(str, matrix.values.columns), start=1):
                state, value = states[place, column - 1], values[place, column - 1]
                if state == NOT_ASSESSED:
                    sheet.write_blank(place + 3, column, None, self.formats["missing"])
                elif state == EVIDENCE:
                    if (theme, target) in spans and links < _MOST_LINKS:
                        first, last = spans[theme, target]
                        where = f"internal:'{self.evidence_name}'!A{first + 2}:P{last + 2}"
                        sheet.write_url(place + 3, column, where, self.formats["count"])
                        links += 1
                    sheet.write_number(place + 3, column, float(value), self.formats["count"])
                elif state == "zero":
                    sheet.write_number(place + 3, column, 0, self.formats["zero"])
                else:
                    sheet.write_string(place + 3, column, marks[place][column - 1], self.formats["zero"])
        last = (len(matrix.values) + 2, len(matrix.values.columns))
        if len(matrix.values) and len(matrix.values.columns):
            scale = {
                "type": "2_color_scale",
                "min_color": "#FFFFFF",
                "max_color": "#62A5CF",
                "min_type": "num",
                "min_value": 0,
            }
            sheet.conditional_format(3, 1, *last, scale)
        sheet.freeze_panes(3, 1)
        sheet.repeat_rows(2)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """A frame as a sheet, its columns by their own names."""
        sheet = self.sheet(self.name(name))
        if not len(frame.columns):
            return
        widths = []
        for column, heading in enumerate(frame.columns):
            self.write(sheet, 0, column, str(heading), "head")
            cells = [flat(value) for value in frame.iloc[:, column]]
            for row, value in enumerate(cells, start=1):
                self.write(sheet, row, column, value)
            longest = max((len(str(value)) for value in cells if value is not None), default=0)
            widths.append(min(_WIDEST, max(10, longest * 0.9, len(str(heading)) + 2)))
        self.fit(sheet, frame, widths)
        self.finish(sheet, len(frame), len(frame.columns))

    def fit(self, sheet: Any, frame: pd.DataFrame, widths: Sequence[float]) -> None:
        """Widths of columns, and heights of rows whose text is wrapped: not every program finds those itself."""
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        lengths = np.column_stack([frame.iloc[:, column].astype(str).str.len() for column in range(len(widths))])
        lines = np.ceil(lengths / (np.array(widths) * 1.05)).max(axis=1, initial=1)
        for row in np.flatnonzero(lines > 1):
            sheet.set_row(int(row) + 1, min(float(lines[row]) * _LINE_HEIGHT, _TALLEST))

    def finish(self, sheet: Any, rows: int, columns: int) -> None:
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        if rows and columns:
            sheet.autofilter(0, 0, rows, columns - 1)

    def text_table(self, name: str, table: Table) -> None:
        frame = pd.DataFrame([list(row) for row in table.rows], dtype=object)
        self.table(name, frame.set_axis(list(table.headings), axis="columns") if len(frame.columns) else frame)

    def evidence(self, frame: pd.DataFrame | None) -> None:
        sheet = self.sheet(self.evidence_name)
        if frame is None:
            self.write(sheet, 0, 0, say("report.too_many", self.language))
            return
        for column, name in enumerate(_EVIDENCE):
            self.write(sheet, 0, column, name, "head")
        for row, cells in enumerate(frame.itertuples(index=False), start=1):
            for column, value in enumerate(cells):
                self.write(sheet, row, column, value)
        self.fit(
            sheet, frame, [_WIDEST if name == "text" else 24 if name.endswith("label") else 14 for name in _EVIDENCE]
        )
        self.finish(sheet, len(frame), len(_EVIDENCE))

    def codebook(self, document: Document) -> None:
        section = next((part for part in document.sections if part.id == "codebook"), None)
        tables = [block for block in section.blocks if isinstance(block, Table)] if section else []
        rows = [[table.caption, *row] for table in tables for row in table.rows]
        headings = [say("report.kind", self.language), *(tables[0].headings if tables else ())]
        self.table(say("sheet.codebook", self.language), pd.DataFrame(rows, columns=headings, dtype=object))
