"""Columns of ids come in, in memory or on the disk; what is found in them must be what is found in the same lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import policygap as pg
from policygap import checks, parse
from policygap import ids as ids_module
from policygap.disk import DiskTable, DiskText, DiskTextDtype
from policygap.ids import are_distinct, are_tidy, find_rows, refer

NAMES = st.sampled_from(["a", "b", "c-1", "ø", "😀", "d", "e", "f"])


def on_disk(folder: Path, texts: list[str | None]) -> DiskText:
    parts = []
    for start in range(0, max(len(texts), 1), 4):
        parts.append(folder / f"{start:03}.parquet")
        piece = pa.table({"id": pa.array(texts[start : start + 4], pa.string())})
        pq.write_table(piece, parts[-1], row_group_size=3)
    return DiskText.open(DiskTable(parts), "id")


FORMS = ["disk", "category", "str"]


def held(form: str, folder: Path, texts: list[str | None]) -> pd.Series:
    return pd.Series(on_disk(folder, texts)) if form == "disk" else pd.Series(texts, dtype=form)


@pytest.mark.parametrize("one", FORMS)
@pytest.mark.parametrize("other", FORMS)
@given(
    cells=st.lists(st.one_of(st.none(), NAMES), max_size=12), known=st.lists(st.one_of(st.none(), NAMES), max_size=9)
)
def test_a_row_is_found_however_the_columns_are_held(
    tmp_path_factory: pytest.TempPathFactory,
    one: str,
    other: str,
    cells: list[str | None],
    known: list[str | None],
) -> None:
    folder = tmp_path_factory.mktemp("ids")
    (folder / "known").mkdir()
    expected = [-1 if name is None or name not in known else known.index(name) for name in cells]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids_module, "_KNOWN", 2)  # so that there are several blocks of each
        patch.setattr(ids_module, "_ASKED", 3)
        found = find_rows(held(one, folder, cells), held(other, folder / "known", known))
    assert found.tolist() == expected


@given(texts=st.lists(NAMES, min_size=1, max_size=8, unique=True), data=st.data())
def test_ids_on_the_disk_are_the_ids_they_are(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    there = pd.Series(on_disk(tmp_path_factory.mktemp("ids"), list(texts)).as_ids())
    here = pd.Series(texts, dtype="str")
    places = np.array(data.draw(st.lists(st.integers(-1, len(texts) - 1), max_size=12)), dtype=np.int64)
    some = st.lists(st.integers(0, len(texts) - 1), max_size=4)
    others = data.draw(some)
    one = pd.Series(there.array.take(places, allow_fill=True))
    two = pd.Series(here.array.take(places, allow_fill=True))
    assert one.astype("str").equals(two)
    pd.testing.assert_series_equal(one.astype("category"), two.astype("category"))
    assert pd.factorize(one)[0].tolist() == pd.factorize(two)[0].tolist()
    assert pd.Series(one.unique()).astype("str").equals(pd.Series(two.unique()))
    assert one.duplicated().tolist() == two.duplicated().tolist()
    assert one.isin(there.iloc[others]).tolist() == two.isin(here.iloc[others]).tolist()
    assert one.isin(here.iloc[others]).tolist() == two.isin(here.iloc[others]).tolist()
    assert find_rows(one, there).tolist() == places.tolist()
    picked = there.iloc[others]
    assert find_rows(one, picked).tolist() == find_rows(two, here.iloc[others]).tolist()
    assert (
        one.to_frame("id")
        .merge(there.rename("id").to_frame())
        .astype("str")
        .equals(two.dropna().to_frame("id").merge(here.rename("id").to_frame()))
        or one.isna().any()
    )


def test_ids_are_looked_for_among_words_without_reading_each_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = pd.Series(on_disk(tmp_path, ["a", "b", "c", "ø", "d", "e"]).as_ids())
    cells = pd.Series(ids.array.take(np.array([5, 0, -1, 3, 3, 0, 1]), allow_fill=True))
    words = [["a", "ø", "x"], ("a", None), {"e", 1}, [], pd.Series(["b"]), np.array(["a", "b"], dtype=object)]
    expected = [cells.astype("str").isin(some).tolist() for some in words]
    monkeypatch.setattr(DiskTable, "take", lambda *_: pytest.fail("cells were read one by one"))
    assert [cells.isin(some).tolist() for some in words] == expected


def test_rows_of_one_column_are_never_taken_for_rows_of_another(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    one = pd.DataFrame({"id": on_disk(tmp_path, ["a", "b", "c"]).as_ids()})
    two = pd.DataFrame({"id": on_disk(tmp_path / "two", ["c", "a"]).as_ids(), "n": [1, 2]})
    assert one["id"].dtype != two["id"].dtype
    assert one.merge(two, on="id").astype(object).to_numpy().tolist() == [["a", 2], ["c", 1]]
    assert one["id"].isin(two["id"]).tolist() == [True, False, True]
    assert pd.concat([one, two])["id"].tolist() == ["a", "b", "c", "c", "a"]


@pytest.mark.parametrize(
    ("texts", "tidy", "distinct"),
    [
        (["a", "b", None, "c"], True, True),
        (["a", "b", "c", "d", "a"], True, False),
        (["a", " b"], False, True),
        (["a", "b\u00a0"], False, True),
        (["a;b"], False, True),
        (["a\u2028b"], False, True),
        (["a\x9fb"], False, True),
        ([], True, True),
    ],
)
def test_ids_that_need_a_closer_look_are_told(
    tmp_path: Path, texts: list[str | None], tidy: bool, distinct: bool
) -> None:
    ids = on_disk(tmp_path, texts)
    assert (are_tidy(ids), are_distinct(ids)) == (tidy, distinct)


def test_a_reference_that_leads_nowhere_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "known").mkdir()
    known = pd.Series(on_disk(tmp_path / "known", ["a", "b"]).as_ids())
    cells = pd.Series(on_disk(tmp_path, ["b", None, "x"]))
    assert refer(cells, known) is cells
    good = refer(cells.iloc[:2], known)
    assert good.dtype == known.dtype
    assert good.astype("str").equals(pd.Series(["b", None], dtype="str"))


# -- in a study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pg.read_study("smabystrategi").write(tmp_path / "towns", format="parquet")
    return tmp_path / "towns"


def change(path: Path, **columns: Any) -> None:
    table = pq.read_table(path)
    for name, make in columns.items():
        cells = pa.array(make(table.column(name).to_pylist()))
        table = table.set_column(table.column_names.index(name), name, cells)
    pq.write_table(table, path, row_group_size=100)


def test_ids_of_statements_stay_on_the_disk_and_codings_hold_numbers_of_rows(folder: Path) -> None:
    study = pg.read_study(folder)
    assert isinstance(study.statements["id"].dtype, DiskTextDtype)
    assert study.codings["statement"].dtype == study.statements["id"].dtype
    plain = pg.read_study("smabystrategi")
    assert study.codings["statement"].tolist() == plain.codings["statement"].tolist()
    # Who takes some statements takes their codings too, and all of it is still only numbers.
    some = study.select_statements(study.statements["kind"].eq("call"))
    assert some.codings["statement"].dtype == study.statements["id"].dtype
    assert some == plain.select_statements(plain.statements["kind"].eq("call"))


def test_one_table_may_be_parquet_and_the_other_not(folder: Path, tmp_path: Path) -> None:
    plain = pg.read_study("smabystrategi")
    plain.write(tmp_path / "csv")
    for table in ("statements", "codings"):
        mixed = tmp_path / f"mixed-{table}"
        plain.write(mixed)
        (mixed / f"{table}.csv").unlink()
        (mixed / "datapackage.json").unlink()
        (mixed / f"{table}.parquet").write_bytes((folder / f"{table}.parquet").read_bytes())
        study = pg.read_study(mixed)
        assert isinstance(study.tables[table].iloc[:, 0].dtype, DiskTextDtype) is (table == "statements")
        coders = plain.with_meta(default_coder=None)  # the descriptor named one
        pd.testing.assert_frame_equal(pg.gap_matrix(study), pg.gap_matrix(coders))
        assert study.codings["statement"].tolist() == plain.codings["statement"].tolist()


def test_ids_may_be_whole_numbers(folder: Path) -> None:
    plain = pg.read_study("smabystrategi")
    number = {name: place + 7 for place, name in enumerate(plain.statements["id"])}
    for table, column in (("statements", "id"), ("codings", "statement")):
        change(folder / f"{table}.parquet", **{column: lambda names: [number[name] for name in names]})
    change(folder / "statements.parquet", restates=lambda names: [number.get(name) for name in names])
    study = pg.read_study(folder)
    assert isinstance(study.statements["id"].dtype, DiskTextDtype)
    assert study.statements["id"].iloc[0] == "7"
    pd.testing.assert_frame_equal(pg.gap_matrix(study), pg.gap_matrix(plain))
    found = pg.trace(study, theme="housing")
    assert found["statement"].tolist() == [str(number[name]) for name in pg.trace(plain, theme="housing")["statement"]]


@pytest.mark.parametrize(
    ("table", "harm", "said"),
    [
        ("statements", lambda ids: [*ids[:4], ids[0], *ids[5:]], r"row 5, column id: .* stands in row 1 already"),
        ("statements", lambda ids: [*ids[:4], "a;b", *ids[5:]], "row 5, column id: the id 'a;b' holds a semicolon"),
        ("statements", lambda ids: [*ids[:4], None, *ids[5:]], "row 5, column id: the cell is empty"),
        ("codings", lambda ids: [*ids[:4], None, *ids[5:]], "row 5, column statement: the cell is empty"),
        ("codings", lambda ids: [*ids[:4], "x", *ids[5:]], "row 5, column statement: 'x' is not an id in statements"),
        ("codings", lambda ids: [*ids[:4], "x", *ids[5:-1], "y"], "column statement: 'y' is not an id in statements"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_id_is_told_as_of_other_files(folder: Path, table: str, harm: Any, said: str) -> None:
    column = "id" if table == "statements" else "statement"
    change(folder / f"{table}.parquet", **{column: harm})
    with pytest.raises(pg.StudyError, match=rf"{table}\.parquet, .*{said}"):
        pg.read_study(folder)


def test_blanks_around_ids_are_taken_off_as_of_other_files(folder: Path) -> None:
    change(folder / "statements.parquet", id=lambda ids: [f" {name}" for name in ids])
    change(folder / "codings.parquet", statement=lambda ids: [f"{name} " for name in ids])
    assert pg.read_study(folder) == pg.read_study("smabystrategi")


@pytest.mark.parametrize("form", ["parquet", None])
def test_very_many_unknown_ids_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str | None) -> None:
    study = pg.read_study("smabystrategi")
    study.write(tmp_path / "towns", format=form)
    ids = study.statements["id"]
    kept = study.statements[ids != study.codings["statement"].iloc[0]]
    kept.astype({"id": "str"}).to_csv(tmp_path / "towns" / "statements.csv", index=False)
    if form:
        (tmp_path / "towns" / "statements.parquet").unlink()
        (tmp_path / "towns" / "datapackage.json").unlink()
    wrong = int((study.codings["statement"] == study.codings["statement"].iloc[0]).sum())
    monkeypatch.setattr(checks, "MOST_TOLD", 3)
    problems = [one for one in pg.find_problems(tmp_path / "towns") if one.column == "statement"]
    assert len(problems) == 4
    assert problems[3].what == f"{wrong - 3} more of its cells are wrong"
    assert problems[3].row is None


def test_very_many_cells_that_are_wrong_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MOST_TOLD", 3)
    monkeypatch.setattr(checks, "MOST_TOLD", 3)
    study = pg.read_study("smabystrategi")
    tables = {name: study.tables[name] for name in ("themes", "targets", "statements", "actors", "groups", "sources")}
    codings = study.codings.assign(code=None, kind=None, polarity="maybe").head(50)
    with pytest.raises(pg.StudyError) as raised:
        pg.build_study(**tables, questions=study.tables["questions"], codings=codings)
    told = [(one.row, one.column, one.what) for one in raised.value.problems]
    empty, wrong = "the code is empty and so is the kind", "'maybe' is none of for, against"
    assert told == [
        *((row, "polarity", wrong) for row in (2, 3, 4)), (None, "polarity", "47 more of its cells are wrong"),
        *((row, "kind", empty) for row in (2, 3, 4)), (None, "kind", "47 more of its cells are wrong"),
    ]  # fmt: skip


def test_two_rows_with_one_id_are_told_with_their_parts(folder: Path) -> None:
    whole = pq.read_table(folder / "statements.parquet")
    (folder / "statements.parquet").unlink()
    (folder / "statements.parquet").mkdir()
    for number, piece in enumerate((whole.slice(0, 90), pa.concat_tables([whole.slice(90), whole.slice(2, 1)]))):
        pq.write_table(piece, folder / "statements.parquet" / f"part-{number}.parquet")
    last = len(whole) - 90 + 1
    said = (
        rf"statements\.parquet/part-1\.parquet, row {last}, .* stands in row 3 of statements\.parquet/part-0\.parquet"
    )
    with pytest.raises(pg.StudyError, match=said):
        pg.read_study(folder)


def test_numbers_of_rows_are_as_short_as_they_may_be(folder: Path) -> None:
    study = pg.read_study(folder)
    assert study.codings["statement"].array.rows.dtype == np.int32
    assert study.codings["code"].cat.codes.dtype == np.int8
