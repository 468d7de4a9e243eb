"""Studies come in; archives with checksums and bibliographies must go out, and archives back in, whole or refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import zipfile
from pathlib import Path

import frictionless
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.testing import studies


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies())
def test_an_archive_is_the_same_study_again(study: pg.Study, tmp_path: Path) -> None:
    study.write(tmp_path / "study.zip")
    assert pg.read_study(tmp_path / "study.zip") == study
    first = (tmp_path / "study.zip").read_bytes()
    study.write(tmp_path / "study.zip")
    assert (tmp_path / "study.zip").read_bytes() == first


def test_an_independent_library_finds_the_checksums_right(tmp_path: Path) -> None:
    assert main(["convert", "smabystrategi", str(tmp_path / "towns.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "towns.zip") as archive:
        archive.extractall(tmp_path / "out")
    report = frictionless.Package(str(tmp_path / "out" / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])
    content = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", one["hash"]) and one["bytes"] for one in content["resources"])
    assert pg.read_study(tmp_path / "out") == pg.read_study("smabystrategi")


def test_an_archive_of_a_folder_zipped_by_hand_is_read(tmp_path: Path) -> None:
    study = pg.read_study("smabystrategi")
    study.write(tmp_path / "towns")
    with zipfile.ZipFile(tmp_path / "towns.zip", "w") as archive:
        for file in (tmp_path / "towns").iterdir():
            archive.write(file, f"towns/{file.name}")
        archive.writestr("towns/notes/mine.csv", "not,read")
    assert pg.read_study(tmp_path / "towns.zip") == study


def test_an_archive_of_parquet_tables_is_read(tmp_path: Path) -> None:
    study = pg.read_study("smabystrategi")
    study.write(tmp_path / "towns", format="parquet")
    with zipfile.ZipFile(tmp_path / "towns.zip", "w") as archive:
        for file in (tmp_path / "towns").iterdir():
            archive.write(file, file.name)
    assert pg.read_study(tmp_path / "towns.zip") == study


def repack(path: Path, change: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, **change}.items():
            archive.writestr(name, data)


def test_a_file_that_was_changed_on_the_way_is_told(tmp_path: Path) -> None:
    path = tmp_path / "towns.zip"
    pg.read_study("smabystrategi").write(path)
    repack(path, {"themes.csv": b"id,label\nx,X\n"})
    with pytest.raises(pg.StudyError, match=r"themes\.csv: it is not the file that datapackage\.json has"):
        pg.read_study(path)


PLAIN = {
    "themes.csv": b"id,label\nt,T\n",
    "targets.csv": b"id,kind,label\nA,focus_area,A\n",
    "links.csv": b"theme,target,relation\nt,A,equal\n",
}


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("top", ["", "towns/"])
@pytest.mark.parametrize("below", ["", "data/"])
@pytest.mark.parametrize("kind", ["", "md5", "sha1", "sha256", "sha512"])
def test_archives_of_other_programs_are_read_and_their_checksums_checked(
    tmp_path: Path, top: str, below: str, kind: str
) -> None:
    def summed(data: bytes) -> str:
        digits = hashlib.new(kind or "md5", data).hexdigest()
        return f"{kind}:{digits}" if kind else digits

    resources = [{"name": name[:-4], "path": f"{below}{name}", "hash": summed(data)} for name, data in PLAIN.items()]
    descriptor = json.dumps({"name": "towns", "resources": resources}).encode()
    members = {f"{top}datapackage.json": descriptor, **{f"{top}{below}{name}": data for name, data in PLAIN.items()}}
    study = pg.read_study(zip_of(tmp_path / "x.zip", members))
    assert len(study.links) == 1
    changed = {**members, f"{top}{below}links.csv": b"theme,target,relation\nt,A,subset\n"}
    with pytest.raises(pg.StudyError, match=f"^{below}links.csv: it is not the file that"):
        pg.read_study(zip_of(tmp_path / "x.zip", changed))


def test_a_folder_of_tables_without_a_descriptor_may_be_zipped(tmp_path: Path) -> None:
    study = pg.read_study(zip_of(tmp_path / "towns.zip", {f"mine/{name}": data for name, data in PLAIN.items()}))
    assert (study.name, len(study.links)) == ("towns", 1)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "holds 0 files called datapackage.json"),
        ({"a/datapackage.json": b"{}", "b/datapackage.json": b"{}"}, "holds 2 files called datapackage.json"),
        ({"../datapackage.json": b"{}"}, "leads out of the archive"),
        ({"datapackage.json": b"{", "themes.csv": b""}, "this is not JSON"),
    ],
)
def test_archives_of_strangers_are_refused(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(pg.StudyError, match=said):
        pg.read_study(path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.zip"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datapackage.json", b"{}")
        archive.writestr("themes.csv", b"0" * 20_000_000)
    with pytest.raises(pg.StudyError, match="it unpacks to 20 MB, more than the 1 MB that are read"):
        pg.read_study(path, limits=pg.Limits(bytes=1_000_000))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(pg.StudyError, match="no zip file, or it is cut off"):
        pg.read_study(path)


@pytest.fixture(scope="module")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("archive") / "study.zip"
    with_sources().write(path)
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2_000), junk=st.binary(max_size=8), cut=st.integers(0, 2_000))
def test_a_damaged_archive_is_a_study_or_an_error(
    small_archive: bytes, tmp_path: Path, place: int, junk: bytes, cut: int
) -> None:
    path = tmp_path / "x.zip"
    damaged = small_archive[:place] + junk + small_archive[place + len(junk) :]
    path.write_bytes(damaged[: len(damaged) - cut] if cut % 3 == 0 else damaged)
    with contextlib.suppress(pg.PolicyGapError):
        assert pg.read_study(path) == with_sources()
    assert [one.name for one in tmp_path.iterdir()] == ["x.zip"]


# -- bibliographies

SOURCES = [
    {
        "id": "a b",
        "title": "Costs & 50% {more}",
        "kind": "report",
        "publisher": "A_B",
        "year": 2021,
        "url": "https://x.no/a_b",
    },
    {"id": "A-b", "title": "On\nlines", "kind": "submission"},
]


def with_sources() -> pg.Study:
    return pg.build_study(
        sources=SOURCES,
        themes=[{"id": "t", "label": "T"}],
        targets=[{"id": "A", "kind": "focus_area", "label": "A"}],
        links=[{"theme": "t", "target": "A", "relation": "equal"}],
    )


def test_a_bibliography_is_escaped_for_latex(tmp_path: Path) -> None:
    losses = with_sources().write(tmp_path / "x.bib")
    assert losses == ("A bibliography holds the sources alone, and not themes (1), targets (1), links (1).",)
    text = (tmp_path / "x.bib").read_text(encoding="utf-8")
    assert r"title = {{Costs \& 50\% \{more\}}}," in text
    assert text.startswith("@techreport{a-b,\n")
    assert "@misc{a-b-2,\n  title = {{On lines}},\n  note = {submission},\n}" in text
    assert text.count("{") == text.count("}")


def test_a_bibliography_for_reference_managers_has_a_tag_a_line(tmp_path: Path) -> None:
    with_sources().write(tmp_path / "x.ris")
    lines = (tmp_path / "x.ris").read_bytes().decode().split("\r\n")
    assert lines[:4] == ["TY  - RPRT", "ID  - a b", "TI  - Costs & 50% {more}", "PB  - A_B"]
    assert all(not line or re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines)
    assert lines.count("ER  - ") == 2


def test_a_study_without_sources_has_no_bibliography(tmp_path: Path) -> None:
    study = with_sources()
    alone = pg.build_study(themes=study.tables["themes"], targets=study.tables["targets"], links=study.links)
    for end in ("bib", "ris"):
        with pytest.raises(pg.StudyError, match="the study has no sources"):
            alone.write(tmp_path / f"x.{end}")
