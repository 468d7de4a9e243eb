"""Projects with the habits of NVivo, MAXQDA, ATLAS.ti, QualCoder and Quirkos come in; nothing is lost in silence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.io.limits import Limits
from policygap.io.qda.project import Selection
from policygap.io.qda.speakers import find_innermost
from policygap.io.reading import read_package

SPACE = 'xmlns="urn:QDA-XML:project:1.0"'
CODES = (
    '<CodeBook><Codes><Code guid="c1" name="Needs" isCodable="true"><Code guid="c2" name="Homes" isCodable="true"/>'
    '</Code><Code guid="c3" name="Focus areas" isCodable="false"><Code guid="c4" name="Building" isCodable="true"/>'
    "</Code></Codes></CodeBook>"
)
USERS = '<Users><User guid="u1" name="Ann"/><User guid="u2" name="Bo"/></Users>'


def write(folder: Path, xml: str, members: Mapping[str, bytes] | None = None, *, qde: str = "project.qde") -> Path:
    path = folder / "p.qdpx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(qde, f"<Project {SPACE} name='P'>{xml}</Project>")
        for name, data in (members or {}).items():
            archive.writestr(name, data)
    return path


def coded(number: int, start: int, end: int, *codes: str, name: str = "", user: str = "u1") -> str:
    given = "".join(
        f'<Coding guid="k{number}-{code}" creatingUser="{user}"><CodeRef targetGUID="{code}"/></Coding>'
        for code in codes
    )
    places = f'startPosition="{start}" endPosition="{end}"'
    return f'<PlainTextSelection guid="x{number}" {places} name="{name}">{given}</PlainTextSelection>'


def notices(study: pg.Study) -> str:
    return "\n".join(map(str, study.notices))


def word(*paragraphs: str) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    inside = "".join(f"<w:p><w:pPr/><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{inside}</w:body></w:document>')
    return stream.getvalue()


# -- NVivo


TALK = "Anna: we need homes.\r\nBert: we need buses.\r\n"
NVIVO = (
    USERS
    + '<CodeBook><Codes><Code guid="c1" name="Homes" isCodable="true"/><Code guid="c5" name="Buses" isCodable="true"/>'
    '<Code guid="a1" name="Anna" isCodable="true"/><Code guid="a2" name="Bert" isCodable="true"/></Codes></CodeBook>'
    '<Variables><Variable guid="v1" name="Person:Sector" typeOfVariable="Text"/>'
    '<Variable guid="v2" name="Age" typeOfVariable="Integer"/></Variables>'
    '<Cases><Case guid="a1" name="Anna"><Description/><VariableValue><VariableRef targetGUID="v1"/><TextValue>Town'
    '</TextValue></VariableValue><VariableValue><VariableRef targetGUID="v2"/><IntegerValue>44</IntegerValue>'
    '</VariableValue></Case><Case guid="a2" name="Bert"><VariableValue><VariableRef targetGUID="v1"/><TextValue>County'
    "</TextValue></VariableValue></Case></Cases>"
    '<Sources><TextSource guid="s1" name="Focus group" richTextPath="internal://s1.docx" '
    'plainTextPath="internal://s1.txt">'
    + coded(1, 0, 20, "a1", name="Anna: we need homes.")
    + coded(2, 22, 43, "a2", name="Bert: we need buses.")
    + coded(3, 6, 20, "c1", name="we need homes.")
    + coded(4, 28, 42, "c5", name="we need buses.")
    + "</TextSource></Sources>"
)


def test_in_nvivo_a_case_is_a_code_too_and_says_who_speaks(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('group = "Person:Sector"', encoding="utf-8")
    study = pg.read_study(write(tmp_path, NVIVO, {"Sources/s1.txt": TALK.encode()}, qde="project.qde"))
    assert study.statements[["speaker", "text"]].to_numpy().tolist() == [
        ["anna", "we need homes."],
        ["bert", "we need buses."],
    ]
    assert [theme.id for theme in study.themes] == ["homes", "buses"]
    assert [(one.label, one.group) for one in study.actors] == [("Anna", "group-town"), ("Bert", "group-county")]
    assert study.tables["actors"]["variable_age"].tolist()[0] == "44"
    assert "Age (variable_age)" in notices(study)


def test_a_code_that_a_case_names_says_who_speaks_and_stays_a_code(tmp_path: Path) -> None:
    xml = NVIVO.replace(
        '<Case guid="a1" name="Anna"><Description/>', '<Case guid="z1" name="Anna"><CodeRef targetGUID="a1"/>'
    )
    study = pg.read_study(write(tmp_path, xml, {"Sources/s1.txt": TALK.encode()}))
    assert dict(zip(study.statements["text"], study.statements["speaker"], strict=True))["we need homes."] == "anna"
    assert "anna" in [theme.id for theme in study.themes]
    broken = xml.replace('<CodeRef targetGUID="a1"/><Variable', '<CodeRef targetGUID="gone"/><Variable')
    with pytest.raises(pg.StudyError, match="the case 'Anna' names a code that is not there, gone"):
        pg.read_study(write(tmp_path, broken, {"Sources/s1.txt": TALK.encode()}))


PLACES = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda two: (min(two), max(two)))


@given(spans=st.lists(PLACES, max_size=8), chosen=st.lists(PLACES, max_size=8))
def test_a_selection_is_said_by_the_stretch_around_it_that_starts_last(
    spans: list[tuple[int, int]], chosen: list[tuple[int, int]]
) -> None:
    owned = [(start, end, f"{start}-{end}") for start, end in spans]
    selections = [
        Selection(guid=str(number), name="", start=start, end=end, codings=(), place="")
        for number, (start, end) in enumerate(chosen)
    ]
    found = dict(find_innermost(owned, selections))
    for number, (start, end) in enumerate(chosen):
        around = [one for one in spans if one[0] <= start and one[1] >= end]
        assert (str(number) in found) == bool(around)
        if around:
            first, last = map(int, found[str(number)].split("-"))
            assert (first, last) in around
            assert first == max(one[0] for one in around)


# -- MAXQDA, Quirkos


def test_a_nameless_case_holds_the_variables_of_its_source(tmp_path: Path) -> None:
    xml = (
        USERS + CODES + '<Variables><Variable guid="v1" name="Type" typeOfVariable="Text"/></Variables>'
        '<Cases><Case guid="9f"><VariableValue><VariableRef targetGUID="v1"/><TextValue>Town</TextValue>'
        '</VariableValue><SourceRef targetGUID="s1"/></Case></Cases><Sources><TextSource guid="s1" name="Letter 1">'
        f"<PlainTextContent>More homes</PlainTextContent>{coded(1, 0, 4, 'c2')}</TextSource></Sources>"
    )
    study = pg.read_study(write(tmp_path, xml))
    assert [(one.id, one.label, one.group) for one in study.actors] == [("letter-1", "Letter 1", "group-town")]


def test_memos_of_codes_and_notes_in_files_are_kept(tmp_path: Path) -> None:
    xml = (
        '<CodeBook><Codes><Code guid="c1" name="Homes" isCodable="true" color="#FF0000"><NoteRef targetGUID="n1"/>'
        '</Code></Codes></CodeBook><Sources><TextSource guid="s1" name="S"><PlainTextContent>More homes'
        '</PlainTextContent><PlainTextSelection guid="x1" startPosition="0" endPosition="4"><Coding guid="k1"><CodeRef '
        'targetGUID="c1"/><NoteRef targetGUID="n2"/></Coding></PlainTextSelection></TextSource></Sources><Notes>'
        '<Note guid="n1" name="Memo 1" plainTextPath="internal://n1.txt"/>'
        '<Note guid="n2" name="Memo 2" richTextPath="internal://n2.docx"/>'
        '<Note guid="n3" name="coded"><PlainTextContent>Own words</PlainTextContent><PlainTextSelection guid="x9" '
        'startPosition="0" endPosition="3"><Coding guid="k9"><CodeRef targetGUID="c1"/></Coding></PlainTextSelection>'
        "</Note></Notes>"
    )
    members = {"sources/n1.txt": "\ufeffOnly where people live".encode(), "sources/n2.docx": word("Not", "sure")}
    study = pg.read_study(write(tmp_path, xml, members))
    assert study.tables["themes"]["memo"].tolist() == ["Only where people live"]
    assert study.codings["note"].tolist() == ["Not\nsure"]
    for said in ("Notes (1) have no place", "Codings of notes (1)", "Colours of codes (1)"):
        assert said in notices(study)


# -- ATLAS.ti


def test_code_groups_are_a_column_and_document_groups_are_told(tmp_path: Path) -> None:
    sets = (
        '<Sets><Set guid="e1" name="Drinks"><MemberCode targetGUID="c1"/><MemberCode targetGUID="c2"/></Set>'
        '<Set guid="e2" name="Letters"><MemberSource targetGUID="s1"/></Set></Sets>'
    )
    source = f'<Sources><TextSource guid="s1" name="S"><PlainTextContent>More</PlainTextContent>{coded(1, 0, 4, "c2")}'
    xml = USERS + CODES + source + "</TextSource></Sources>" + sets
    study = pg.read_study(write(tmp_path, xml, qde="Project.qde"))
    assert set(study.tables["themes"]["sets"]) == {"Drinks"}
    assert "Sets of sources or notes (1) have no place" in notices(study)
    with pytest.raises(pg.StudyError, match="the set 'Drinks' names a code that is not there, gone"):
        pg.read_study(write(tmp_path, xml.replace('MemberCode targetGUID="c1"', 'MemberCode targetGUID="gone"')))


def test_offsets_may_count_an_emoji_as_two(tmp_path: Path) -> None:
    text = "We 🏠🏠 want\nmore 🚌 homes now"
    for ends, start, name in (("\n", 21, "homes"), ("\r\n", 22, "homes"), ("\n", 18, "🚌 homes")):
        chosen = coded(1, start, start + len(name.encode("utf-16-le")) // 2, "c2", name=name)
        source = f'<TextSource guid="s1" name="S" plainTextPath="internal://s1.txt">{chosen}</TextSource>'
        stored = text.replace("\n", ends).encode()
        study = pg.read_study(write(tmp_path, f"{USERS}{CODES}<Sources>{source}</Sources>", {"s1.txt": stored}))
        assert study.statements["text"].tolist() == [name]
        assert "with emoji and other rare characters as two" in notices(study)


# -- QualCoder


def test_qualcoder_transcripts_keep_their_memos(tmp_path: Path) -> None:
    xml = (
        USERS
        + CODES
        + '<Sources><VideoSource guid="s1" name="Talk.mp4" path="absolute:///home/x/Talk.mp4"><Transcript '
        'guid="t1" plainTextPath="internal://t1.txt" name="Talk.mp4.transcribed"><SyncPoint guid="y1" position="0"/>'
        '<SyncPoint guid="y2" position="8"/><TranscriptSelection guid="x1" name="Talk.mp4.transcribed" '
        'fromSyncPoint="y1" toSyncPoint="y2"><Description>Said twice</Description><Coding guid="k1"><CodeRef '
        'targetGUID="c2"/></Coding></TranscriptSelection></Transcript></VideoSource></Sources>'
    )
    study = pg.read_study(write(tmp_path, xml, {"sources/t1.txt": b"We want homes"}))
    assert study.statements[["text", "memo"]].to_numpy().tolist() == [["We want", "Said twice"]]


def test_what_one_and_another_coder_give_the_same_stretch_is_compared(tmp_path: Path) -> None:
    chosen = (
        coded(1, 0, 4, "c2")
        + coded(2, 0, 4, "c2", user="u2")
        + coded(3, 5, 10, "c2")
        + coded(4, 5, 10, "c1", user="u2")
    )
    xml = (
        f'{USERS}{CODES}<Sources><TextSource guid="s1" name="S"><PlainTextContent>More homes</PlainTextContent>{chosen}'
    )
    study = pg.read_study(write(tmp_path, f"{xml}</TextSource></Sources>"))
    assert len(study.statements) == 2
    found = pg.measure_agreement(study)
    assert set(found.coders) == {"Ann", "Bo"}
    assert len(found.disagreements)


# -- Word files, paths, archives


@pytest.mark.parametrize(
    ("start", "name", "text", "said"),
    [
        (5, "two three", "two three", "was taken out of a Word file"),
        (4, "two three", "two three", "was taken out of a Word file"),
        (4, "", "two three", "was taken out of a Word file"),
        (2, "two three", "two three", "does not fit the selections"),
        (400, "", "(no text: text 400-409)", "have no text here"),
    ],
)
def test_where_only_a_word_file_is_there_its_text_is_used_if_it_fits(
    tmp_path: Path, start: int, name: str, text: str, said: str
) -> None:
    chosen = coded(1, start, start + 9, "c2", name=name)
    source = f'<TextSource guid="s1" name="S" richTextPath="internal://s1.docx">{chosen}</TextSource>'
    path = write(tmp_path, f"{USERS}{CODES}<Sources>{source}</Sources>", {"Sources/s1.docx": word("One", "two three")})
    study = pg.read_study(path)
    assert study.statements["text"].tolist() == [text]
    assert said in notices(study)


@pytest.mark.parametrize(
    "data", [b"", b"PK", word("x")[:60], word("x").replace(b"word/document.xml", b"word/documenT.xml")]
)
def test_a_word_file_that_is_none_is_as_if_it_were_not_there(tmp_path: Path, data: bytes) -> None:
    chosen = coded(1, 0, 3, "c2", name="One")
    source = f'<TextSource guid="s1" name="S" richTextPath="internal://s1.docx">{chosen}</TextSource>'
    study = pg.read_study(write(tmp_path, f"{USERS}{CODES}<Sources>{source}</Sources>", {"Sources/s1.docx": data}))
    assert "Selections of 'S' have no text here (1)" in notices(study)


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("internal://Brev%20fra%20%C3%85s.txt", "Sources/Brev fra Ås.txt"),
        ("internal://Brev fra A\u030as.txt", "Sources/Brev fra Ås.txt"),
        ("internal://b/1.txt", "sources/b/1.txt"),
        ("relative:///b/1.txt", "sources/b/1.txt"),
        ("absolute://C:\\x\\Letter.txt", "sources/letter.txt"),
    ],
)
def test_paths_lead_to_files_however_they_are_spelt(tmp_path: Path, path: str, member: str) -> None:
    source = f'<TextSource guid="s1" name="S" plainTextPath="{path}">{coded(1, 0, 4, "c2")}</TextSource>'
    members = {member: b"More homes", "sources/a/1.txt": b"Less of it"}
    study = pg.read_study(write(tmp_path, f"{USERS}{CODES}<Sources>{source}</Sources>", members))
    assert study.statements["text"].tolist() == ["More"]


def test_a_path_that_leads_to_several_files_is_a_problem(tmp_path: Path) -> None:
    source = f'<TextSource guid="s1" name="S" plainTextPath="1.txt">{coded(1, 0, 4, "c2")}</TextSource>'
    members = {"sources/b/1.txt": b"More homes", "sources/a/1.txt": b"Less of it"}
    with pytest.raises(pg.StudyError, match=r"the path '1\.txt' leads to several files"):
        pg.read_study(write(tmp_path, f"{USERS}{CODES}<Sources>{source}</Sources>", members))


def test_what_a_mac_keeps_beside_a_file_is_no_project(tmp_path: Path) -> None:
    source = (
        f'<TextSource guid="s1" name="S"><PlainTextContent>More</PlainTextContent>{coded(1, 0, 4, "c2")}</TextSource>'
    )
    xml = f"{USERS}{CODES}<Sources>{source}</Sources>"
    assert len(pg.read_study(write(tmp_path, xml, {"__MACOSX/._project.qde": b"\0"})).statements) == 1


@pytest.mark.parametrize("depth", [300, 500, 1500])
def test_codes_may_be_nested_deep(tmp_path: Path, depth: int) -> None:
    codes = "".join(f'<Code guid="g{n}" name="n{n}" isCodable="true">' for n in range(depth)) + "</Code>" * depth
    source = f'<TextSource guid="s" name="S"><PlainTextContent>More</PlainTextContent>{coded(1, 0, 4, f"g{depth - 1}")}'
    xml = f"<CodeBook><Codes>{codes}</Codes></CodeBook><Sources>{source}</TextSource></Sources>"
    study = pg.read_study(write(tmp_path, xml))
    assert len(study.themes) == depth
    study.write(tmp_path / "again.qdpx")
    assert pg.read_study(tmp_path / "again.qdpx") == study


def test_a_text_of_more_than_ten_megabytes_is_read(tmp_path: Path) -> None:
    source = (
        f'<TextSource guid="s" name="S"><PlainTextContent>{"ab " * 4_000_000}</PlainTextContent>{coded(1, 0, 2, "c2")}'
    )
    study = pg.read_study(write(tmp_path, f"{USERS}{CODES}<Sources>{source}</TextSource></Sources>"))
    assert study.statements["text"].tolist() == ["ab"]


# -- limits


def problems(path: Path, **limits: int) -> str:
    return "\n".join(str(one) for one in read_package(path, limits=Limits(**limits)).problems)


def test_what_takes_far_more_memory_than_the_file_is_refused_at_once(tmp_path: Path) -> None:
    assert "more than the 1,000 that are read" in problems(write(tmp_path, "<a/>" * 1000), elements=1000)
    path = write(tmp_path, CODES + "<Notes/>" + " " * 2_000_000)
    assert "unpacks to 2 MB, more than the 1 MB" in problems(path, text=1_000_000)
    shared = "".join(
        f'<TextSource guid="s{n}" name="S{n}" plainTextPath="t.txt">{coded(n, 0, 1, "c2")}</TextSource>'
        for n in range(9)
    )
    path = write(tmp_path, f"{USERS}{CODES}<Sources>{shared}</Sources>", {"t.txt": b"x" * 500_000})
    assert "lead to texts of more than the 1 MB" in problems(path, bytes=1_000_000)
    assert not problems(path, bytes=5_000_000)


def test_word_files_that_many_sources_share_are_not_read_for_ever(tmp_path: Path) -> None:
    shared = "".join(
        f'<TextSource guid="s{n}" name="S{n}" richTextPath="t.docx">{coded(n, 0, 1, "c2")}</TextSource>'
        for n in range(9)
    )
    path = write(tmp_path, f"{USERS}{CODES}<Sources>{shared}</Sources>", {"t.docx": word(*["x"] * 5_000)})
    assert "lead to texts of more than" in problems(path, elements=20_000)
    assert "lead to texts of more than the 1 MB" in problems(path, bytes=1_000_000)
    assert not problems(path)


@pytest.mark.parametrize("encoding", ["utf-7", "nonsense", "java"])
def test_an_encoding_that_hides_elements_from_the_limit_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "p.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p.qde", f'<?xml version="1.0" encoding="{encoding}"?><Project/>')
    assert f"its encoding '{encoding}' is not known" in problems(path)


def test_names_of_a_megabyte_make_no_paths_of_a_gigabyte(tmp_path: Path) -> None:
    codes = (
        "".join(f'<Code guid="g{n}" name="{n}{"n" * 100_000}" isCodable="true">' for n in range(200)) + "</Code>" * 200
    )
    source = (
        f'<TextSource guid="s" name="S"><PlainTextContent>More</PlainTextContent>{coded(1, 0, 4, "g7")}</TextSource>'
    )
    path = write(tmp_path, f"<CodeBook><Codes>{codes}</Codes></CodeBook><Sources>{source}</Sources>")
    assert len(pg.read_study(path).themes) == 200


def test_a_file_with_far_too_many_problems_is_given_up(tmp_path: Path) -> None:
    found = read_package(write(tmp_path, "<Sources>" + "<TextSource/>" * 100_000 + "</Sources>")).problems
    assert len(found) == 1_002
    assert "it has more problems than these 1,000" in str(found[-1])


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, CODES, {"x": b"1"})
    data = path.read_bytes()
    place = data.rfind(b"PK\x01\x02")
    path.write_bytes(data[: place + 46] + b"\0" + data[place + 47 :])
    assert "has no name" in problems(path)


@pytest.mark.parametrize("where", ["variable", "code", "source"])
def test_what_is_named_and_not_there_is_a_problem(
    tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values = '<VariableValue><VariableRef targetGUID="{}"/><TextValue>x</TextValue></VariableValue>'
    case = f'<Cases><Case guid="z1" name="C">{values.format("gone" if where == "variable" else "v1")}'
    case += f'<SourceRef targetGUID="{"gone" if where == "source" else "s1"}"/></Case></Cases>'
    code = coded(1, 0, 4, "gone" if where == "code" else "c2")
    xml = f'{USERS}{CODES}<Variables><Variable guid="v1" name="T" typeOfVariable="Text"/></Variables>{case}<Sources>'
    xml += f'<TextSource guid="s1" name="S"><PlainTextContent>More</PlainTextContent>{code}</TextSource></Sources>'
    assert main(["check", str(write(tmp_path, xml))]) == 1
    (line,) = capsys.readouterr().err.splitlines() or [""]
    assert "gone" in line


# -- there and back, after work in another program


def test_a_new_selection_takes_no_id_that_a_statement_has(tmp_path: Path) -> None:
    source = (
        f'<TextSource guid="s1" name="S"><PlainTextContent>More homes now</PlainTextContent>{coded(1, 5, 10, "c2")}'
    )
    xml = f"{USERS}{CODES}<Sources>{source}</TextSource></Sources>"
    pg.read_study(write(tmp_path, xml)).write(tmp_path / "ours.qdpx")
    path = tmp_path / "theirs.qdpx"
    new = '<PlainTextSelection guid="77777777-7777-7777-7777-777777777777" startPosition="0" endPosition="1"/>'
    with zipfile.ZipFile(tmp_path / "ours.qdpx") as old, zipfile.ZipFile(path, "w") as archive:
        for name in old.namelist():
            data = old.read(name)
            archive.writestr(name, data.replace(b"<PlainTextSelection", new.encode() + b"<PlainTextSelection", 1))
    assert pg.read_study(path).statements["id"].tolist() == ["s-2", "s-1"]


PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {"nvivo": (NVIVO, {"Sources/s1.txt": TALK.encode()})}


@pytest.mark.parametrize("ending", ["", ".zip", ".xlsx", ".qdpx"])
def test_what_was_read_is_the_same_study_in_every_form(tmp_path: Path, ending: str) -> None:
    study = pg.read_study(write(tmp_path, *PROGRAMS["nvivo"]))
    study.write(tmp_path / f"out{ending}")
    assert pg.read_study(tmp_path / f"out{ending}") == study


def test_a_codebook_of_taguette_starts_a_study(tmp_path: Path) -> None:
    codes = (
        '<Code guid="1B" name="needs.homes" isCodable="true"></Code><Code guid="2B" name="Ås" isCodable="true"></Code>'
    )
    path = tmp_path / "codebook.qdc"
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<CodeBook xmlns="urn:QDA-XML:codebook:1:0" origin="Taguette 1">'
        f"<Codes>{codes}</Codes><Sets></Sets></CodeBook>",
        encoding="utf-8",
    )
    assert main(["new", str(tmp_path / "mine"), "--from", str(path)]) == 0
    assert read_package(tmp_path / "mine").tables["themes"].frame["label"].tolist() == ["needs.homes", "Ås"]


@pytest.mark.parametrize("encoding", ["iso-8859-15", "windows-1252", "utf-16-le", "utf-32", "koi8-r", "shift_jis"])
def test_accents_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    source = f'<TextSource guid="s1" name="S"><PlainTextContent>Büro år €</PlainTextContent>{coded(1, 0, 7, "c2")}'
    xml = f'<?xml version="1.0" encoding="{encoding}"?><Project {SPACE} name="P">{USERS}{CODES}<Sources>{source}'
    path = tmp_path / "p.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        data = f"{xml}</TextSource></Sources></Project>".encode(encoding, "xmlcharrefreplace")
        archive.writestr("p.qde", (b"\xff\xfe" if encoding == "utf-16-le" else b"") + data)
    assert pg.read_study(path).statements["text"].tolist() == ["Büro år"]
