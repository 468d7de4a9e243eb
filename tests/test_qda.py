"""Projects of coding programs, whole and broken, come in; studies, or every problem in them, must go out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pyrefiqda
import pyrefiqda.models.project
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.io.limits import Limits
from policygap.io.mapping import CodeMapping
from policygap.io.reading import read_package

NAMESPACE = "urn:QDA-XML:project:1.0"


def guid(number: int) -> str:
    return str(UUID(int=number)).upper()


def coding(code: int, user: int = 1) -> str:
    own = f'guid="{guid(next(NUMBERS))}" creatingUser="{guid(user)}"'
    return f'<Coding {own}><CodeRef targetGUID="{guid(code)}"/></Coding>'


NUMBERS = iter(range(10_000, 10_000_000))
TEXT = "Vi trenger 🏠 i byen.\r\nOg flere busser, sier vi på Ås."
USERS = f'<Users><User guid="{guid(1)}" name="Ann"/><User guid="{guid(2)}" name="Bo"/></Users>'
CODES = f"""<CodeBook><Codes>
<Code guid="{guid(10)}" name="Needs" isCodable="false">
  <Code guid="{guid(11)}" name="Housing" isCodable="true"><Description>Where to live</Description>
    <Code guid="{guid(12)}" name="Rented" isCodable="true"/></Code>
  <Code guid="{guid(13)}" name="Transport" isCodable="true"/>
</Code>
<Code guid="{guid(20)}" name="Focus areas" isCodable="false">
  <Code guid="{guid(21)}" name="Building" isCodable="true"/>
  <Code guid="{guid(22)}" name="Moving" isCodable="true"/>
</Code></Codes></CodeBook>"""
VARIABLES = f'<Variables><Variable guid="{guid(30)}" name="Sector" typeOfVariable="Text"/></Variables>'
CASES = f"""<Cases><Case guid="{guid(40)}" name="The tenants">
<VariableValue><VariableRef targetGUID="{guid(30)}"/><TextValue>Organisations</TextValue></VariableValue>
<SourceRef targetGUID="{guid(50)}"/></Case></Cases>"""


def selection(number: int, start: int, end: int, *codings: str, name: str = "") -> str:
    return (
        f'<PlainTextSelection guid="{guid(number)}" startPosition="{start}" endPosition="{end}" name="{name}">'
        f"{''.join(codings)}</PlainTextSelection>"
    )


def text_source(
    inner: str, *, number: int = 50, path: str = f"internal://{guid(50)}.txt", name: str = "Tenants.txt"
) -> str:
    return f'<TextSource guid="{guid(number)}" name="{name}" plainTextPath="{path}">{inner}</TextSource>'


def project(*parts: str, encoding: str = "utf-8", namespace: str = NAMESPACE) -> bytes:
    head = f'<?xml version="1.0" encoding="{encoding}"?><Project xmlns="{namespace}" name="Towns">'
    xml = f"{head}{''.join(parts)}</Project>"
    return xml.encode(encoding, "xmlcharrefreplace")


def sources(*inner: str) -> str:
    return f"<Sources>{''.join(inner)}</Sources>"


WHOLE = (
    USERS,
    CODES,
    VARIABLES,
    CASES,
    sources(
        text_source(
            selection(60, 3, 20, coding(11), coding(21))
            + selection(61, 3, 20, coding(11, user=2))
            + selection(62, 22, 38, coding(13), coding(22))
        )
    ),
)
TEXTS = {f"sources/{guid(50)}.txt": TEXT.encode()}


def write(folder: Path, members: Mapping[str, bytes], name: str = "towns.qdpx") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write(tmp_path, {"project.qde": project(*WHOLE), **TEXTS})


# -- what becomes what


def test_a_project_becomes_a_study(whole: Path, tmp_path: Path) -> None:
    study = pg.read_study(whole)
    assert study.title == "Towns"
    said = study.statements.set_index("id")
    assert said["text"].tolist() == ["trenger 🏠 i byen.", "Og flere busser,"]
    assert said["locator"].tolist() == ["3-20", "22-38"]
    assert set(said["speaker"]) == {"the-tenants"}
    assert [(group.id, group.label) for group in study.groups] == [("group-organisations", "Organisations")]
    codings = study.codings[["statement", "code", "coder"]].to_records(index=False).tolist()
    assert sorted(codings) == [
        ("tenants-1", "building", "Ann"),
        ("tenants-1", "housing", "Ann"),
        ("tenants-1", "housing", "Bo"),
        ("tenants-2", "moving", "Ann"),
        ("tenants-2", "transport", "Ann"),
    ]
    assert study.theme("rented").parent == "housing"
    assert study.theme("housing").definition == "Where to live"
    assert study.target("building").kind == "focus_area"
    assert any("proposed by names: targets focus_area: Focus areas" in str(notice) for notice in study.notices)
    study.write(tmp_path / "out")
    assert pg.read_study(tmp_path / "out") == study
    assert pg.gap_matrix(study, rows="theme", columns="focus_area").loc["housing", "building"] == 1


def test_one_command_makes_a_report_of_it(whole: Path, tmp_path: Path) -> None:
    assert main(["report", str(whole), "--out", str(tmp_path / "report"), "--quick", "--formats", "md"]) == 0
    (page,) = (tmp_path / "report").glob("*.md")
    assert "Building" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("qde", ["project.qde", "Project.qde", "PROJECT.QDE"])
@pytest.mark.parametrize("folder", ["sources/", "Sources/", ""])
@pytest.mark.parametrize("before", ["internal://", "relative:///sources/", "relative://..\\", ""])
def test_names_and_paths_as_programs_write_them(tmp_path: Path, qde: str, folder: str, before: str) -> None:
    xml = project(*WHOLE).replace(b"internal://", before.encode())
    path = write(tmp_path, {qde: xml, f"{folder}{guid(50).lower()}.txt": TEXT.encode()})
    assert pg.read_study(path).statements["text"].tolist() == ["trenger 🏠 i byen.", "Og flere busser,"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii"])
@pytest.mark.parametrize("namespace", [NAMESPACE, "urn:QDA-XML:codebook:0:4", ""])
def test_any_encoding_that_the_declaration_names(tmp_path: Path, encoding: str, namespace: str) -> None:
    inside = text_source("<PlainTextContent>Å få hus</PlainTextContent>" + selection(60, 0, 4, coding(11)), name="Ås")
    path = write(tmp_path, {"p.qde": project(USERS, CODES, sources(inside), encoding=encoding, namespace=namespace)})
    study = pg.read_study(path)
    assert study.statements["text"].tolist() == ["Å få"]
    assert study.actors[0].label == "Ås"


@pytest.mark.parametrize(
    ("stored", "start"),
    [
        ("One\r\ntwo three", 5),  # as it stands
        ("One\r\ntwo three", 4),  # a line's end as one character
        ("One\ntwo three", 5),  # and as two
        ("\ufeffOne\ntwo three", 5),  # the mark is counted
        ("\ufeffOne\ntwo three", 4),
    ],
)
def test_offsets_are_counted_as_the_names_of_selections_show(tmp_path: Path, stored: str, start: int) -> None:
    inside = text_source(selection(60, start, start + 9, coding(11), name="two three"))
    path = write(tmp_path, {"p.qde": project(USERS, CODES, sources(inside)), f"{guid(50)}.txt": stored.encode()})
    assert pg.read_study(path).statements["text"].tolist() == ["two three"]


def test_sources_without_text_keep_what_the_program_called_their_selections(tmp_path: Path) -> None:
    twice = (
        f'<PDFSource guid="{guid(70)}" name="Plan.pdf" path="internal://x.pdf">'
        f'<PDFSelection guid="{guid(71)}" page="2" firstX="1" firstY="2" secondX="3" secondY="4" name="More homes">'
        f"{coding(11)}</PDFSelection>"
        f'<Representation guid="{guid(72)}">{selection(71, 0, 10, coding(11), name="More homes")}</Representation>'
        "</PDFSource>"
    )
    film = (
        f'<AudioSource guid="{guid(80)}" name="Talk"><Transcript guid="{guid(81)}">'
        "<PlainTextContent>We want buses now</PlainTextContent>"
        f'<SyncPoint guid="{guid(82)}" timeStamp="0" position="8"/><SyncPoint guid="{guid(83)}" position="13"/>'
        f'<TranscriptSelection guid="{guid(84)}" fromSyncPoint="{guid(82)}" toSyncPoint="{guid(83)}">{coding(13)}'
        f'</TranscriptSelection></Transcript><AudioSelection guid="{guid(85)}" begin="10" end="20">{coding(13)}'
        "</AudioSelection></AudioSource>"
    )
    lost = text_source(selection(60, 5, 9, coding(11), name="=cmd()"))
    study = pg.read_study(write(tmp_path, {"p.qde": project(USERS, CODES, sources(twice, film, lost))}))
    assert sorted(study.statements["text"]) == sorted(
        ["More homes", "buses", "(no text: audio begin 10 end 20)", "=cmd()"]
    )
    assert len(study.codings) == 4
    notices = "\n".join(map(str, study.notices))
    assert "Selections of 'Plan.pdf', 'Talk', 'Tenants.txt' have no text here (3)" in notices


def test_a_case_owns_a_pdf_with_selections_on_the_page_and_in_the_text(tmp_path: Path) -> None:
    page = f'<PDFSelection guid="{guid(71)}" page="2" firstX="1" firstY="2" secondX="3" secondY="4"/>'
    text = f"<PlainTextContent>More homes</PlainTextContent>{selection(71, 0, 4, coding(11))}"
    plan = (
        f'<PDFSource guid="{guid(50)}" name="Plan.pdf">{page}<Representation guid="{guid(72)}">{text}</Representation>'
        "</PDFSource>"
    )
    study = pg.read_study(write(tmp_path, {"p.qde": project(USERS, CODES, VARIABLES, CASES, sources(plan))}))
    assert study.statements[["speaker", "text"]].to_numpy().tolist() == [["the-tenants", "More"]]


def test_a_code_of_a_whole_source_is_a_statement_and_nothing_goes_in_silence(tmp_path: Path) -> None:
    inside = text_source(f"<PlainTextContent>All of it</PlainTextContent>{coding(11, user=9)}")
    notes = f'<Notes><Note guid="{guid(90)}" name="memo"/></Notes>'
    study = pg.read_study(write(tmp_path, {"p.qde": project(USERS, CODES, sources(inside), notes)}))
    assert study.statements[["text", "locator"]].to_numpy().tolist() == [["All of it", "whole"]]
    assert study.codings["coder"].tolist() == [guid(9).lower()]
    notices = "\n".join(map(str, study.notices))
    assert "Notes (1) have no place" in notices
    assert "whom the project does not list" in notices


def test_what_another_library_writes_is_read(tmp_path: Path) -> None:
    models = pyrefiqda.models.project
    given = models.CodingType(guid=guid(7), creating_user=guid(1), code_ref=models.CodeRefType(target_guid=guid(11)))
    chosen = models.PlainTextSelectionType(guid=guid(6), start_position=3, end_position=9, coding=[given])
    source = models.TextSourceType(
        guid=guid(50), name="Letter", plain_text_content="På Ås bor vi godt", plain_text_selection=[chosen]
    )
    below = models.CodeType(guid=guid(11), name="Places", is_codable=True)
    codes = models.CodesType(code=[models.CodeType(guid=guid(10), name="All", is_codable=False, code=[below])])
    made = models.Project(
        name="Other",
        users=models.UsersType(user=[models.UserType(guid=guid(1), name="Ann")]),
        code_book=models.CodeBookType(codes=codes),
        sources=models.SourcesType(text_source=[source]),
    )
    pyrefiqda.RefiProject.save(made, tmp_path / "other.qdpx")
    study = pg.read_study(tmp_path / "other.qdpx")
    assert study.statements["text"].tolist() == ["Ås bor"]
    assert study.codings[["code", "coder"]].to_numpy().tolist() == [["places", "Ann"]]
    assert study.theme("places").parent == "all"


# -- the mapping


def test_a_mapping_says_which_codes_are_what(whole: Path) -> None:
    whole.with_suffix(".toml").write_text(
        'themes = ["Housing"]\ngroup = "sector"\nkind = "challenge"\n[targets]\nfield = ["Focus areas/Building"]\n',
        encoding="utf-8",
    )
    study = pg.read_study(whole)
    assert [theme.id for theme in study.themes] == ["housing", "rented"]
    assert [(target.id, target.kind) for target in study.targets] == [("building", "field")]
    assert set(study.statements["kind"]) == {"challenge"}
    assert any("leaves out codes (4, with codings: 2)" in str(notice) for notice in study.notices)


def test_a_set_of_codes_can_be_a_kind_of_target(tmp_path: Path) -> None:
    grouped = f'<Sets><Set guid="{guid(95)}" name="Plan"><MemberCode targetGUID="{guid(13)}"/></Set></Sets>'
    path = write(tmp_path, {"p.qde": project(*WHOLE, grouped), **TEXTS})
    package = read_package(path, mapping=CodeMapping(targets={"measure": ["plan"]}))
    assert package.tables["targets"].frame["id"].tolist() == ["transport"]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('theme = ["Housing"]', "a mapping has no key 'theme'; did you mean 'themes'"),
        ('themes = "Housing"', "themes is no list of names"),
        ("targets = 3", "targets is no table"),
        ("kind = 3", "kind is no text"),
        ("[targets", "it is not TOML"),
        ('themes = ["Housig"]', "no code or set is called that; did you mean 'Housing'"),
        ('themes = ["Housing"]\n[targets]\na = ["Housing"]', "'Housing' both a theme and a target"),
        ('[targets]\na = ["Housing"]\nb = ["Housing"]', "'Housing' both a and b"),
        ('group = "Sectr"', "'Sectr' is no variable; did you mean 'Sector'"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(whole: Path, toml: str, said: str) -> None:
    whole.with_suffix(".toml").write_text(toml, encoding="utf-8")
    with pytest.raises(pg.StudyError, match="(?s)" + said.replace("[", r"\[")):
        pg.read_study(whole)


# -- files that are broken, or meant to break


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    inside = text_source(
        selection(60, 5, 2) + selection(61, 0, 999) + selection(61, 0, 2) + selection(62, 0, 2, coding(999))
        + '<PlainTextSelection startPosition="-1" endPosition="x"/>'
    )  # fmt: skip
    cases = f'<Cases><Case guid="{guid(40)}" name="Lost"><SourceRef targetGUID="{guid(998)}"/></Case></Cases>'
    path = write(tmp_path, {"p.qde": project(USERS, CODES, sources(inside), cases), f"{guid(50)}.txt": b"Short text"})
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(path)
    said = str(error.value)
    for wanted in (
        "ends before it starts",
        "lies beyond the text's 10 characters",
        "has the guid of another element",
        "1 codings name a code that is not there",
        "a selection has no guid",
        "startPosition='-1' is no offset",
        "endPosition='x' is no offset",
        "the case 'Lost' names what is not there",
    ):
        assert wanted in said


ENTITIES = [f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 9)]
LAUGHS = '<!DOCTYPE a [<!ENTITY a0 "ha">' + "".join(ENTITIES)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b"", "it is no XML"),
        (b"not xml", "it is no XML"),
        (b"<Project>", "it is no XML"),
        (b"<?xml version='1.0' encoding='nonsense'?><Project/>", "it is no XML"),
        ("<Project name='å'/>".encode("latin-1"), "it is no XML"),
        (b"<CodeBook/>", "export a project"),
        (b"<html/>", "no REFI-QDA project but <html>"),
        (b"<!DOCTYPE Project [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Project name='&x;'/>", "no XML|document type"),
        (b"<!DOCTYPE Project SYSTEM 'http://localhost:1/x.dtd'><Project/>", "document type"),
        (f"{LAUGHS}]><Project>&a8;</Project>".encode(), "no XML|document type"),
        (b"<Project>" + b"<Code>" * 1_000_000, "it is no XML"),
        (b"<Project><CodeBook><Codes>" + b"<Code name='x'>" * 100_000 + b"</Code>" * 100_000, "it is no XML"),
    ],
)
def test_xml_of_strangers_is_refused(tmp_path: Path, xml: bytes, said: str) -> None:
    with pytest.raises(pg.StudyError, match=said):
        pg.read_study(write(tmp_path, {"p.qde": xml}))


@pytest.mark.parametrize("name", ["../x.txt", "/etc/x", "C:\\x", "a/../../x", "\\\\host\\x"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(pg.StudyError, match="leads out of the archive"):
        pg.read_study(write(tmp_path, {"p.qde": project(*WHOLE), name: b"x"}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["towns.qdpx"]


def test_links_doubles_bombs_and_crowds_are_refused(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "p.qdpx"
    link = zipfile.ZipInfo("sources/link.txt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a", "x")
        archive.writestr("a", "x")
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(path)
    assert "is a link" in str(error.value)
    assert "is there twice" in str(error.value)
    bomb = write(tmp_path, {"p.qde": project(*WHOLE), "sources/big": b"0" * 5_000_000})
    (problem,) = read_package(bomb, limits=Limits(bytes=1_000_000)).problems
    assert "it unpacks to 5 MB, more than the 1 MB that are read" in problem.what
    (problem,) = read_package(bomb, limits=Limits(members=1)).problems
    assert "it holds 2 files, more than the 1" in problem.what


def test_selections_that_hold_far_more_than_the_text_are_refused(tmp_path: Path) -> None:
    inside = text_source("".join(selection(number, 0, 10) for number in range(100, 200)))
    path = write(tmp_path, {"p.qde": project(USERS, CODES, sources(inside)), f"{guid(50)}.txt": b"x" * 10})
    assert not read_package(path, limits=Limits(characters=1000)).problems
    (problem,) = read_package(path, limits=Limits(characters=999)).problems
    assert "its selections hold more than the 999 characters" in problem.what


@pytest.mark.parametrize("members", [{}, {"a.qde": b"", "b.qde": b""}, {"inner.qdpx": b"PK"}])
def test_an_archive_holds_one_project(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(pg.StudyError, match=r"files that end in \.qde, where a project holds one"):
        pg.read_study(write(tmp_path, members))


def is_study_or_error(path: Path) -> bool:
    try:
        return bool(pg.read_study(path).themes)
    except pg.StudyError as error:
        return bool(error.problems)


def whole_bytes() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"project.qde": project(*WHOLE), **TEXTS}.items():
            archive.writestr(name, data)
    return stream.getvalue()


BYTES = whole_bytes()


@settings(max_examples=150)
@given(st.integers(0, len(BYTES)), st.lists(st.tuples(st.integers(0, len(BYTES) - 1), st.integers(0, 255)), max_size=4))
def test_a_damaged_project_is_a_study_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, length: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(BYTES)
    for place, value in flips:
        data[place] = value
    path = tmp_path_factory.mktemp("damaged") / "p.qdpx"
    path.write_bytes(bytes(data) if flips else bytes(data[:length]))
    assert is_study_or_error(path)


XML = project(*WHOLE).decode()


@settings(max_examples=150)
@given(st.data())
def test_a_project_with_pieces_lost_or_doubled_is_a_study_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    pieces = XML.replace(">", ">\0").split("\0")
    at = data.draw(st.integers(1, len(pieces) - 1))
    other = data.draw(st.integers(1, len(pieces) - 1))
    change = data.draw(st.sampled_from(["lose", "double", "swap"]))
    if change == "lose":
        del pieces[at]
    elif change == "double":
        pieces.insert(other, pieces[at])
    else:
        pieces[at], pieces[other] = pieces[other], pieces[at]
    path = write(tmp_path_factory.mktemp("pieces"), {"p.qde": "".join(pieces).encode(), **TEXTS})
    assert is_study_or_error(path)
