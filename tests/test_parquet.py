"""Studies come in; Parquet tables must go out and come back the same, or say which of their parts is broken."""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.disk import DiskTable, DiskText
from policygap.testing import studies


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies())
def test_a_study_in_parquet_is_the_same_study_again(study: pg.Study, tmp_path: Path) -> None:
    study.write(tmp_path / "towns", format="parquet")
    assert pg.read_study(tmp_path / "towns") == study
    before = {path.name: path.read_bytes() for path in (tmp_path / "towns").iterdir()}
    study.write(tmp_path / "towns", format="parquet")
    assert {path.name: path.read_bytes() for path in (tmp_path / "towns").iterdir()} == before


KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


def answers(study: pg.Study) -> list[Any]:
    """What the functions say that look statements and codings up in each other."""
    gaps = pg.find_gaps(pg.measure_coverage(study, restated=True))
    asked = [pg.gap_matrix(study, rows, "target") for rows in ("theme", "speaker", "question", "addressee")]
    asked += [pg.trace(study, theme=study.themes[0].id), pg.collect_evidence(study, unit="statement")]
    asked += [pg.find_stale(pg.stamp_codings(study), study), pg.find_conflicts(study)]
    tables = [frame.astype(object).where(frame.notna(), None).to_dict("split") for frame in asked]
    changed = [study.with_parent_codings(), study.select_statements(study.statements["kind"].eq("call").fillna(False))]
    return [*tables, [[*gap.statements] for gap in gaps], [one.fingerprint for one in (study, *changed)]]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=studies(shape="both"), order=st.randoms(use_true_random=False), kind=st.sampled_from(KINDS))
def test_a_study_of_other_programs_gives_the_answers_of_one_in_csv(
    study: pg.Study, order: Any, kind: Any, tmp_path: Path
) -> None:
    """Codings in any order and parts of any size, one of them without rows; texts in any of Arrow's types."""
    mixed = study.with_tables(codings=study.codings.sample(frac=1, random_state=order.randrange(99)))
    for form, place in ((None, "csv"), ("parquet", "parquet")):
        shutil.rmtree(tmp_path / place, ignore_errors=True)
        (tmp_path / place).mkdir()
        mixed.write(tmp_path / place / "towns", format=form)
    plain = pg.read_study(tmp_path / "csv" / "towns")
    for table in ("statements", "codings", "links"):
        file = tmp_path / "parquet" / "towns" / f"{table}.parquet"
        cells = plain.tables[table].astype("str").to_dict("list")
        names = [name for name, column in cells.items() if pd.Series(column).notna().any()]
        whole = pa.table({name: pa.array(cells[name], pa.string(), from_pandas=True).cast(kind) for name in names})
        file.unlink()
        file.mkdir()
        cut = order.randrange(len(whole) + 1)
        for number, part in enumerate((whole.slice(0, cut), whole.slice(0, 0), whole.slice(cut))):
            pq.write_table(part, file / f"part-{number}.parquet", row_group_size=2)
    assert answers(pg.read_study(tmp_path / "parquet" / "towns")) == answers(plain)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["convert", "smabystrategi", str(tmp_path / "towns"), "--to", "parquet"]) == 0
    return tmp_path / "towns"


def split(folder: Path, table: str, parts: int) -> Path:
    """Replace a table's file by a folder of that many, as Spark writes it."""
    whole = pq.read_table(folder / f"{table}.parquet")
    (folder / f"{table}.parquet").unlink()
    (folder / f"{table}.parquet").mkdir()
    size = -(-len(whole) // parts)
    for number in range(parts):
        part = whole.slice(number * size, size)
        pq.write_table(part, folder / f"{table}.parquet" / f"part-{number:05}.snappy.parquet")
    (folder / f"{table}.parquet" / "_SUCCESS").touch()
    return folder / f"{table}.parquet"


def rename(folder: Path, table: str, path: Any) -> None:
    content = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    next(one for one in content["resources"] if one["name"] == table)["path"] = path
    (folder / "datapackage.json").write_text(json.dumps(content), encoding="utf-8")


def test_big_tables_are_parquet_and_the_others_csv(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {"statements.parquet", "codings.parquet", "links.parquet", "themes.csv", "datapackage.json"} <= names
    assert not {"statements.csv", "themes.parquet"} & names
    content = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    codings = next(one for one in content["resources"] if one["name"] == "codings")
    assert (codings["path"], codings["format"], codings["mediatype"]) == (
        "codings.parquet", "parquet", "application/vnd.apache.parquet",
    )  # fmt: skip
    assert "encoding" not in codings


def test_other_engines_read_what_is_written(folder: Path) -> None:
    study = pg.read_study("smabystrategi")
    path = str(folder / "codings.parquet")
    codes = study.codings["code"].astype(object).tolist()
    texts = [None if isinstance(code, float) else code for code in codes]
    assert pl.read_parquet(path)["code"].cast(pl.String).to_list() == texts
    assert [row[0] for row in duckdb.sql(f"SELECT code FROM '{path}'").fetchall()] == texts


@pytest.mark.parametrize("parts", [1, 7])
def test_a_folder_of_parts_is_one_table(folder: Path, parts: int) -> None:
    study = pg.read_study("smabystrategi")
    split(folder, "codings", parts)
    assert pg.read_study(folder) == study
    rename(folder, "codings", "codings.parquet/")
    assert pg.read_study(folder) == study
    listed = sorted(f"codings.parquet/{path.name}" for path in (folder / "codings.parquet").glob("*.parquet"))
    rename(folder, "codings", listed)
    assert pg.read_study(folder) == study
    (folder / "datapackage.json").unlink()
    assert len(pg.read_study(folder).codings) == len(study.codings)


def test_what_other_programs_write_is_read_by_its_values(tmp_path: Path) -> None:
    (tmp_path / "themes.csv").write_text("id,label\n7,Roads\n", encoding="utf-8")
    (tmp_path / "targets.csv").write_text("id,kind,label\nA,focus_area,Building\n", encoding="utf-8")
    pl.DataFrame(
        {"theme": [7, 7], "target": ["A", None], "relation": ["equal", "none"], "weight": [0.5, None]}
    ).write_parquet(tmp_path / "links.parquet")
    study = pg.read_study(tmp_path)
    assert study.links[["theme", "target"]].astype(object).iloc[0].tolist() == ["7", "A"]
    assert study.links["weight"].tolist()[0] == 0.5


def test_a_problem_is_told_with_the_part_and_its_row_there(folder: Path) -> None:
    place = split(folder, "codings", 4)
    part = sorted(place.glob("*.parquet"))[2]
    table = pq.read_table(part).to_pandas()
    table["code"] = table["code"].astype(object)
    table.loc[4, "code"] = "nowhere"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), part)
    with pytest.raises(pg.StudyError, match=rf"codings\.parquet/{part.name}, row 5, column code: .*'nowhere'"):
        pg.read_study(folder)


# -- texts that stay on the disk


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        ["check"], ["matrix", "--values", "share"], ["coverage"], ["gaps"], ["sides"], ["speakers"],
        ["quotes", "--theme", "housing"],
        ["examples", "--target", "C"], ["conflicts"], ["trace", "--theme", "transport", "--target", "A"], ["claims"],
        ["agreement"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_command_says_the_same_of_both_forms(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *options = command
    parquet = printed([name, str(folder), *options], capsys)
    assert parquet.replace(str(folder), "smabystrategi") == printed([name, "smabystrategi", *options], capsys)


def test_both_forms_give_the_same_report(folder: Path, tmp_path: Path) -> None:
    split(folder, "statements", 3)
    pg.read_study("smabystrategi").write(tmp_path / "csv")
    for place in (folder, tmp_path / "csv"):
        out = tmp_path / "out" / place.name
        assert main(["report", str(place), "--out", str(out), "--quick", "--formats", "md,csv,html,xlsx"]) == 0
    files = sorted(path.relative_to(tmp_path / "out" / "csv") for path in (tmp_path / "out" / "csv").rglob("*.*"))
    assert len(files) > 10
    for file in files:
        assert (tmp_path / "out" / "csv" / file).read_bytes() == (tmp_path / "out" / "towns" / file).read_bytes(), file


whole_cells = DiskTable.cells


def read_ids_alone(table: DiskTable, group: int, column: str) -> Any:
    assert column == "id", column
    return whole_cells(table, group, column)


def test_counting_reads_no_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = pg.read_study(folder)
    expected = pg.measure_coverage(pg.read_study("smabystrategi")).targets
    with monkeypatch.context() as patch:
        patch.setattr(DiskTable, "cells", read_ids_alone)
        coverage = pg.measure_coverage(study)
        pd.testing.assert_frame_equal(coverage.targets, expected)
        assert pg.find_gaps(coverage)
        pg.gap_matrix(study, values="share")
        pg.collect_evidence(study)
        pg.compare_sides(study)
        some = study.select_statements(study.statements["kind"].eq("call"))
        pg.measure_coverage(some)
        with pytest.raises(AssertionError, match="text"):
            study.statements["text"].tolist()
    assert some.statements["text"].tolist() == [
        text for text, kind in zip(study.statements["text"], study.statements["kind"], strict=True) if kind == "call"
    ]


def test_a_study_whose_files_are_replaced_keeps_its_texts_or_says_so(folder: Path) -> None:
    study = pg.read_study(folder)
    before = study.statements["text"].tolist()
    study.select_statements(study.statements["kind"].eq("call")).write(folder, format="parquet")
    assert study.statements["text"].tolist() == before
    other = pg.read_study(folder)
    other.statements["text"].array._table._files.clear()
    (folder / "statements.parquet").write_bytes(b"other")
    with pytest.raises(pg.StudyError, match=r"statements\.parquet: the file has changed since the study was read"):
        other.statements["text"].tolist()


def test_texts_on_the_disk_are_searched_and_cut_like_others(folder: Path) -> None:
    there, here = (pg.read_study(study).statements for study in (folder, "smabystrategi"))
    for name in ("id", "text", "locator"):
        one, two = there[name].str, here[name].astype("str").str
        assert one.contains("a").tolist() == two.contains("a").tolist()
        assert one.upper().tolist() == two.upper().tolist()
        assert one.len().equals(two.len())
        assert one.split("a").tolist() == two.split("a").tolist()
        assert there[name].map(len, na_action="ignore").tolist() == two.len().tolist()
        assert there.sort_values(name)[name].tolist() == here.astype({name: "str"}).sort_values(name)[name].tolist()
        assert there.groupby(name).size().tolist() == here.astype({name: "str"}).groupby(name).size().tolist()


def test_lines_and_empty_texts_are_those_of_other_formats(tmp_path: Path) -> None:
    (tmp_path / "themes.csv").write_text("id,label\nt,T\n", encoding="utf-8")
    (tmp_path / "targets.csv").write_text("id,kind,label\nA,focus_area,A\n", encoding="utf-8")
    columns = {"theme": ["t"] * 4, "target": ["A"] * 4, "locator": ["a\r\nb\rc", "", None, "d"], "mine": [""] * 4}
    pl.DataFrame(columns).write_parquet(tmp_path / "links.parquet")
    links = pg.read_study(tmp_path).links
    assert links["locator"].isna().tolist() == [False, True, True, False]
    assert links["locator"].dropna().tolist() == ["a\nb\nc", "d"]
    assert links["mine"].isna().all()
    (tmp_path / "csv").mkdir()


def test_a_required_text_that_is_empty_is_told_without_reading_the_others(folder: Path) -> None:
    table = pq.read_table(folder / "statements.parquet").to_pandas()
    table.loc[3, "text"] = ""
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), folder / "statements.parquet")
    with pytest.raises(pg.StudyError, match=r"statements\.parquet, row 4, column text: the cell is empty"):
        pg.read_study(folder)


@given(st.data())
def test_a_column_on_the_disk_is_the_column_it_is(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever is taken of it is what is taken of the same texts in memory."""
    texts = data.draw(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b c", "ø", "😀"])), min_size=1, max_size=9))
    folder = tmp_path_factory.mktemp("column")
    parts = []
    for start in range(0, len(texts), 3):
        parts.append(folder / f"{start}.parquet")
        piece = pa.table({"text": pa.array(texts[start : start + 3], pa.string())})
        pq.write_table(piece, parts[-1], row_group_size=2)
    there = pd.Series(DiskText.open(DiskTable(parts), "text"))
    here = pd.Series(texts, dtype="str")
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=12))
    for one, other in (
        (there, here),
        (there.iloc[places], here.iloc[places]),
        (there.iloc[::-1][1:], here.iloc[::-1][1:]),
    ):
        assert one.astype("str").equals(other)
        assert one.isna().tolist() == other.isna().tolist()
        assert [*one.dropna()] == [*other.dropna()]
        assert pd.factorize(one)[0].tolist() == pd.factorize(other)[0].tolist()
    assert there.reindex([0, 99]).astype("str").equals(here.reindex([0, 99]))
    assert pd.concat([there, there]).astype("str").equals(pd.concat([here, here]))
    assert there.equals(there.copy())
    assert (there == here).tolist() == (here == here).tolist()  # noqa: PLR0124  # missing equals nothing


TEXTS = ["b c", None, "a", "ø", None, "a", "😀"]


def write_over(cells: pd.Series, place: Any, text: Any) -> pd.Series:
    frame = cells.to_frame("text")
    frame.loc[place, "text"] = text
    return frame["text"]


def by_group(cells: pd.Series) -> Any:
    return cells.groupby([1, 1, 2, 2, 3, 3, 3])


@pytest.mark.parametrize(
    "use",
    [
        lambda cells: cells.shift(2),
        lambda cells: cells.shift(-1, fill_value="z"),
        lambda cells: cells.reindex([5, 99], fill_value="z"),
        lambda cells: cells.where(cells == "a"),
        lambda cells: cells.where(cells == "a", "z"),
        lambda cells: cells.mask(cells == "a", cells + "!"),
        lambda cells: cells.replace("a", "z"),
        lambda cells: cells.replace("^a", "z", regex=True),
        lambda cells: cells[cells > "a"],
        lambda cells: "<" + cells * 2 + ">",
        lambda cells: [cells.min(), cells.max(), cells.dropna().sum()],
        lambda cells: by_group(cells).min(),
        lambda cells: by_group(cells).agg(lambda group: [*group.dropna()]).tolist(),
        lambda cells: by_group(cells).transform("max"),
        lambda cells: write_over(cells, 2, "z"),
        lambda cells: write_over(cells, cells == "a", None),
        lambda cells: write_over(cells, [0, 1], ["y", "z"]),
        lambda cells: write_over(write_over(cells, 0, "z"), 1, "z").iloc[::-1],
        lambda cells: pd.concat([write_over(cells, 0, "z"), cells]),
        lambda cells: pd.Series(pd.Index(cells.dropna()).map(len)),
        lambda cells: pickle.loads(pickle.dumps(cells)),
        lambda cells: pa.table(cells.to_frame("text")).column("text").to_pylist(),
        lambda cells: pl.from_pandas(cells.to_frame("text"))["text"].to_list(),
    ],
)
def test_what_analysts_do_with_texts_they_do_with_those_on_the_disk(tmp_path: Path, use: Any) -> None:
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "texts.parquet", row_group_size=2)
    there = pd.Series(DiskText.open(DiskTable([tmp_path / "texts.parquet"]), "text"))
    one, other = use(there), use(pd.Series(TEXTS, dtype="str"))
    if isinstance(other, pd.Series):
        one = one.astype(other.dtype) if isinstance(one.array, DiskText) else one
        pd.testing.assert_series_equal(one, other, check_dtype=False)
    else:
        assert one == other
    assert there.astype("str").equals(pd.Series(TEXTS, dtype="str"))  # as it was


def test_a_study_is_handed_to_another_process_and_read_from_another_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    study = pg.read_study(folder.name)
    monkeypatch.chdir("/")
    texts = pg.trace(study, theme="housing")["text"].tolist()
    assert texts == pg.trace(pg.read_study("smabystrategi"), theme="housing")["text"].tolist()
    handed = pickle.loads(pickle.dumps(study))
    assert handed == study
    assert pg.trace(handed, theme="housing")["text"].tolist() == texts
    left = pickle.dumps(study)
    (folder / "statements.parquet").unlink()
    with pytest.raises(pg.StudyError, match=r"statements\.parquet: the file is gone since the study was read"):
        pickle.loads(left).statements["text"].tolist()


def test_ids_on_the_disk_are_not_written_over(folder: Path) -> None:
    statements = pg.read_study(folder).statements
    with pytest.raises(TypeError, match=r"take astype\('str'\) of the column first"):
        statements.loc[3, "id"] = "mine"
    statements["id"] = statements["id"].astype("str")
    statements.loc[3, "id"] = "mine"
    assert statements["id"].iloc[3] == "mine"


# -- what is broken


def damage(part: Path) -> None:
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2])


def other_columns(part: Path) -> None:
    pq.write_table(pa.table({"statement": ["s"], "kode": ["x"]}), part)


def other_kinds(part: Path) -> None:
    whole = pq.read_table(part)
    place = whole.column_names.index("note")
    pq.write_table(whole.set_column(place, "note", pa.array([1] * len(whole))), part)


def not_utf8(part: Path) -> None:
    raw = pa.array([b"\xff\xfe"], pa.binary())
    bad = pa.StringArray.from_buffers(1, raw.buffers()[1], raw.buffers()[2])
    whole = pq.read_table(part)
    names = whole.column_names
    pq.write_table(pa.table({name: bad if name == "code" else pa.nulls(1, pa.string()) for name in names}), part)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damage, "part-00001.snappy.parquet: it is no Parquet file that can be read"),
        (
            other_columns,
            r"part-00001.snappy.parquet: its columns \(statement, kode\) are not those of codings.parquet.part-00000",
        ),
        (
            other_kinds,
            r"part-00001.snappy.parquet: its columns are of other .* \(note: int64, not large_string\)",
        ),
        (not_utf8, "part-00001.snappy.parquet: it is no Parquet file that can be read .*[Ii]nvalid UTF"),
    ],
)
def test_the_part_that_is_broken_is_named(folder: Path, harm: Any, said: str) -> None:
    place = split(folder, "codings", 3)
    harm(place / "part-00001.snappy.parquet")
    with pytest.raises(pg.StudyError, match=said):
        pg.read_study(folder)


def test_a_part_is_named_with_its_table_as_others_have_parts_of_that_name(folder: Path) -> None:
    split(folder, "statements", 2)
    damage(split(folder, "codings", 2) / "part-00001.snappy.parquet")
    with pytest.raises(pg.StudyError, match=r"^codings\.parquet/part-00001\.snappy\.parquet: it is no Parquet file"):
        pg.read_study(folder)


def test_parts_in_folders_of_a_table_are_not_passed_over(folder: Path) -> None:
    place = split(folder, "codings", 2)
    (place / "coder=first").mkdir()
    (place / "part-00001.snappy.parquet").rename(place / "coder=first" / "part-00001.snappy.parquet")
    with pytest.raises(pg.StudyError, match=r"codings\.parquet/coder=first: it is a folder, .* without partitions"):
        pg.read_study(folder)


@pytest.mark.parametrize("listed", [False, True])
def test_an_archive_may_hold_tables_in_parts(folder: Path, listed: bool) -> None:
    parts = split(folder, "codings", 3)
    split(folder, "statements", 2)
    if listed:
        names = [f"codings.parquet/{part.name}" for part in sorted(parts.glob("*.parquet"))]
        rename(folder, "codings", names)
    archive = shutil.make_archive(str(folder), "zip", folder)
    assert pg.read_study(Path(archive)) == pg.read_study("smabystrategi")


@pytest.mark.parametrize("form", [None, "parquet"])
def test_a_table_in_parts_is_not_written_over(folder: Path, form: str | None) -> None:
    split(folder, "codings", 3)
    study = pg.read_study(folder)
    with pytest.raises(pg.UsageError, match=r"codings\.parquet: this is a folder of parts, which is not written over"):
        study.write(folder, format=form)
    assert pg.read_study(folder) == study


def test_a_part_that_is_listed_and_missing_is_named(folder: Path) -> None:
    place = split(folder, "codings", 2)
    rename(folder, "codings", [f"codings.parquet/{path.name}" for path in sorted(place.glob("*.parquet"))])
    (place / "part-00001.snappy.parquet").unlink()
    with pytest.raises(
        pg.StudyError, match=r"part-00001\.snappy\.parquet: the file is listed in datapackage\.json but"
    ):
        pg.read_study(folder)


def test_a_folder_without_parts_and_a_table_twice_are_problems(folder: Path) -> None:
    place = split(folder, "codings", 1)
    (folder / "themes.parquet").write_bytes(b"PAR1")
    with pytest.raises(pg.StudyError, match=r"themes\.parquet: both themes\.csv and this are the table themes"):
        pg.read_study(folder)
    (folder / "themes.parquet").unlink()
    for path in place.glob("*.parquet"):
        path.unlink()
    with pytest.raises(pg.StudyError, match=r"codings\.parquet: the folder holds no Parquet file"):
        pg.read_study(folder)


def test_a_small_file_that_claims_much_is_refused_before_it_is_read(folder: Path) -> None:
    rows = 20_000_000
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int8()), ["s"])
    piece = pa.table({"statement": column, "code": column})
    with pq.ParquetWriter(folder / "codings.parquet", piece.schema) as writer:
        writer.write_table(pa.concat_tables([piece] * (rows // 1_000)).combine_chunks(), row_group_size=rows)
    assert (folder / "codings.parquet").stat().st_size < 100_000
    with pytest.raises(pg.StudyError, match="its rows take 160 MB or more, and 100 MB are read"):
        pg.read_study(folder, limits=pg.Limits(bytes=100_000_000))


def test_columns_of_tables_within_cells_are_problems(folder: Path) -> None:
    table = pq.read_table(folder / "links.parquet")
    inner = pa.array([{"a": 1}] * len(table))
    pq.write_table(table.append_column("extra", inner), folder / "links.parquet")
    with pytest.raises(pg.StudyError, match="its column 'extra' holds struct<a: int64>, and no text, numbers or dates"):
        pg.read_study(folder)


@pytest.fixture(scope="module")
def small_table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("parquet") / "links.parquet"
    pd.DataFrame({"theme": ["t", "t"], "target": ["A", None], "relation": ["equal", "none"]}).to_parquet(path)
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 3_000), junk=st.binary(max_size=8), cut=st.integers(0, 3_000))
def test_a_damaged_parquet_table_is_a_study_or_an_error(
    small_table: bytes, tmp_path: Path, place: int, junk: bytes, cut: int
) -> None:
    (tmp_path / "themes.csv").write_text("id,label\nt,T\n", encoding="utf-8")
    (tmp_path / "targets.csv").write_text("id,kind,label\nA,focus_area,A\n", encoding="utf-8")
    harmed = small_table[:place] + junk + small_table[place + len(junk) :]
    (tmp_path / "links.parquet").write_bytes(harmed[: len(harmed) - cut] if cut % 3 == 0 else harmed)
    with contextlib.suppress(pg.PolicyGapError):
        pg.read_study(tmp_path)


def test_a_study_in_parquet_replaces_one_in_csv_whole(tmp_path: Path) -> None:
    study = pg.read_study("smabystrategi")
    study.write(tmp_path / "towns")
    study.write(tmp_path / "towns", format="parquet")
    assert not (tmp_path / "towns" / "codings.csv").exists()
    study.write(tmp_path / "towns")
    assert not (tmp_path / "towns" / "codings.parquet").exists()
    assert pg.read_study(tmp_path / "towns") == study


def test_without_pyarrow_the_error_names_the_extra(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def fails(name: str, names: Any = None, *rest: Any) -> Any:
        if name.startswith("pyarrow") and (names or {}).get("__name__") == "policygap.arrow":
            raise ImportError(name)
        return real(name, names, *rest)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(pg.StudyError, match=r"Parquet needs the extra arrow"):
        pg.read_study(folder)
    with pytest.raises(pg.UsageError, match=r"Parquet needs the extra arrow"):
        pg.read_study("smabystrategi").write(tmp_path / "new", format="parquet")
    assert not (tmp_path / "new").exists()


def test_the_evidence_goes_to_other_engines_and_counts_the_same_there(tmp_path: Path) -> None:
    path = tmp_path / "evidence.parquet"
    assert main(["convert", "smabystrategi", str(path)]) == 0
    first = path.read_bytes()
    assert main(["convert", "smabystrategi", str(path)]) == 0
    assert path.read_bytes() == first
    counted = duckdb.sql(
        f"SELECT theme, count(DISTINCT speaker) FROM '{path}' WHERE target = 'E' AND theme IS NOT NULL GROUP BY theme"
    )
    matrix = pg.gap_matrix(pg.read_study("smabystrategi"))["E"].fillna(0)
    assert dict(counted.fetchall()) == {theme: count for theme, count in matrix.items() if count}
    with pytest.raises(pg.UsageError, match="evidence is not written as"):
        pg.write_evidence(pd.DataFrame(), tmp_path / "x.csv")


def change(folder: Path, name: str, cells: Any) -> None:
    """Put one more column into the statements."""
    path = folder / "statements.parquet"
    pq.write_table(pq.read_table(path).append_column(name, cells), path)


def test_columns_of_one_name_are_told_as_that(folder: Path) -> None:
    change(folder, "text", pq.read_table(folder / "statements.parquet")["text"])
    with pytest.raises(pg.StudyError, match=r"statements\.parquet: columns have the same name: text; rename"):
        pg.read_study(folder)


def test_a_time_zone_that_does_not_exist_is_told_with_the_file(folder: Path) -> None:
    rows = pq.read_metadata(folder / "statements.parquet").num_rows
    change(folder, "when", pa.array([1] * rows, type=pa.timestamp("us", tz="Nowhere/None")))
    with pytest.raises(pg.StudyError, match=r"statements\.parquet: it is no Parquet file that can be read"):
        pg.read_study(folder)


def test_an_absurd_number_of_columns_is_refused(folder: Path) -> None:
    pq.write_table(pa.table({f"c{n}": ["x"] for n in range(10_001)}), folder / "links.parquet")
    with pytest.raises(pg.StudyError, match="it has 10,001 columns, and 10,000 are read"):
        pg.read_study(folder)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    (folder / "statements.parquet").unlink()
    os.mkfifo(folder / "statements.parquet")
    with pytest.raises(pg.StudyError, match="it is no file"):
        pg.read_study(folder)


def test_bytes_of_one_length_are_no_text(folder: Path) -> None:
    rows = pq.read_metadata(folder / "statements.parquet").num_rows
    change(folder, "key", pa.array([b"ab"] * rows, type=pa.binary(2)))
    with pytest.raises(pg.StudyError, match="its column 'key' holds fixed_size_binary"):
        pg.read_study(folder)


def test_a_part_that_is_listed_twice_is_told_once(folder: Path) -> None:
    rename(folder, "statements", ["statements.parquet"] * 100_000)
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(folder)
    assert [problem.what for problem in error.value.problems] == [
        "the path 'statements.parquet' of statements stands there twice"
    ]


def test_very_many_missing_parts_are_counted(folder: Path) -> None:
    rename(folder, "statements", [f"{n}.parquet" for n in range(100_000)])
    with pytest.raises(pg.StudyError) as error:
        pg.read_study(folder)
    assert len(error.value.problems) == 101
    assert error.value.problems[-1].what == "99900 more files of statements that it lists are not there"
