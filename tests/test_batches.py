"""Rules on record batches and partitions: the same codes whatever the cut, the kind of column, or the engine."""

from __future__ import annotations

import errno
import io
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policygap as pg
from policygap.cli import main
from policygap.rules import arrow, batches, files, sources, working
from policygap.rules.files import classify_file

RULES = pg.RuleSet(
    name="travel",
    rules=[
        pg.Rule("rail", any=["train*", "light rail"]),
        pg.Rule("bus", any=["*bus", "buses"], none=["no bus"]),
        pg.Rule("silent", none=["bus"]),
    ],
)
KINDS = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int8(), pa.large_string()),
]
WORDS = st.lists(st.sampled_from(["bus", "Minibus", "no bus", "trains", "light", "rail", "\n\n", "Ås", "bu-\ns"]))
TEXTS = st.lists(st.none() | WORDS.map(" ".join), max_size=12)


def as_kind(texts: list[str | None], kind: pa.DataType) -> pa.Array:
    plain = pa.array(texts, type=pa.string())
    return plain.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else plain.cast(kind)


def as_batch(texts: list[str | None], kind: pa.DataType = KINDS[0], first: int = 0) -> pa.RecordBatch:
    ids = pa.array(range(first, first + len(texts)), type=pa.int64())
    return pa.record_batch({"id": ids, "text": as_kind(texts, kind)})


def expected(texts: list[str | None]) -> list[dict[str, Any]]:
    found = RULES.classify(texts)
    return [{"id": row, "code": code} for row, code in zip(found["text"], found["code"], strict=True)]


def rows_of(found: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in found for row in batch.to_pylist()]


# -- record batches


@given(st.lists(TEXTS, max_size=5), st.sampled_from(KINDS), st.integers(1, 8))
def test_where_batches_end_never_matters(parts: list[list[str | None]], kind: pa.DataType, room: int) -> None:
    whole = [text for part in parts for text in part]
    given, first = [], 0
    for part in parts:
        given.append(as_batch(part, kind, first))
        first += len(part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_ROWS", room)
        assert rows_of(RULES.batches(keep="id")(iter(given))) == expected(whole)


@settings(max_examples=5)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(50, 5_000))
def test_many_texts_at_once_have_the_codes_of_few(parts: list[list[str | None]], size: int) -> None:
    texts = [text for part in parts for text in part] * 300  # often more than are read one by one
    whole = as_batch(texts)
    cut = [whole.slice(start, size) for start in range(0, len(texts), size)]
    assert rows_of(RULES.batches(keep="id")(cut)) == expected(texts)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("count", [1, 3_000])
def test_every_kind_of_text_is_read_and_kept_as_plain_text(kind: pa.DataType, count: int) -> None:
    texts = ["a bus", None, "trains", ""] * count
    batch = pa.record_batch({"text": as_kind(texts, kind), "who": as_kind(["ann", None, "bo", "cy"] * count, kind)})
    given = RULES.batches(keep=["who", "text"])
    found = pa.Table.from_batches(given([batch.slice(0, 3), batch.slice(3)]))
    assert found.schema == given.schema(batch.schema)
    assert {str(field.type) for field in found.schema} <= {"string", "large_string"}
    assert found.column("who").to_pylist() == ["ann", "bo", "bo", "cy"] * count
    assert found.column("code").to_pylist() == ["bus", "rail", "silent", "silent"] * count


def test_dictionaries_that_differ_from_batch_to_batch_are_one_column() -> None:
    one, other = (
        pa.record_batch({"text": pa.array([text]).dictionary_encode(), "id": pa.array([name]).dictionary_encode()})
        for text, name in (("bus", "x"), ("trains", "y"))
    )
    assert rows_of(RULES.batches(keep="id")([one, other])) == [
        {"id": "x", "code": "bus"},
        {"id": "y", "code": "rail"},
        {"id": "y", "code": "silent"},
    ]


def test_nothing_comes_of_nothing_and_an_empty_batch_still_tells_the_schema() -> None:
    assert list(RULES.batches()([])) == []
    (empty,) = RULES.batches(keep="id")([as_batch([])])
    assert (len(empty), empty.schema.names) == (0, ["id", "code"])


def test_rules_that_were_used_can_be_pickled_and_give_the_same() -> None:
    texts: list[str | None] = ["a bus", "trains"] * 1_500
    RULES.classify(texts)
    given = RULES.batches(keep="id")
    again = pickle.loads(pickle.dumps(given))
    assert again == given
    assert rows_of(again([as_batch(texts)])) == expected(texts)


def test_equal_rules_are_made_ready_once_a_process() -> None:
    copies = [pickle.loads(pickle.dumps(RULES.batches(keep="id"))) for _ in range(3)]
    batches.compile_rules.cache_clear()
    for copy in copies:
        rows_of(copy([as_batch(["bus"])]))
    assert batches.compile_rules.cache_info().misses == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text": "txt"}, "record batch 1: it has no column 'txt'; it has id, text; did you mean 'text'?"),
        ({"keep": "who"}, "record batch 1: it has no column 'who'; it has id, text; name one of these"),
        ({"text": "id"}, "column id: it holds int64, and no texts; there are id: int64, text: string"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_those_that_are(options: dict[str, Any], said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        rows_of(RULES.batches(**options)([as_batch(["bus"])]))
    assert said in str(error.value)


def test_a_batch_of_another_kind_than_the_first_is_named() -> None:
    other = pa.record_batch({"id": ["x"], "text": ["bus"]})
    with pytest.raises(pg.UsageError, match=r"record batch 3: its columns are of other kinds \(id: string"):
        rows_of(RULES.batches(keep="id")([as_batch(["bus"]), as_batch([]), other]))


@pytest.mark.parametrize("given", [[pd.DataFrame({"text": ["bus"]})], pa.table({"text": ["bus"]}), ["bus"]])
def test_what_is_no_record_batch_is_refused(given: Any) -> None:
    with pytest.raises(pg.UsageError, match="is no record batch"):
        rows_of(RULES.batches()(given))


@pytest.mark.parametrize("options", [{"keep": ["id", "id"]}, {"keep": "code"}, {"keep": [3]}, {"text": None}])
def test_columns_that_could_not_be_told_apart_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(pg.UsageError):
        RULES.batches(**options)


def test_two_columns_of_one_name_are_refused() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["bus"]), pa.array(["bus"])], names=["text", "text"])
    with pytest.raises(pg.UsageError, match="2 columns are called 'text'"):
        rows_of(RULES.batches()([batch]))


# -- engines


FRAME = pd.DataFrame(
    {
        "id": range(40),
        "speaker": [f"s{number % 7}" for number in range(40)],
        "group": ["town", "county", None, "firm"] * 10,
        "text": ["A minibus", "trains, no bus", None, "Light rail and buses"] * 10,
    }
)
KEEP = ["id", "speaker", "group"]


def local() -> pd.DataFrame:
    found = RULES.batches(keep=KEEP)(pa.Table.from_pandas(FRAME).to_batches())
    return pa.Table.from_batches(found).to_pandas()


def in_order(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(found[["id", "speaker", "group", "code"]].fillna("").itertuples(index=False, name=None))


def test_a_pandas_frame_has_the_same_codes_with_the_index_of_its_texts() -> None:
    found = RULES.batches(keep=KEEP).partition(FRAME.set_index(FRAME["id"] * 2))
    assert in_order(found) == in_order(local())
    assert list(found.index) == [2 * number for number in found["id"]]


def test_a_frame_that_can_not_be_read_is_told() -> None:
    with pytest.raises(pg.UsageError, match="frame: it has no column 'body'; it has id, speaker, group, text"):
        RULES.batches(text="body").partition(FRAME)
    with pytest.raises(pg.UsageError, match="frame, column id"):
        RULES.batches(text="id").partition(FRAME)


@pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")  # narwhals says where it will be
@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_dask_gives_the_same_codes_and_matrix(scheduler: str) -> None:
    dask = pytest.importorskip("dask")
    frames = pytest.importorskip("dask.dataframe")
    given = RULES.batches(keep=KEEP)
    frame = frames.from_pandas(FRAME, npartitions=3)
    coded = frame.map_partitions(given.partition, meta=given.meta(frame))
    with dask.config.set(scheduler=scheduler, num_workers=2):
        found = coded.compute()
        assert in_order(found) == in_order(local())
        assert found.dtypes.to_dict() == coded.dtypes.to_dict()
        cells = pg.cross_tabulate(coded, rows="code", columns="group", unit="speaker")
    pd.testing.assert_frame_equal(cells, pg.cross_tabulate(local(), rows="code", columns="group", unit="speaker"))


@pytest.mark.filterwarnings("ignore")  # what pyspark warns of is its own
def test_spark_gives_the_same_codes_and_matrix(spark_session: Any, tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "statements.parquet", index=False)
    frame = spark_session.read.parquet(str(tmp_path / "statements.parquet")).repartition(2)
    given = RULES.batches(keep=KEEP)
    assert given.ddl(frame) == "`id` bigint, `speaker` string, `group` string, `code` string"
    coded = frame.mapInArrow(given, given.ddl(frame))
    rows = sorted((row.id, row.speaker, row.group or "", row.code) for row in coded.collect())
    assert rows == in_order(local())
    cells = pg.cross_tabulate(coded, rows="code", columns="group", unit="speaker")
    pd.testing.assert_frame_equal(cells, pg.cross_tabulate(local(), rows="code", columns="group", unit="speaker"))


# -- files, with processes of their own


TEXTS_OF_PARTS = [["A minibus", None, "trains"], ["no bus", "Ås, light rail"], ["buses", "", "bus"], ["x"]] * 3


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Parquet parts, of which two rows are a piece; one piece is done before processes are started."""
    monkeypatch.setattr(sources, "_ROWS", 2)
    monkeypatch.setattr(files, "_FEW", 1)
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, texts in enumerate(TEXTS_OF_PARTS):
        pq.write_table(pa.table({"who": [f"w{number}"] * len(texts), "text": texts}), folder / f"p{number:02}.parquet")
    return folder


def in_whole(parts: Path, out: Path) -> bytes:
    classify_file(RULES, parts, out, id="who")
    return out.read_bytes()


@pytest.mark.parametrize(("ending", "apart"), [("csv", False), ("parquet", False), ("parquet", True)])
def test_any_number_of_workers_writes_the_same_bytes(parts: Path, tmp_path: Path, ending: str, apart: bool) -> None:
    told: list[list[tuple[int, int]]] = []
    for workers in (1, 2):
        told.append([])
        out = tmp_path / f"{workers}.{ending}"
        progress = lambda done, size: told[-1].append((done, size))  # noqa: E731  # short
        done = classify_file(RULES, parts, out, id="who", workers=workers, apart=apart, progress=progress)
        assert (done.rows, done.coded, done.codes) == (27, 21, 33)
    assert told[0] == told[1]
    assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()


@pytest.mark.parametrize("work", [working.work_in_threads, working.work_in_processes])
def test_only_some_pieces_are_held_at_a_time(work: Any) -> None:
    taken = given = 0

    def pieces() -> Iterator[tuple[str, int]]:
        nonlocal taken
        for number in range(40):
            taken += 1
            yield str(number), number

    for _ in work(abs, pieces(), workers=2):
        given += 1
        assert taken - given <= 2 + 2
    assert given == 40


@pytest.mark.parametrize("work", [working.work_in_threads, working.work_in_processes])
def test_the_pieces_come_in_their_order(work: Any) -> None:
    given = ((str(number), -number) for number in range(30))
    assert list(work(abs, given, workers=2)) == list(range(30))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system ends processes in another way")
def test_a_worker_that_is_killed_is_told_with_its_part_and_nothing_is_written(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = in_whole(parts, tmp_path / "whole.csv")
    out = tmp_path / "out.csv"
    out.write_text("what was there before")
    before = sorted(tmp_path.iterdir())
    # Each piece is sent, and the first that is done is followed by the end of a process.
    monkeypatch.setattr(working, "_is_awake", lambda _: True)

    def kill(_done: int, _size: int) -> None:
        for child in multiprocessing.active_children()[:1]:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join()

    with pytest.raises(pg.UsageError, match=r"p\d\d\.parquet, texts .*: a worker process ended before it was done"):
        classify_file(RULES, parts, out, id="who", workers=2, apart=True, progress=kill)
    assert out.read_text() == "what was there before"
    assert sorted(tmp_path.iterdir()) == before
    classify_file(RULES, parts, out, id="who", workers=2, apart=True)
    assert out.read_bytes() == whole


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def rename_column(path: Path) -> None:
    pq.write_table(pq.read_table(path).rename_columns(["who", "body"]), path)


def change_kind(path: Path) -> None:
    pq.write_table(pa.table({"who": ["x"], "text": [3]}), path)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("late", [False, True], ids=["at the start", "while it runs"])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "it is no Parquet file that can be read"),
        (Path.unlink, "it can't be read or written: no such file"),
        (rename_column, "there is no column 'text'"),
        (change_kind, "column text: it holds int64, and no texts"),
    ],
)
def test_a_part_that_is_not_like_the_others_is_named_and_nothing_is_written(  # noqa: PLR0917
    damage: Any, said: str, late: bool, workers: int, parts: Path, tmp_path: Path
) -> None:
    if damage is Path.unlink and not late:
        return  # then it is no part at all
    whole, bad, out = in_whole(parts, tmp_path / "whole.parquet"), parts / "p06.parquet", tmp_path / "out.parquet"
    good = bad.read_bytes()

    def once(_done: int, _size: int) -> None:
        if late and bad.exists() and bad.read_bytes() == good:
            damage(bad)

    if not late:
        damage(bad)
    with pytest.raises(pg.UsageError) as error:
        classify_file(RULES, parts, out, column="text", id="who", workers=workers, progress=once)
    assert [Path(problem.file or "").name for problem in error.value.problems] == ["p06.parquet"]
    assert said in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts", "whole.parquet"]
    bad.write_bytes(good)
    assert in_whole(parts, out) == whole


def test_letters_that_are_none_are_told_with_their_part(parts: Path, tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"who": ["x"], "text": bad}), parts / "p05.parquet")
    with pytest.raises(pg.UsageError, match=r"p05\.parquet: it is no Parquet file that can be read"):
        classify_file(RULES, parts, tmp_path / "out.csv", id="who")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_csv_needs_no_pyarrow(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in.csv"
    source.write_text("who,text\n" + "ann,a bus\n,trains\nbo,\n" * 9, encoding="utf-8")
    whole = in_whole(source, tmp_path / "with.csv")
    monkeypatch.setattr(sources, "_ROWS", 4)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = classify_file(RULES, source, tmp_path / "without.csv", id="who", workers=workers)
    assert (done.rows, done.coded, done.codes) == (27, 18, 27)
    assert (tmp_path / "without.csv").read_bytes() == whole


def test_half_a_character_does_not_stop_the_rest() -> None:
    # No file of Arrow holds one, so such texts go as Python has them.
    made = arrow.to_batch({"text": ["a bus \ud800", "trains"], "who": ["ann", "bo"]})
    found = RULES.batches(keep="who").partition(made)
    assert found.values.tolist() == [["ann", "bus"], ["bo", "rail"], ["bo", "silent"]]


class FullDisk(io.FileIO):
    """A file on a disk with room for so many bytes."""

    room = 0

    def write(self, data: Any) -> int:
        FullDisk.room -= memoryview(data).nbytes
        if FullDisk.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("room", [0, 150])
def test_a_full_disk_is_told_with_the_file_and_nothing_is_left(  # noqa: PLR0917
    room: int, ending: str, workers: int, parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = in_whole(parts, tmp_path / f"whole.{ending}"), tmp_path / f"out.{ending}"
    before = sorted(tmp_path.iterdir())
    plain = Path.open

    def opened(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        return FullDisk(path, "xb") if mode == "xb" else plain(path, mode, *rest, **options)

    FullDisk.room = room
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises(pg.UsageError, match=rf"out\.{ending}: .*no space left on device"):
            classify_file(RULES, parts, out, id="who", workers=workers)
    assert sorted(tmp_path.iterdir()) == before
    assert in_whole(parts, out) == whole


def test_the_command_takes_a_number_of_workers(parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pg.write_rules(RULES, tmp_path / "rules.toml")
    command = ["classify", str(tmp_path / "rules.toml"), str(parts), "-o", str(tmp_path / "o.csv"), "--id", "who"]
    assert main([*command, "--workers", "2", "--processes"]) == 0
    assert (tmp_path / "o.csv").read_bytes() == in_whole(parts, tmp_path / "whole.csv")
    assert main([*command, "--workers", "0"]) == 2
    assert "workers" in capsys.readouterr().err
