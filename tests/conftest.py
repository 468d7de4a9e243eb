"""What every test shares: hypothesis profiles, a plain terminal, the bundled study, a session of Spark."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import policygap as pg

# No profile has a deadline: the first example of a property pays for importing pandas. Another profile than the default
# is chosen with --hypothesis-profile.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
# A failure is all that a mutant has to give: to look for a smaller one takes minutes.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=100,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("local")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same width and lack of colour on every machine, whatever the shell that runs the tests says."""
    for name in ("CLICOLOR_FORCE", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def smabystrategi() -> pg.Study:
    """The bundled study, read once: it is frozen, so tests can share it."""
    import policygap as pg  # here, so that a fault in the package fails tests and not their collection

    return pg.read_study("smabystrategi")


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session of Spark with two threads, which tries twice what fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyspark has not caught up with pandas 3 and says so
        from pyspark.sql import SparkSession

        folder = str(tmp_path_factory.mktemp("spark"))
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        os.environ["PYSPARK_PYTHON"] = sys.executable  # else Spark's workers take another, which lacks the libraries
        session = (
            SparkSession.builder.master("local[2,2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.local.dir", folder)
            .config("spark.driver.memory", "1g")
            .config("spark.log.level", "OFF")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
    yield session
    session.stop()
