"""A report's document comes in; a Word memo that an analyst goes on writing goes out. It needs the extra ``report``."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import Any

from ..escaping import clip, for_html
from ..messages import say
from .document import Block, Bullets, Document, Figure, Map, Paragraph, Table
from .draw import Drawings
from .outline import show_cell

__all__ = ["render_memo"]

_CREATED = datetime.datetime(2000, 1, 1)
_STAMP = (2000, 1, 1, 0, 0, 0)
_LONGEST = 2_000  # characters of a cell or caption
_WIDTH_CM, _HEIGHT_CM = 16.0, 22.0
_NARROW, _BROAD = 12, 45  # characters that a column counts for, at least and at most
_LOCALES = {"en": "en-GB", "nb": "nb-NO"}


def render_memo(document: Document, drawings: Drawings) -> bytes:
    """Render the report as a Word document, with headings, captions that Word numbers, and text for screen readers."""
    return _repacked(_Memo(document, drawings).bytes())


def _library() -> Any:
    import docx

    return docx


class _Memo:
    """One Word document in the making."""

    def __init__(self, document: Document, drawings: Drawings) -> None:
        self.docx, self.document, self.language = _library(), document, document.language
        self.drawings, self.numbers = drawings, dict[str, int]()
        self.word = self.docx.Document()
        self.cm = self.docx.shared.Cm
        page = self.word.sections[0]
        page.page_width, page.page_height = self.cm(21.0), self.cm(29.7)
        page.left_margin = page.right_margin = self.cm(2.5)
        page.top_margin = page.bottom_margin = self.cm(2.3)
        for name in ("Normal", "Title", "Heading 1", "Heading 2", "Caption"):
            self.face(self.word.styles[name])
        properties = self.word.core_properties
        properties.title, properties.author, properties.comments = clip(for_html(document.title), 250), "", ""
        properties.created = properties.modified = _CREATED
        properties.revision, properties.last_modified_by = 1, ""
        properties.language = _LOCALES.get(self.language, self.language)
        self._speak(_LOCALES.get(self.language, self.language))

    def face(self, style: Any) -> None:
        """One face for all: the template's headings have another than its text."""
        qn = self.docx.oxml.ns.qn
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for name in list(fonts.attrib):
            del fonts.attrib[name]
        for name in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{name}"), "Calibri")

    def _speak(self, locale: str) -> None:
        """Tell Word which language the text is in, so that it checks the spelling of that one."""
        qn = self.docx.oxml.ns.qn
        run = self.word.styles["Normal"].element.get_or_add_rPr()
        for old in run.findall(qn("w:lang")):
            run.remove(old)
        element = self.docx.oxml.OxmlElement("w:lang")
        element.set(qn("w:val"), locale)
        run.append(element)

    def bytes(self) -> bytes:
        self.word.add_heading(for_html(self.document.title), level=0)
        for section in self.document.sections:
            self.word.add_heading(for_html(section.title), level=1)
            for block in section.blocks:
                self.block(block)
        stream = io.BytesIO()
        self.word.save(stream)
        return stream.getvalue()

    def block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            paragraph = self.word.add_paragraph()
            run = paragraph.add_run(for_html(block.text))
            run.bold, run.italic = block.weight == "lead", block.weight == "note"
        elif isinstance(block, Bullets):
            if block.title:
                self.word.add_heading(for_html(block.title), level=2)
            for item in block.items:
                paragraph = self.word.add_paragraph(for_html(item.text), style="List Bullet")
                if item.detail:
                    paragraph.add_run(f" {for_html(item.detail)}").italic = True
        elif isinstance(block, Figure):
            self.figure(block)
        elif isinstance(block, Map):
            if block.figure is not None:
                self.figure(block.figure)
        else:
            self.table(block)

    def figure(self, figure: Figure) -> None:
        shape = self.word.add_picture(io.BytesIO(self.drawings.png(figure.id)))
        scale = min(self.cm(_WIDTH_CM) / shape.width, self.cm(_HEIGHT_CM) / shape.height, 0.5)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        about = shape._inline.docPr
        about.set("descr", clip(for_html(figure.description), _LONGEST))
        about.set("title", clip(for_html(figure.title), _LONGEST))
        self.word.paragraphs[-1].paragraph_format.keep_with_next = True
        self.caption(say("word_memo.figure", self.language), "Figure", f"{figure.title}. {figure.description}")

    def caption(self, label: str, sequence: str, text: str) -> None:
        """A caption whose number Word counts, so that it stays right when an analyst moves things."""
        paragraph = self.word.add_paragraph(style="Caption")
        paragraph.add_run(f"{label} ")
        self.numbers[sequence] = self.numbers.get(sequence, 0) + 1
        field = self.docx.oxml.OxmlElement("w:fldSimple")
        field.set(self.docx.oxml.ns.qn("w:instr"), f" SEQ {sequence} \\* ARABIC ")
        run = paragraph.add_run(str(self.numbers[sequence]))
        field.append(run._r)
        paragraph._p.append(field)
        paragraph.add_run(f". {clip(for_html(text), _LONGEST)}")

    def table(self, table: Table) -> None:
        self.caption(say("word_memo.table", self.language), "Table", table.caption)
        self.word.paragraphs[-1].paragraph_format.keep_with_next = True
        made = self.word.add_table(rows=1, cols=len(table.headings))
        made.style, made.autofit = "Table Grid", False
        widths = self.widths(table)
        for column, width in zip(made.columns, widths, strict=True):
            column.width = width
        for cell, width, heading in zip(made.rows[0].cells, widths, table.headings, strict=True):
            self.fill(cell, width, heading, bold=True)
        first = made.rows[0]._tr.get_or_add_trPr()
        first.append(self.docx.oxml.OxmlElement("w:tblHeader"))
        for row in table.rows:
            cells = made.add_row().cells
            for place, (cell, width, value) in enumerate(zip(cells, widths, row, strict=True)):
                self.fill(cell, width, show_cell(value, self.language, share=place in table.percent))
        self.word.add_paragraph()

    def widths(self, table: Table) -> list[Any]:
        """For each column the room that its longest text asks for, within limits."""
        columns = zip(table.headings, *table.rows, strict=True)
        longest = [max(len(str(value or "")) for value in column) for column in columns]
        wanted = [min(max(length, _NARROW), _BROAD) for length in longest]
        return [self.cm(_WIDTH_CM * want / sum(wanted)) for want in wanted]

    def fill(self, cell: Any, width: Any, text: str, *, bold: bool = False) -> None:
        cell.width = width
        run = cell.paragraphs[0].add_run(clip(for_html(text), _LONGEST))
        run.bold, run.font.size = bold, self.docx.shared.Pt(8.5)


def _repacked(data: bytes) -> bytes:
    """The same package with one time for all its parts: the library writes the time of writing into each."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.infolist():
            entry = zipfile.ZipInfo(part.filename, date_time=_STAMP)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(entry, old.read(part.filename))
    return stream.getvalue()
