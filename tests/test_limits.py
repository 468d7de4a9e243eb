"""Too little memory or room on a disk: the same bits within a limit, and below it an error, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import policygap as pg

LIMITED = """
import resource, sys
import duckdb, numpy, pandas, polars, pyarrow.parquet
import policygap as pg
from policygap import engines

engines.ROWS_AT_ONCE = 1000  # larger frames are streamed
engine, weight, megabytes, folder = sys.argv[1:]
if engine == "duckdb":
    frame = duckdb.connect(config={"threads": 2}).read_parquet(folder + "/*.parquet")
else:
    frame = polars.scan_parquet(folder + "/*.parquet")
held = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, [held + (int(megabytes) << 20)] * 2)
try:
    print(pg.cross_tabulate(frame, unit="number", weight=weight or None).to_numpy().tobytes().hex())
except pg.PolicyGapError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two million rows in two parts."""
    folder, size = tmp_path_factory.mktemp("evidence"), 1_000_000
    for part in range(2):
        number = np.random.default_rng(part).permutation(size)
        theme = pa.DictionaryArray.from_arrays(pa.array(number % 7), [f"t{place}" for place in range(7)])
        target = pa.DictionaryArray.from_arrays(pa.array(number % 3), ["X", "Y", "Z"])
        columns = {"theme": theme, "target": target, "number": number, "weight": (number % 5 + 1) / 3}
        speaker = [f"speaker {place} of part {part}" for place in range(100_000)] * 10
        pq.write_table(pa.table(columns | {"speaker": speaker}), folder / f"part-{part}.parquet")
    return folder


def run(engine: str, weight: str, megabytes: int, folder: Path) -> str:
    command = [sys.executable, "-c", LIMITED, engine, weight, str(megabytes), str(folder)]
    environment = os.environ | {"POLARS_MAX_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
@pytest.mark.parametrize(("engine", "weight", "megabytes"), [("duckdb", "weight", 400), ("polars", "", 1000)])
def test_a_hard_limit_of_memory_changes_no_bit(folder: Path, engine: str, weight: str, megabytes: int) -> None:
    expected = pg.cross_tabulate(pd.read_parquet(folder), unit="number", weight=weight or None)
    assert run(engine, weight, megabytes, folder) == expected.to_numpy().tobytes().hex()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
def test_a_hard_limit_that_is_too_low_ends_in_an_error_that_says_so(folder: Path) -> None:
    said = run("duckdb", "weight", 60, folder)
    assert said.startswith("frame: the engine could not read the frame (")
    assert said.endswith("give it more memory, or select fewer rows first")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("max_temp_directory_size = '1MB'", "offload"),
        ("temp_directory = '{file}'", "Not a directory|Cannot open|exists"),
        ("temp_directory = ''", "memory"),
    ],
    ids=["full", "not to be written", "none"],
)
def test_a_disk_that_duckdb_cannot_spill_to_ends_in_an_error(
    folder: Path, tmp_path: Path, setting: str, said: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    connection = duckdb.connect(
        config={"memory_limit": "60MB", "threads": 2, "temp_directory": str(tmp_path / "spill")}
    )
    connection.execute(f"set {setting.format(file=tmp_path / 'file')}")
    frame = connection.read_parquet(str(folder / "*.parquet"))
    with pytest.raises(pg.PolicyGapError, match=said) as raised:
        pg.cross_tabulate(frame)
    assert [problem.file for problem in raised.value.problems] == ["frame"]
    connection.execute("set memory_limit = '2GB'")
    assert pg.cross_tabulate(frame).equals(pg.cross_tabulate(pd.read_parquet(folder)))
