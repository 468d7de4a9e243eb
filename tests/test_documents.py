"""Documents of every kind, whole and broken, come in; their text in order, and a problem each, must go out."""

from __future__ import annotations

import csv
import os
import re
import sys
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import openpyxl
import pypdf
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.documents.blocks import find_blocks, is_question, single_space
from policygap.documents.passages import tidy
from policygap.documents.sentences import split_sentences
from policygap.documents.splitting import SPLITS

LETTER = "Vi ber om bedre buss i distriktene.\n\nDet haster, jf. Meld. St. 5."


# -- making files ------------------------------------------------------------------------------------------------------


def write_pdf(path: Path, pages: list[list[str]], *, size: int = 12) -> Path:
    """A PDF by hand: a line of text is a string, an empty one a gap."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    font = len(pages) * 2 + 3
    kids: list[str] = []
    for lines in pages:
        drawn = "".join(f"({line}) Tj T*\n" if line else "T*\n" for line in lines)
        stream = f"BT /F1 {size} Tf 14 TL 50 780 Td\n{drawn}ET".encode("cp1252")
        kids.append(f"{len(objects) + 1} 0 R")
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects) + 2} 0 R"
        objects.append(f"{page} /Resources << /Font << /F1 {font} 0 R >> >> >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count, start = len(objects) + 1, len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    path.write_bytes(data)
    return path


def write_docx(path: Path) -> Path:
    document = docx.Document()
    document.core_properties.title = "Svar fra Måsøy"
    document.sections[0].header.paragraphs[0].text = "Topptekst"
    document.add_heading("Hva bør staten gjøre?", level=1)
    document.add_paragraph("Staten bør bygge vei.")
    document.add_paragraph("buss", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("Tiltak", "Pris", "Vei", "5 mill. kr")):
        table.cell(place // 2, place % 2).text = text
    document.add_paragraph("Etter tabellen.")
    document.save(str(path))
    return path


def write_xlsx(path: Path, rows: list[list[object]], *, title: str = "Svar") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def write_eml(path: Path, *, plain: str | None = LETTER, html: str | None = None, attached: bool = False) -> Path:
    message = EmailMessage()
    message["Subject"] = "Høringssvar fra Måsøy"
    message["From"] = "ordfører@masoy.example"
    if plain is not None:
        message.set_content(plain, charset="iso-8859-1")
    if html is not None:
        (message.add_alternative if plain is not None else message.set_content)(html, subtype="html")
    if attached:
        message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="vedlegg.pdf")
    path.write_bytes(message.as_bytes())
    return path


def texts(documents: pg.Documents) -> list[str]:
    return documents.texts["text"].tolist()


def kinds(documents: pg.Documents) -> list[str]:
    return [notice.kind for notice in documents.notices]


# -- every kind --------------------------------------------------------------------------------------------------------


def test_text_is_read_by_paragraph_with_wrapped_lines_joined(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Vi ber om\r\nbedre buss.\r\n\r\n- vei\r\n- bane\r\n", encoding="utf-8", newline="")
    documents = pg.read_documents(tmp_path)
    assert documents.texts[["locator", "text", "block"]].values.tolist() == [
        ["¶ 1", "Vi ber om bedre buss.", "paragraph"],
        ["¶ 2", "- vei", "bullet"],
        ["¶ 3", "- bane", "bullet"],
    ]
    assert documents.problems == documents.notices == ()


def test_text_with_a_blank_line_after_every_line_is_put_together(tmp_path: Path) -> None:
    lines = [
        "Dette er en linje som er full og går over i",
        "den neste linjen, som også er ganske full, og",
        "slutter her.",
    ]
    (tmp_path / "a.txt").write_text("\n\n".join(lines * 10), encoding="utf-8")
    assert texts(pg.read_documents(tmp_path)) == [" ".join(lines)] * 10


def test_numbered_sections_are_headings_and_end_what_stands_under_a_question(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(
        "1. Hva bør gjøres?\n\nVei, se\n2.1 Mål.\n\n2.1 Metode\nVi spurte mange.\n\n2.5 millioner er for mye",
        encoding="utf-8",
    )
    write_pdf(tmp_path / "b.pdf", [["2.1.3 Metode", "Vi spurte mange hva de mente, og", "fikk mange svar på det."]])
    documents = pg.read_documents(tmp_path)
    assert documents.texts[["block", "level"]].values.tolist() == [
        ["paragraph", 0], ["paragraph", 0], ["heading", 2], ["paragraph", 0], ["paragraph", 0],
        ["heading", 3], ["paragraph", 0],
    ]  # fmt: skip
    assert documents.statements("question")["text"].tolist()[1:3] == [
        "Vei, se 2.1 Mål.",
        "2.1 Metode\n\nVi spurte mange.\n\n2.5 millioner er for mye",
    ]


def test_markdown_has_headings_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Svar\n====\n\nTekst.\n\n## Del 2\nMer.", encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert documents.texts["block"].tolist() == ["heading", "paragraph", "heading", "paragraph"]
    assert documents.texts["level"].tolist() == [1, 0, 2, 0]
    assert documents.sources["title"].tolist() == ["Svar"]


def test_html_is_read_as_a_reader_sees_it(tmp_path: Path) -> None:
    page = (
        "<html><head><meta charset='iso-8859-1'><title>Svar &amp; syn</title><style>p{}</style></head><body>"
        "<nav>Meny</nav><h2>Spørsmål 1</h2><p>Vi   ber <b>om</b>\n buss.<br>Nå.</p><script>x()</script>"
        "<!-- skjult --><ul><li>vei</li><li>bane</li></ul><table><tr><td>a</td><td>b</td></tr></table>"
        "L&oslash;st</body></html>"
    )
    (tmp_path / "a.html").write_bytes(page.encode("iso-8859-1"))
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Spørsmål 1", "Vi ber om buss.\nNå.", "vei", "bane", "a", "b", "Løst"]
    assert documents.texts["block"].tolist()[:4] == ["heading", "paragraph", "bullet", "bullet"]
    assert documents.sources["title"].tolist() == ["Svar & syn"]


def test_word_is_read_in_the_order_of_its_body_without_headers(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx")
    documents = pg.read_documents(tmp_path)
    assert documents.texts[["locator", "text", "block"]].values.tolist() == [
        ["¶ 1", "Hva bør staten gjøre?", "heading"],
        ["¶ 2", "Staten bør bygge vei.", "paragraph"],
        ["¶ 3", "buss", "bullet"],
        ["table 1 row 1", "Tiltak", "paragraph"],
        ["table 1 row 1", "Pris", "paragraph"],
        ["table 1 row 2", "Vei", "paragraph"],
        ["table 1 row 2", "5 mill. kr", "paragraph"],
        ["¶ 4", "Etter tabellen.", "paragraph"],
    ]
    assert documents.sources["title"].tolist() == ["Svar fra Måsøy"]


def test_word_is_read_as_if_all_changes_had_been_accepted(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Vi vil ")
    for tag, text_tag, text in (("w:del", "w:delText", "ikke "), ("w:ins", "w:t", "gjerne ")):
        change, run, words = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(text_tag)
        words.text = text
        words.set(qn("xml:space"), "preserve")
        run.append(words)
        change.append(run)
        paragraph._p.append(change)
    paragraph.add_run("ha vei.")
    document.save(str(tmp_path / "a.docx"))
    assert texts(pg.read_documents(tmp_path)) == ["Vi vil gjerne ha vei."]


def test_word_forms_are_read_through_their_content_controls(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Spørsmål 1")
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    control.append(content)
    answer = document.add_paragraph("Svaret.")
    answer._p.addprevious(control)
    content.append(answer._p)
    document.save(str(tmp_path / "a.docx"))
    assert texts(pg.read_documents(tmp_path)) == ["Spørsmål 1", "Svaret."]


def test_pdf_pages_are_locators_and_lines_are_joined_to_paragraphs(tmp_path: Path) -> None:
    first = [
        "Kommunen viser til brevet om småbyer og ber om at staten",
        "flytter flere arbeidsplasser ut, og at distriktskommunefor-",
        "valtningen styrkes. Det haster.",
        "Vi ber om:",
        "• buss",
        "• bane",
        "",
        "Med hilsen",
    ]
    write_pdf(tmp_path / "a.pdf", [first, ["Side to."]])
    documents = pg.read_documents(tmp_path)
    assert documents.texts[["locator", "text", "block"]].values.tolist() == [
        [
            "p. 1 ¶ 1",
            "Kommunen viser til brevet om småbyer og ber om at staten flytter flere arbeidsplasser ut, og at "
            "distriktskommunefor-\nvaltningen styrkes. Det haster.",
            "paragraph",
        ],
        ["p. 1 ¶ 2", "Vi ber om:", "paragraph"],
        ["p. 1 ¶ 3", "• buss", "bullet"],
        ["p. 1 ¶ 4", "• bane", "bullet"],
        ["p. 1 ¶ 5", "Med hilsen", "paragraph"],
        ["p. 2 ¶ 1", "Side to.", "paragraph"],
    ]


def test_a_pdf_page_without_text_is_probably_a_scan_and_said_so(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [["Tekst."], [], ["Mer."], []])
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Tekst.", "Mer."]
    assert [notice.kind for notice in documents.notices] == ["document_scan"]
    assert "2, 4" in str(documents.notices[0])
    assert "OCR" in documents.notices[0].sentence("nb")


def test_pages_that_can_not_be_read_are_one_problem_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pdf(tmp_path / "a.pdf", [["Tekst."], ["Bombe."], ["Mer."], ["Bombe."]])
    extract = pypdf.PageObject.extract_text

    def refuse(page: pypdf.PageObject, **options: object) -> str:
        if b"Bombe" in page["/Contents"].get_object().get_data():
            raise pypdf.errors.LimitReachedError("far too much")
        return extract(page, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pypdf.PageObject, "extract_text", refuse)
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Tekst.", "Mer."]
    (problem,) = documents.problems
    assert problem.what == "2 of 4 pages can't be read: 2, 4 (LimitReachedError: far too much)"


def test_mail_prefers_plain_text_keeps_quoted_replies_and_lists_attachments(tmp_path: Path) -> None:
    write_eml(tmp_path / "a.eml", plain="Vårt svar.\n\n> Hva mener dere?", html="<p>Annet</p>", attached=True)
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Vårt svar.", "> Hva mener dere?"]
    assert documents.sources["title"].tolist() == ["Høringssvar fra Måsøy"]
    assert kinds(documents) == ["document_attachments"]
    assert "vedlegg.pdf" in str(documents.notices[0])


def test_a_subject_of_any_length_is_cut_and_any_charset_is_read(tmp_path: Path) -> None:
    head = b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\nContent-Type: text/plain; charset=klingon\n\n"
    (tmp_path / "a.eml").write_bytes(head + "Blåbær.".encode())
    assert texts(pg.read_documents(tmp_path)) == ["Blåbær."]


def test_mail_without_plain_text_is_read_from_its_html(tmp_path: Path) -> None:
    write_eml(tmp_path / "a.eml", plain=None, html="<h1>Svar</h1><p>Bl&aring;bær</p>")
    assert texts(pg.read_documents(tmp_path)) == ["Svar", "Blåbær"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_each_row_of_a_csv_is_an_answer_by_somebody_else(tmp_path: Path, separator: str) -> None:
    rows = [
        ["id", "svar"],
        ["1", '"Vi vil ha vei og\nbane, takk; nå"'],
        ["2", "Vi er fornøyd med det meste"],
        ["3", ""],
    ]
    (tmp_path / "a.csv").write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert documents.texts[["speaker", "locator", "text", "row"]].values.tolist() == [
        ["a.csv#2", "row 2", "Vi vil ha vei og bane, takk; nå", 2],
        ["a.csv#3", "row 3", "Vi er fornøyd med det meste", 3],
    ]


def test_the_columns_of_tables_can_be_named(tmp_path: Path) -> None:
    rows: list[list[object]] = [["hvem", "q1", "q2"], ["Måsøy", "Ja takk", "Vei"], ["Vardø", None, 7]]
    write_xlsx(tmp_path / "a.xlsx", rows)
    documents = pg.read_documents(tmp_path, text_column=["q1", "q2"], speaker_column="hvem")
    assert documents.texts[["speaker", "locator", "text"]].values.tolist() == [
        ["Måsøy", "row 2 q1", "Ja takk"],
        ["Måsøy", "row 2 q2", "Vei"],
        ["Vardø", "row 3 q2", "7"],
    ]
    assert documents.actors("kommuner")["label"].tolist() == ["Måsøy", "Vardø"]


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (None, "several columns look like text: a, b"),
        ("c", "there is no column 'c'"),
    ],
)
def test_a_column_that_can_not_be_told_is_one_problem_that_names_the_columns(
    tmp_path: Path, column: str | None, what: str
) -> None:
    (tmp_path / "a.csv").write_text("a,b\nen to tre fire,fem seks sju åtte\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text(LETTER, encoding="utf-8")
    documents = pg.read_documents(tmp_path, text_column=column)
    assert documents.sources["id"].tolist() == ["b.txt"]
    (problem,) = documents.problems
    assert (problem.file, what in problem.what, "the columns are a, b" in problem.fix) == ("a.csv", True, True)


@pytest.mark.parametrize("row", ["1,Ja,Nei", "1,en to tre fire,fem seks sju åtte"])
def test_a_column_called_text_is_the_one_where_looks_do_not_tell(tmp_path: Path, row: str) -> None:
    (tmp_path / "a.csv").write_text(f"id,Text,place\n{row}\n", encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert not documents.problems
    assert documents.texts["text"].tolist() == [row.split(",")[1]]


def test_numbers_alone_do_not_look_like_text(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", [["id", "n"], [1, 2]])
    (problem,) = pg.read_documents(tmp_path).problems
    assert "no column looks like text" in problem.what


def test_sheets_without_text_are_left_out_and_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["svar"])
    book.active.append(["Vi vil gjerne ha en vei"])
    for row in (["a", "b"], [1, 2]):
        book.create_sheet("Tall").append(row) if "Tall" not in book.sheetnames else book["Tall"].append(row)
    book.save(tmp_path / "a.xlsx")
    documents = pg.read_documents(tmp_path)
    assert documents.texts["locator"].tolist() == ["Sheet row 2"]
    assert kinds(documents) == ["document_sheets"]


# -- folders -----------------------------------------------------------------------------------------------------------


def test_files_are_read_in_the_order_of_their_names_with_those_of_sub_folders(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "c/d/e.txt", "å.txt", ".skjult.txt", "~$a.docx", ".git/x.txt", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert documents.sources["id"].tolist() == ["a/z.txt", "b.txt", "c/d/e.txt", "å.txt"]
    assert documents.problems == ()


def test_a_single_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LETTER, encoding="utf-8")
    assert pg.read_documents(tmp_path / "a.txt").sources["id"].tolist() == ["a.txt"]


@pytest.mark.parametrize("name", ["nowhere", "nul\x00byte"])
def test_a_path_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(pg.UsageError, match=r"no such folder|can't be read"):
        pg.read_documents(tmp_path / name)


def test_an_empty_folder_has_no_documents_and_its_frames_have_all_columns(tmp_path: Path) -> None:
    documents = pg.read_documents(tmp_path)
    assert documents.sources.empty
    for split in SPLITS:
        assert list(documents.statements(split).columns) == [
            "id", "speaker", "text", "source", "locator", "heading", "block"
        ]  # fmt: skip
    assert documents.actors("g").empty


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.txt").write_text("Hemmelig.", encoding="utf-8")
    (inside / "a.txt").write_text("Åpent.", encoding="utf-8")
    (inside / "b.txt").symlink_to(outside / "secret.txt")
    (inside / "c").symlink_to(outside)
    (inside / "d").symlink_to(inside)
    (inside / "e.txt").symlink_to(inside / "gone.txt")
    (inside / "f.txt").symlink_to(inside / "a.txt")
    documents = pg.read_documents(inside)
    assert texts(documents) == ["Åpent."]
    assert [problem.file for problem in documents.problems] == ["b.txt", "c", "e.txt"]


# -- bad files ---------------------------------------------------------------------------------------------------------


def entity_bomb(path: Path) -> None:
    write_docx(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    body = re.sub(rb"<\?xml[^>]*>", b"", members["word/document.xml"])
    members["word/document.xml"] = bomb + body.replace(b"bygge vei", b"&b;")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def zip_bomb(path: Path) -> None:
    write_docx(path) if path.suffix == ".docx" else write_xlsx(path, [["svar"], ["en to tre fire"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("media/zeros.xml", bytes(30_000_000))


def open_document_bomb(path: Path) -> None:
    """What says of itself what it is takes all the memory there is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("mimetype", "w") as member:
        for _ in range(200):
            member.write(bytes(1_000_000))


def lying_zip_bomb(path: Path) -> None:
    """The size that the directory states is a lie."""
    zip_bomb(path)
    data = path.read_bytes()
    path.write_bytes(data.replace((30_000_000).to_bytes(4, "little"), (3_000).to_bytes(4, "little")))


def truncate(make: Callable[[Path], object], share: float = 0.6) -> Callable[[Path], None]:
    def made(path: Path) -> None:
        make(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return made


def encrypt(path: Path) -> None:
    write_pdf(path, [["Hemmelig."]])
    writer = pypdf.PdfWriter(clone_from=path)
    writer.encrypt("passord", algorithm="RC4-128")
    with path.open("wb") as stream:
        writer.write(stream)


def nested(path: Path) -> None:
    path.write_text("<div>" * 1_000_000 + "bunn", encoding="utf-8")


OLE = bytes.fromhex("D0CF11E0A1B11AE1")

BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut off docx": ("x.docx", truncate(write_docx), "damaged"),
    "cut off xlsx": ("x.xlsx", truncate(lambda path: write_xlsx(path, [["svar"], ["en to tre fire"]])), "damaged"),
    "cut off pdf": ("x.pdf", lambda path: path.write_bytes(b"%PDF-1.7\n1 0 obj\n<<"), "damaged"),
    "encrypted docx": (
        "x.docx",
        lambda p: p.write_bytes(OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")),
        "password",
    ),
    "encrypted pdf": ("x.pdf", encrypt, "password"),
    "old doc": ("x.doc", lambda path: path.write_bytes(OLE + b"\0" * 600), "old Office format"),
    "zip bomb docx": ("x.docx", zip_bomb, "more than the 20 MB that are read"),
    "zip bomb xlsx": ("x.xlsx", zip_bomb, "more than the 20 MB that are read"),
    "open document bomb": ("x.odt", open_document_bomb, "zip file"),
    "lying zip bomb": ("x.docx", lying_zip_bomb, "damaged"),
    "entity bomb": ("x.docx", entity_bomb, "XML that Office never writes"),
    "text named docx": ("x.docx", lambda path: path.write_text("Hei."), "no .docx file"),
    "other zip": ("x.docx", lambda path: zipfile.ZipFile(path, "w").close(), "zip file"),
    "empty": ("x.txt", lambda path: path.touch(), "empty"),
    "empty pdf": ("x.pdf", lambda path: path.touch(), "empty"),
    "huge": ("x.txt", lambda path: os.truncate(path, 20_000_001), "more than the 20 MB"),
    "binary": ("x.txt", lambda path: path.write_bytes(bytes(range(256)) * 2 + bytes(100)), "NUL"),
    "picture": ("x.pdf", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50)), "picture"),
    "rtf": ("x.txt", lambda path: path.write_bytes(b"{\\rtf1 hei}"), "RTF"),
    "unknown": ("x.xyz", lambda path: path.write_text("hei"), "'.xyz' files are not read"),
    "nested html": ("x.html", nested, "nested 1,000,000 deep"),
    "nested mail": (
        "x.eml",
        lambda p: p.write_bytes(b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 20_000),
        "parts",
    ),
    "long mail header": ("x.eml", lambda p: p.write_bytes(b"Content-Type: text/plain" + b"; a=b" * 10**6), "headers"),
    "pipe": ("x.txt", lambda path: (path.unlink(), os.mkfifo(path)), "no ordinary file"),
    "header alone": ("x.csv", lambda path: path.write_text("a,b\n"), "no rows"),
    "spreadsheet without rows": ("x.xlsx", lambda path: write_xlsx(path, []), "no rows"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_problem_and_the_rest_is_read(tmp_path: Path, case: str) -> None:
    name, make, what = BAD[case]
    (tmp_path / name).touch()
    make(tmp_path / name)
    (tmp_path / "a.txt").write_text("Først.", encoding="utf-8")
    (tmp_path / "z.txt").write_text("Sist.", encoding="utf-8")
    documents = pg.read_documents(tmp_path, largest=20_000_000)
    assert texts(documents) == ["Først.", "Sist."]
    (problem,) = documents.problems
    assert problem.file == name
    assert what in problem.what
    assert problem.fix


def test_a_file_that_may_not_be_read_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("Først.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Lukket.", encoding="utf-8")
    opened = Path.open

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "b.txt":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", refuse)
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Først."]
    assert [problem.what for problem in documents.problems] == ["it can't be read: permission denied"]


@pytest.mark.parametrize("name", ["x.docx", "x.txt", "x.doc", "x"])
def test_a_file_is_read_as_what_it_is_whatever_its_name(tmp_path: Path, name: str) -> None:
    write_pdf(tmp_path / name, [["Tekst."]])
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Tekst."]
    assert kinds(documents) == ["document_misnamed"]


def test_html_under_the_name_of_a_word_document_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.docx").write_text("<!-- x --><!DOCTYPE html><p>Tekst.</p>", encoding="utf-8")
    assert texts(pg.read_documents(tmp_path)) == ["Tekst."]


def test_a_pdf_encrypted_without_a_password_is_read(tmp_path: Path) -> None:
    write_pdf(tmp_path / "x.pdf", [["Tekst."]])
    writer = pypdf.PdfWriter(clone_from=tmp_path / "x.pdf")
    writer.encrypt("", owner_password="eier", algorithm="RC4-128")
    with (tmp_path / "x.pdf").open("wb") as stream:
        writer.write(stream)
    assert texts(pg.read_documents(tmp_path)) == ["Tekst."]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "utf-16", "utf-16-le"])
def test_text_in_another_encoding_is_read_right(tmp_path: Path, codec: str) -> None:
    text = "Blåbær på Måsøy – «ja», sa hun, og så øvde de på å si æ, ø og å."
    (tmp_path / "x.txt").write_bytes(text.encode(codec))
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == [text]
    assert kinds(documents) == (["document_encoding"] if codec in ("cp1252", "mac_roman") else [])


def test_a_few_nul_bytes_and_control_characters_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"Hei\x07 p\xc3\xa5 deg.\x00 " + b"Mer tekst. " * 20)
    documents = pg.read_documents(tmp_path)
    assert texts(documents)[0].startswith("Hei på deg. Mer tekst.")
    assert kinds(documents) == ["document_nul"]


def test_an_open_quote_in_a_csv_is_one_problem_and_the_rows_before_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('svar\nVi vil ha vei\n"Og så var det', encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Vi vil ha vei"]
    assert [(problem.row, "never closed" in problem.what) for problem in documents.problems] == [(3, True)]


def test_a_document_without_text_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<html><script>x</script></html>", encoding="utf-8")
    assert kinds(pg.read_documents(tmp_path)) == ["document_blank"]


@given(
    data=st.binary(max_size=300), name=st.sampled_from(["x.txt", "x.md", "x.html", "x.eml", "x.csv", "x.pdf", "x.docx"])
)
def test_any_bytes_are_read_or_are_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(data)
    documents = pg.read_documents(folder)
    assert len(documents.sources) + sum(problem.file == name for problem in documents.problems) >= 1
    for split in SPLITS:
        assert documents.statements(split)["text"].str.strip().ne("").all()


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(pg.UsageError, match="largest: -1 is under 0"):
        pg.read_documents(tmp_path, largest=-1)
    with pytest.raises(pg.UsageError, match=r"text_column: .* names no column"):
        pg.read_documents(tmp_path, text_column=["a", " "])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(pg.UsageError, match="neither a folder nor a file"):
        pg.read_documents(tmp_path / "pipe")


def test_a_folder_that_may_not_be_read_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.txt").write_text("Åpent.", encoding="utf-8")
    listed = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Åpent."]
    assert [str(problem) for problem in documents.problems] == [
        "closed: the folder can't be read: permission denied; check that you may read it"
    ]


def test_names_that_differ_only_by_what_an_id_can_not_hold_stay_apart(tmp_path: Path) -> None:
    for name in ("a;b.txt", "a_b.txt", "c\udce5.txt"):
        (tmp_path / name).write_text("Tekst.", encoding="utf-8")
    assert pg.read_documents(tmp_path).sources["id"].tolist() == ["a_b.txt", "a_b.txt~", "c?.txt"]


def test_rows_with_more_cells_than_the_header_are_one_problem_and_read_as_far_as_they_can(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,svar\n1,Vi vil ha vei,nå\n2,Vi vil ha en bane,og,mer\n3\n", encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Vi vil ha vei", "Vi vil ha en bane"]
    assert [(problem.row, problem.what[:5]) for problem in documents.problems] == [(2, "2 of ")]


def test_the_line_in_which_excel_names_the_separator_is_no_header(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"sep=;\r\nid;svar\r\n1;Vi vil, ha vei\r\n")
    assert texts(pg.read_documents(tmp_path)) == ["Vi vil, ha vei"]


def test_text_boxes_are_read_once_and_after_their_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    run = document.add_paragraph("Avsnitt.").runs[0]._r
    names = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    alternate = run.makeelement(f"{{{names}}}AlternateContent", nsmap={"mc": names})
    for name in ("Choice", "Fallback"):
        box, paragraph, part, words = (OxmlElement(tag) for tag in ("w:txbxContent", "w:p", "w:r", "w:t"))
        words.text = "I boksen."
        part.append(words)
        paragraph.append(part)
        box.append(paragraph)
        choice = alternate.makeelement(f"{{{names}}}{name}")
        choice.append(box)
        alternate.append(choice)
    run.append(alternate)
    document.save(str(tmp_path / "a.docx"))
    assert texts(pg.read_documents(tmp_path)) == ["Avsnitt.", "I boksen."]


# -- splitting ---------------------------------------------------------------------------------------------------------

LINES = st.text(st.sampled_from("aB 1.?!:-•#=«»()é\u00ad\t\n") | st.characters(exclude_categories=("Cs",)), max_size=60)
CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")  # NUL makes a file no text
WORDS = st.sampled_from(
    [
        "Vi",
        "ber",
        "om",
        "vei.",
        "f.eks.",
        "jf.",
        "nr.",
        "3.",
        "Spørsmål 1:",
        "Hva?",
        "- buss",
        "2.",
        "Mr.",
        "e.g.",
        "osv.",
    ]
)
PROSE = st.lists(st.tuples(WORDS, st.sampled_from([" ", "\n", "\n\n"])), max_size=40).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


def bare(text: str) -> str:
    return "".join(text.split())


@given(LINES | PROSE)
def test_blocks_lose_no_text(text: str) -> None:
    for markdown in (False, True):
        assert bare("".join(block.text for block in find_blocks(tidy(text), markdown=markdown))) == bare(tidy(text))


@given(LINES | PROSE)
def test_text_put_together_loses_no_text(text: str) -> None:
    assert bare(single_space(tidy("\n\n".join([text] * 30)))) == bare(tidy(text) * 30)


@given(LINES | PROSE, st.sampled_from(["nb", "nn", "en", "xx"]))
def test_sentences_lose_no_text(text: str, language: str) -> None:
    assert bare("".join(split_sentences(text, language))) == bare(text)


@given(texts=st.lists(PROSE, min_size=1, max_size=4), split=st.sampled_from(SPLITS))
def test_statements_lose_no_text_and_ids_are_unique_and_stable(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], split: str
) -> None:
    folder = tmp_path_factory.mktemp("split")
    for number, text in enumerate(texts):
        (folder / f"{number}.md").write_text(f"x {text}", encoding="utf-8")
    documents = pg.read_documents(folder)
    statements = documents.statements(split)
    for number, text in enumerate(texts):
        said = statements.loc[statements["source"] == f"{number}.md", "text"]
        assert bare("".join(said)) == bare(f"x {text}")
    assert statements["id"].is_unique
    assert documents.statements(split).equals(statements)
    alone = pg.read_documents(folder / "0.md").statements(split)
    assert alone.equals(statements[statements["source"] == "0.md"].reset_index(drop=True))


def test_each_way_to_split_cuts_where_it_says(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Svar\n\n## Spørsmål 1: Hva?\n\nVi ber om:\n- vei\n- bane. Nå.\n\nMer."
        "\n\n### Detaljer\n\nSmått.\n\n## Vedlegg\n\nTall.",
        encoding="utf-8",
    )
    documents = pg.read_documents(tmp_path)

    def split(how: str) -> list[str]:
        return documents.statements(how)["text"].tolist()

    assert len(split("document")) == 1
    assert split("paragraph")[:4] == ["# Svar", "## Spørsmål 1: Hva?", "Vi ber om:\n- vei\n- bane. Nå.", "Mer."]
    assert split("bullet")[2:5] == ["Vi ber om:", "- vei", "- bane. Nå."]
    assert split("sentence")[2:7] == ["Vi ber om:", "- vei", "- bane.", "Nå.", "Mer."]
    assert documents.statements("question")[["text", "heading"]].fillna("").values.tolist() == [
        ["# Svar", ""],
        ["## Spørsmål 1: Hva?", ""],
        ["Vi ber om:\n\n- vei\n\n- bane. Nå.\n\nMer.\n\n### Detaljer\n\nSmått.", "## Spørsmål 1: Hva?"],
        ["## Vedlegg\n\nTall.", ""],
    ]


def test_a_way_to_split_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pg.UsageError, match="did you mean 'sentence'"):
        pg.read_documents(tmp_path).statements("sentences")


SENTENCES = {
    "nb": [
        "Vi ber om f.eks. tiltak i distriktene. | Det gjelder bl.a. Nordland fylke, jf. NOU 2020: 12 nr. 3. | Takk.",
        "Møtet er 3. mai 2024 kl. 12.00. | Dr. Hansen m.fl. deltar. | Se kap. 4 s. 12.",
        "Etter § 3 nr. 2 skal ca. 50 pst. av midlene gå dit. | Hva mener dere? | Bra! | Ja.",
        "Vi viser til Meld. St. 5 (2019–2020). | Prop. 1 S er omtalt. | Vi har 1. prioritet osv. | Det er bra.",
        "Dvs. at vi må ha mer. | Mht. vei er det verre. | Ev. tiltak vil komme. | Inkl. mva. er det dyrt.",
        "St.meld. nr. 12 og evt. andre. | P.g.a. dette o.l. må vi. | Ifm. møtet f.o.m. 1. januar.",
        "«Dette er viktig.» | Det sa ordføreren. | Bussen er tom. | Vi vil ha flere.",
        "det er bra. | vi vil ha mer.",
    ],
    "nn": ["Vi ber om t.d. meir buss. | Jf. nr. 3 og m.a. Meld. St. 12. | Takk."],
    "en": [
        "Mr. Smith asked, e.g. for roads. | Dr. Jones agreed, i.e. he nodded. | See p. 4 and fig. 2 for more.",
        "The U.S. Government and Ltd. companies met at 5 p.m. on Jan. 3. | They left. | See Sec. 3 vs. No. 4.",
        "The cost is approx. $3.5 million. | St. Mary's Rd. is closed.",
    ],
}


@pytest.mark.parametrize(
    ("language", "marked"), [(name, text) for name, marked in SENTENCES.items() for text in marked]
)
def test_sentences_end_where_a_reader_says(language: str, marked: str) -> None:
    assert split_sentences(marked.replace(" | ", " "), language) == marked.split(" | ")


@pytest.mark.parametrize(
    ("text", "heading", "asks"),
    [
        ("Spørsmål 3", False, True),
        ("Question 3: Which?", False, True),
        ("3. Hva bør staten gjøre?", False, True),
        ("Hvorfor ikke?", False, False),
        ("Hvorfor ikke?", True, True),
        ("Spørsmål 3 handler om noe helt annet enn det vi tok opp.", False, False),
        ("Et avsnitt.", True, False),
    ],
)
def test_a_question_is_told_by_its_look(text: str, heading: bool, asks: bool) -> None:
    assert is_question(text, heading=heading) is asks


# -- studies -----------------------------------------------------------------------------------------------------------


@given(
    texts=st.lists(st.text(CHARACTERS, max_size=40), min_size=1, max_size=4),
    speaker=st.text(CHARACTERS, max_size=8),
    split=st.sampled_from(SPLITS),
)
@settings(max_examples=30)  # each writes and reads a study twice
def test_any_text_comes_back_from_a_study_as_it_was_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], speaker: str, split: str
) -> None:
    folder = tmp_path_factory.mktemp("study")
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["who", "text"], *([speaker, f"x {text}"] for text in texts)])
    documents = pg.read_documents(folder, text_column="text", speaker_column="who")
    statements = documents.statements(split)
    study = pg.build_study(
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        groups=[{"id": "everybody there is", "label": "All"}],
        actors=documents.actors("everybody there is"),
        sources=documents.sources,
        statements=statements,
        codings=[{"statement": statements["id"][0], "code": "t", "coder": "k"}],
    )
    for name in ("again", "again.xlsx"):
        study.write(folder / name)
        again = pg.read_study(folder / name).statements
        assert again["text"].tolist() == statements["text"].tolist()
        assert again["speaker"].tolist() == statements["speaker"].tolist()


def test_a_table_of_one_column_needs_no_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('svar\nVi vil ha vei, buss; og bane\n"Og ""ferje"", takk"\n', encoding="utf-8")
    documents = pg.read_documents(tmp_path)
    assert texts(documents) == ["Vi vil ha vei, buss; og bane", 'Og "ferje", takk']
    assert documents.problems == ()


def test_a_study_starts_from_documents(tmp_path: Path) -> None:
    (tmp_path / "a; b.txt").write_text(LETTER, encoding="utf-8")
    write_xlsx(tmp_path / "b.xlsx", [["svar"], ["Vi vil gjerne ha vei"], ["Og vi vil ha bane"]])
    documents = pg.read_documents(tmp_path)
    statements = documents.statements()
    study = pg.build_study(
        themes=[{"id": "buss", "label": "Buss"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        groups=[{"id": "alle", "label": "Alle"}],
        actors=documents.actors("alle"),
        sources=documents.sources,
        statements=statements,
        codings=[{"statement": statements["id"][0], "code": "buss", "coder": "k"}],
    )
    study.write(tmp_path / "study")
    again = pg.read_study(tmp_path / "study")
    assert again.statements["text"].tolist() == statements["text"].tolist()
    assert again.sources[0].extra["format"] == "txt"


@pytest.mark.parametrize("library", ["docx", "openpyxl", "pypdf", "selectolax", "sentencex"])
def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(pg.UsageError, match=rf"extra documents \({library} is missing\)"):
        pg.read_documents(tmp_path)
