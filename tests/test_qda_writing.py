"""Studies come in; projects and codebooks that other programs open, and that are the same study again, must go out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyrefiqda
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

import policygap as pg
from policygap.cli import main
from policygap.io.qda.blocks import join_block, split_block
from policygap.io.reading import read_package
from policygap.testing import studies

SCHEMA = Path(__file__).parent / "data" / "refi-qda-project.xsd"  # REFI's own, under the MIT licence
CELLS = st.lists(st.sampled_from([*'ab:"', "\n", "\u2028", " ", "\t", "[policygap]"]), max_size=8).map("".join)


def qde(path: Path) -> etree._Element:
    with zipfile.ZipFile(path) as archive:
        return etree.fromstring(archive.read("project.qde"))


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("project") / "towns.qdpx"
    assert pg.read_study("smabystrategi").write(path) == ()
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies())
def test_a_project_is_the_same_study_again_and_fits_the_standard(study: pg.Study, tmp_path: Path) -> None:
    path = tmp_path / "study.qdpx"
    assert study.write(path) == ()
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(qde(path))
    assert pg.read_study(path) == study


def test_the_bundled_study_comes_back_whole_without_a_new_notice(bundled: Path) -> None:
    study, again = pg.read_study("smabystrategi"), pg.read_study(bundled)
    assert again == study
    assert {str(notice) for notice in again.notices} <= {str(notice) for notice in study.notices}
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(qde(bundled))


def test_an_independent_library_opens_a_project(bundled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # it unpacks where it stands
    study, project = pg.read_study("smabystrategi"), pyrefiqda.RefiProject.load(bundled)
    assert project.name == study.title
    assert [code.name for code in project.code_book.codes.code][:2] == ["Themes", "Focus area"]
    chosen = [one for source in project.sources.text_source for one in source.plain_text_selection]
    assert len(chosen) == len(study.statements)
    assert sum(len(one.coding) for one in chosen) == len(study.codings)
    assert {user.name for user in project.users.user} == set(study.codings["coder"].dropna())


def test_offsets_count_code_points_of_the_text_that_is_there(bundled: Path) -> None:
    texts = set(pg.read_study("smabystrategi").statements["text"])
    space = {"q": "urn:QDA-XML:project:1.0"}
    found: set[str] = set()
    with zipfile.ZipFile(bundled) as archive:
        for source in qde(bundled).findall("q:Sources/q:TextSource", space):
            member = source.get("plainTextPath").replace("internal://", "sources/")
            text = archive.read(member).decode("utf-8")
            found |= {
                text[int(one.get("startPosition")) : int(one.get("endPosition"))]
                for one in source.findall("q:PlainTextSelection", space)
            }
    assert found == texts


def test_every_guid_stands_once(bundled: Path) -> None:
    guids = [element.get("guid") for element in qde(bundled).iter() if element.get("guid")]
    assert len(guids) == len(set(guids))


def test_the_same_study_gives_the_same_bytes(bundled: Path, tmp_path: Path) -> None:
    pg.read_study("smabystrategi").write(tmp_path / "again.qdpx")
    assert (tmp_path / "again.qdpx").read_bytes() == bundled.read_bytes()


def test_what_is_changed_in_another_program_comes_back_changed(bundled: Path, tmp_path: Path) -> None:
    """A new code, a renamed one and a new coding, as a program writes them that keeps descriptions."""
    root = qde(bundled)
    space = "{urn:QDA-XML:project:1.0}"
    outer = root.find(f"{space}CodeBook/{space}Codes/{space}Code")
    new = "11111111-1111-1111-1111-111111111111"
    etree.SubElement(outer, f"{space}Code", guid=new, name="Ferries", isCodable="true")
    renamed = outer[1]
    renamed.set("name", "Renamed")
    chosen = root.find(f".//{space}PlainTextSelection")
    coding = etree.Element(f"{space}Coding", guid="22222222-2222-2222-2222-222222222222")
    etree.SubElement(coding, f"{space}CodeRef", targetGUID=new)
    chosen.insert(1, coding)
    path = tmp_path / "changed.qdpx"
    with zipfile.ZipFile(bundled) as old, zipfile.ZipFile(path, "w") as archive:
        for name in old.namelist():
            archive.writestr(name, etree.tostring(root) if name == "project.qde" else old.read(name))
    before, after = pg.read_study("smabystrategi"), pg.read_study(path)
    assert after.theme("ferries").label == "Ferries"
    assert [theme.label for theme in after.themes if theme.label == "Renamed"]
    assert len(after.codings) == len(before.codings) + 1
    assert len(after.themes) == len(before.themes) + 1
    assert set(after.statements["id"]) == set(before.statements["id"])


def test_codes_nested_deep_come_back(tmp_path: Path) -> None:
    themes = [{"id": f"t{n}", "label": f"T{n}", "parent": f"t{n - 1}" if n else None} for n in range(700)]
    study = pg.build_study(
        themes=themes,
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "t699", "target": "A", "relation": "equal"}],
    )
    study.write(tmp_path / "deep.qdpx")
    assert pg.read_study(tmp_path / "deep.qdpx") == study


@given(text=CELLS, columns=st.dictionaries(CELLS.filter(bool), CELLS))
def test_what_is_joined_is_split_again(text: str, columns: dict[str, str]) -> None:
    text = text.strip("\n")
    if "[policygap]" not in text.split("\n"):
        assert split_block(join_block(text, columns)) == (text or None, columns)


# -- codebooks


def test_a_codebook_starts_a_study_with_the_same_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = pg.read_study("smabystrategi")
    assert main(["convert", "smabystrategi", str(tmp_path / "codes.qdc")]) == 0
    assert "A codebook has no place for statements (472)." in capsys.readouterr().err
    assert main(["new", str(tmp_path / "mine"), "--from", str(tmp_path / "codes.qdc")]) == 0
    package = read_package(tmp_path / "mine")
    assert not package.problems
    for name, records in (("themes", study.themes), ("targets", study.targets)):
        found = package.tables[name].frame
        assert found["id"].tolist() == [record.id for record in records]
        assert found["label"].tolist() == [record.label for record in records]
    assert package.tables["targets"].frame["kind"].tolist() == [target.kind for target in study.targets]


def test_an_independent_library_opens_a_codebook(tmp_path: Path) -> None:
    pg.read_study("smabystrategi").write(tmp_path / "codes.qdc")
    book = pyrefiqda.RefiCodebook.load(tmp_path / "codes.qdc")
    assert [code.name for code in book.codes.code] == ["Themes", "Focus area", "Recommendation", "Priority"]


@pytest.mark.parametrize(
    "namespace", ["urn:QDA-XML:codebook:1.0", "urn:QDA-XML:codebook:1:0", "urn:QDA-XML:codebook:0.4", ""]
)
def test_codebooks_of_every_age_are_read(tmp_path: Path, namespace: str) -> None:
    path = tmp_path / "codes.qdc"
    inner = (
        '<Codes><Code guid="1" name="Needs" isCodable="false"><Code guid="2" name="Houses" isCodable="true"/></Code>'
    )
    path.write_text(f'<CodeBook xmlns="{namespace}">{inner}<Code guid="3" name="Strategy"/></Codes></CodeBook>')
    pg.start_study(tmp_path / "mine", source=path)
    assert "houses,Houses,needs" in (tmp_path / "mine" / "themes.csv").read_text()
    assert "strategy,focus_area,Strategy" in (tmp_path / "mine" / "targets.csv").read_text()


def test_a_codebook_is_no_study_and_says_what_to_do(tmp_path: Path) -> None:
    pg.read_study("smabystrategi").write(tmp_path / "codes.qdc")
    with pytest.raises(pg.UsageError, match="holds no statements; start a study from it: policygap new"):
        pg.read_study(tmp_path / "codes.qdc")
    (tmp_path / "codes.qdc").write_text("<Project/>")
    with pytest.raises(pg.StudyError, match="no REFI-QDA codebook but <Project>"):
        pg.start_study(tmp_path / "mine", source=tmp_path / "codes.qdc")
    assert not (tmp_path / "mine").exists()


def test_a_format_that_is_not_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    study = pg.read_study("smabystrategi")
    with pytest.raises(pg.UsageError, match="no file is written as 'nvp'; use one of qdpx, qdc"):
        study.write(tmp_path / "x", format="nvp")
    assert study.write(tmp_path / "x.zzz", format="qdpx") == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.zzz"]


def test_memos_and_notes_of_other_programs_are_kept(tmp_path: Path) -> None:
    guid = "00000000-0000-0000-0000-0000000000{:02d}".format
    xml = (
        f'<Project xmlns="urn:QDA-XML:project:1.0" name="P"><CodeBook><Codes><Code guid="{guid(1)}" name="Roads" '
        f'isCodable="true"/></Codes></CodeBook><Sources><TextSource guid="{guid(2)}" name="Letter"><Description>By post'
        f'</Description><PlainTextContent>More roads</PlainTextContent><PlainTextSelection guid="{guid(3)}" '
        f'startPosition="0" endPosition="10"><Description>Seen twice</Description><Coding guid="{guid(4)}"><CodeRef '
        f'targetGUID="{guid(1)}"/><NoteRef targetGUID="{guid(5)}"/></Coding></PlainTextSelection></TextSource>'
        "</Sources>"
        f'<Notes><Note guid="{guid(5)}" name="n"><PlainTextContent>Not sure</PlainTextContent></Note><Note '
        f'guid="{guid(6)}" name="alone"/></Notes></Project>'
    )
    path = tmp_path / "p.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", xml)
    study = pg.read_study(path)
    assert study.statements["memo"].tolist() == ["Seen twice"]
    assert study.tables["sources"]["memo"].tolist() == ["By post"]
    assert study.codings["note"].tolist() == ["Not sure"]
    assert any("Notes (1) have no place" in str(notice) for notice in study.notices)
