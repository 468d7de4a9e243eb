"""The workbook, the memo and the figures, read back by other libraries."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree as ET

import docx
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings

import policygap as pg
from policygap.evidence import collect_evidence
from policygap.report import gather_content
from policygap.report.content import Content
from policygap.report.document import Document, Figure
from policygap.report.draw import Drawings, to_inline_svg
from policygap.report.figures import COLOURS
from policygap.report.memo import render_memo
from policygap.report.outline import write_document
from policygap.report.sheets import render_workbook
from policygap.testing import studies

RISKY = (
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "a\x00b\x0bc",
    "[sheet]:*?/\\'" * 4,
    "<r>&amp;",
)


@pytest.fixture(scope="module")
def content(smabystrategi: pg.Study) -> Content:
    return gather_content(smabystrategi, robustness=False)


@pytest.fixture(scope="module")
def document(content: Content) -> Document:
    return write_document(content)


@pytest.fixture(scope="module")
def book(content: Content, document: Document) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(render_workbook(content, document)))


@pytest.fixture(scope="module")
def risky() -> Content:
    many = range(len(RISKY))
    study = pg.build_study(
        meta={"title": RISKY[0]},
        themes=pd.DataFrame({"id": [f"t{n}" for n in many], "label": RISKY}),
        targets=pd.DataFrame({"id": [f"A{n}" for n in many], "kind": RISKY[7], "label": RISKY}),
        groups=pd.DataFrame({"id": [f"g{n}" for n in many], "label": RISKY}),
        statements=pd.DataFrame({"id": [f"x{n}" for n in many], "speaker": [f"g{n}" for n in many], "text": RISKY}),
        codings=pd.DataFrame(
            {"statement": [f"x{n}" for n in many] * 2, "code": [*(f"t{n}" for n in many), *(f"A{n}" for n in many)]}
        ),
    )
    return gather_content(study, robustness=False)


def test_the_matrix_sheet_holds_the_librarys_figures(book: openpyxl.Workbook, smabystrategi: pg.Study) -> None:
    sheet = book["focus area"]
    heads = [cell.value for cell in sheet[3]][1:]
    labels = {code.label: code.id for code in smabystrategi.themes}
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    shown = pd.DataFrame([row[1:] for row in cells], index=[labels[row[0]] for row in cells], columns=heads)
    matrix = pg.gap_matrix(smabystrategi, "theme", "focus_area")
    assert heads == list(matrix.columns)
    assert (shown.astype(int).to_numpy() == matrix.to_numpy(dtype=int)).all()


def test_a_cell_leads_to_its_rows_of_evidence_and_no_others(book: openpyxl.Workbook, smabystrategi: pg.Study) -> None:
    sheet, evidence = book["focus area"], book["Evidence"]
    labels = {code.id: code.label for code in smabystrategi.themes}
    row = next(row for row in sheet.iter_rows(min_row=4) if row[0].value == labels["town-capacity"])
    cell = row[[cell.value for cell in sheet[3]].index("F")]
    first, last = re.fullmatch(r"'Evidence'!A(\d+):P(\d+)", cell.hyperlink.location).groups()
    linked = [[one.value for one in line] for line in evidence.iter_rows(min_row=int(first), max_row=int(last))]
    assert {(line[0], line[2]) for line in linked} == {("town-capacity", "F")}
    frame = collect_evidence(smabystrategi)
    there = frame[(frame["theme"] == "town-capacity") & (frame["target"] == "F")]
    assert sorted(line[4] for line in linked) == sorted(there["statement"])


def test_every_sheet_prints_on_a4_with_its_head_on_every_page(book: openpyxl.Workbook) -> None:
    for sheet in book.worksheets:
        assert str(sheet.page_setup.paperSize) == "9"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0  # as many pages as it takes, one wide
    assert book["Evidence"].auto_filter.ref
    assert book["Evidence"].freeze_panes == "A2"


def test_no_cell_is_a_formula_or_an_outward_link(risky: Content) -> None:
    data = render_workbook(risky, write_document(risky))
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None or cell.hyperlink.target is None
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert not [name for name in parts.namelist() if "externalLink" in name or "vbaProject" in name]
    texts = {cell.value for row in book["Evidence"].iter_rows(min_row=2) for cell in row}
    assert {"+1", "-1", "@SUM(A1)", "<r>&amp;"} <= texts


def test_the_memo_has_headings_captions_and_words_for_those_who_cannot_see(document: Document) -> None:
    drawings = Drawings(document)
    data = render_memo(document, drawings)
    assert data == render_memo(document, drawings)
    memo = docx.Document(io.BytesIO(data))
    heads = [one.text for one in memo.paragraphs if one.style.name == "Heading 1"]
    assert heads == [section.title for section in document.sections]
    paragraphs = [one for one in memo.paragraphs if one.style.name == "Caption"]
    texts = ["".join(part.text for part in one._p.xpath(".//w:t")) for one in paragraphs]
    captions = [text for text in texts if text.startswith("Figure")]
    assert len(captions) == len(memo.inline_shapes) == len(document.figures())
    for number, caption in enumerate(captions, start=1):
        assert caption.startswith(f"Figure {number}. ")
    for shape, figure in zip(memo.inline_shapes, document.figures(), strict=True):
        assert shape._inline.docPr.get("descr") == figure.description
        assert shape.width <= memo.sections[0].page_width - memo.sections[0].left_margin - memo.sections[0].right_margin
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert b'TargetMode="External"' not in b"".join(parts.read(name) for name in parts.namelist())


def test_the_memo_holds_text_that_xml_can_not(risky: Content) -> None:
    document = write_document(risky)
    memo = docx.Document(io.BytesIO(render_memo(document, Drawings(document))))
    text = "\n".join(one.text for one in memo.paragraphs)
    assert "abc" in text or "abc" in " ".join(cell.text for table in memo.tables for cell in table._cells)


def test_every_figure_has_a_table_with_its_values_and_a_sentence(document: Document) -> None:
    assert {figure.id for figure in document.figures()} >= {
        "figure-gaps", "figure-attention-focus_area", "figure-sides", "figure-answers", "figure-prompted",
        "figure-groups-focus_area", "figure-map-focus_area",
    }  # fmt: skip
    for figure in document.figures():
        assert figure.description.endswith(".")
        assert figure.table.rows
        assert {len(row) for row in figure.table.rows} == {len(figure.table.headings)}


def test_the_figure_of_attention_shows_what_was_measured(document: Document, smabystrategi: pg.Study) -> None:
    figure = next(one for one in document.figures() if one.id == "figure-attention-focus_area")
    targets = pg.measure_coverage(smabystrategi).targets
    for value, name in zip(figure.spec["data"]["values"], "ABCDEFG", strict=True):
        assert value["share"] == targets.loc[name, "share"]
        assert value["low"] <= value["share"] <= value["high"]


def test_the_upset_plot_counts_each_theme_once(document: Document, smabystrategi: pg.Study) -> None:
    figure = next(one for one in document.figures() if one.id == "figure-sides")
    for column in (3, 4):
        assert sum(int(row[column] or 0) for row in figure.table.rows) == len(smabystrategi.themes)


def test_a_drawing_in_a_page_takes_the_pages_colours_and_has_a_name(document: Document) -> None:
    figure: Figure = document.figures()[0]
    svg = to_inline_svg(Drawings(document).svg(figure.id), "A <name>", "f")
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert next(iter(root)).text == "A <name>"
    assert "var(--ink)" in svg
    assert not set(re.findall(r"(?:fill|stroke)=\"(#[0-9a-f]{6})\"", svg)) & set(COLOURS.values())
    assert "style=" not in svg


@settings(max_examples=8)
@given(studies())
def test_every_study_has_a_workbook_and_a_memo_in_every_language(made: pg.Study) -> None:
    for language in ("en", "nb"):
        found = gather_content(made, language, robustness=False)
        written = write_document(found)
        book = openpyxl.load_workbook(io.BytesIO(render_workbook(found, written)))
        assert len(book.worksheets) >= len(made.target_kinds) + 5
        memo = docx.Document(io.BytesIO(render_memo(written, Drawings(written))))
        assert [one.text for one in memo.paragraphs if one.style.name == "Heading 1"] == [
            section.title for section in written.sections
        ]


def test_colours_can_be_told_apart_from_the_ground() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for name in ("ink", "quiet", "main", "other"):
        assert (light(COLOURS["ground"]) + 0.05) / (light(COLOURS[name]) + 0.05) >= 4.5
