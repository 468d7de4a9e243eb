"""The pages come in; the report of the bundled study stands beside them, as ``report.html`` and ``report-nb.html``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from policygap import measure_robustness, read_study, write_report


def write_live_report(app: Sphinx, exception: Exception | None) -> None:
    """Write the page in both languages, once the other pages are done."""
    if exception is not None or app.builder.format != "html":
        return
    study = read_study("smabystrategi")
    tried = measure_robustness(study)
    for name, language in (("report", "en"), ("report-nb", "nb")):
        with tempfile.TemporaryDirectory() as folder:
            page = write_report(study, folder, language=language, formats=["html"], robustness=tried)[0]
            shutil.copy(page, Path(app.outdir) / f"{name}.html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write it when all else is built."""
    app.connect("build-finished", write_live_report)
    return {"parallel_read_safe": True}
